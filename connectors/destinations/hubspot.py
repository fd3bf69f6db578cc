"""HubSpot: properties of contacts by batch upsert.

Path and shapes are those of HubSpot's published API collection (2026-08). The 100 contacts of a
request are what connectors use; the rates are those of private apps on the smallest plans. Not
verified: whether the errors of an upsert name the trace id or the identifier of a contact (both are
read; an error that names neither is found by halving), and whether contacts known by e-mail address
are taken one by one or all together. HubSpot's timeline events need an app of one's own, so events
are not sent; neither are lists, which want HubSpot's own record ids.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any, cast

from httpx import Request, Response
from pydantic import Field, SecretStr

from connectors.base import Destination, HttpOptions, Rate, delivers
from connectors.destinations.guards import distinct, identified, unreserved
from connectors.errors import ConnectorError, Misconfigured, Refused
from connectors.http import dig, mask, read
from connectors.types import Batch, Change, Identify, Person, Receipt, Value

UPSERT = "/crm/v3/objects/contacts/batch/upsert"
CONTACTS = "/crm/v3/objects/contacts"
NO_PROPERTY = "PROPERTY_DOESNT_EXIST"


class HubspotOptions(HttpOptions):
    """A private app's token with the scopes crm.objects.contacts.read and .write."""

    base_url: str = Field("https://api.hubapi.com", description="Where HubSpot's API is.")
    access_token: SecretStr = Field(
        description="The token of a private app that may read and write contacts."
    )
    id_property: str = Field(
        "email",
        pattern=r"^[a-z][a-z0-9_]*$",
        description="By which property contacts are known: email, or a unique property of yours "
        "that holds our id.",
    )
    rates: tuple[Rate, ...] = Field(
        (Rate(100, 10), Rate(250_000, 86_400)),
        description="The most requests (calls) in so many seconds; on Pro and Enterprise plans a "
        "private app has 190 in 10 and 650,000 or 1,000,000 a day.",
    )


class Hubspot(Destination[HubspotOptions]):
    """Contacts of one HubSpot account; unknown ones are made.

    HubSpot takes every value as a text, and an empty text clears. A property must have been made
    in HubSpot before it can be set.
    """

    options_class = HubspotOptions
    #: HubSpot's own properties, among them those of consent and legal basis, and the identity.
    reserved = frozenset({"email", "hs_*", "hs_email_optout", "hs_legal_basis"})

    def limits(self) -> tuple[Rate, ...]:
        """The rates of the plan."""
        return self.options.rates

    def authorize(self, request: Request) -> Request:
        """Add the token."""
        token = self.options.access_token.get_secret_value()
        request.headers["Authorization"] = f"Bearer {token}"
        return request

    def failure(self, response: Response) -> ConnectorError:
        """A property that HubSpot does not have fails every contact alike."""
        error = super().failure(response)
        return _unknown(error) if NO_PROPERTY in response.text else error

    async def check(self) -> None:
        """Read one contact, which shows the token and the account, but not the right to write."""
        await self.call("GET", CONTACTS, params={"limit": "1"})

    def wire(self, change: Change) -> Mapping[str, Any]:
        """An input of the upsert. Its trace id is our change id, by which outcomes are told."""
        properties = change.properties if isinstance(change, Identify) else {}
        return {
            "idProperty": self.options.id_property,
            "id": self._id(change.person),
            "objectWriteTraceId": change.id,
            "properties": {name: text(value) for name, value in properties.items()},
        }

    @delivers(Identify, size=100)
    async def identify(self, batch: Batch[Identify]) -> Receipt:
        """Create or update contacts; 207 means that some of them failed."""
        identified(batch, "email" if self._by_email else "external_id")
        distinct(batch, lambda person: self._id(person).casefold())
        unreserved(batch, self)
        if any(self.options.id_property in change.properties for change in batch):
            raise Misconfigured(
                f"{self.options.id_property} is the property by which HubSpot knows contacts; "
                "give ours another name"
            )
        inputs = [self.wire(change) for change in batch]
        return self._receipt(batch, await self.call("POST", UPSERT, json={"inputs": inputs}))

    def by_address(self) -> bool:
        """As the option says."""
        return self._by_email

    @property
    def _by_email(self) -> bool:
        return self.options.id_property == "email"

    def _id(self, person: Person) -> str:
        return (person.email or "") if self._by_email else person.id

    def _receipt(self, batch: Batch[Identify], response: Response) -> Receipt:
        if dig(response, "status") != "COMPLETE":
            return batch.delivered(unsure={c.id: "HubSpot has not finished it" for c in batch})
        errors = read(response).get("errors") or []
        if NO_PROPERTY in str(errors):
            told = Misconfigured(f"{UPSERT} answered {response.status_code}", maybe_applied=True)
            raise _unknown(told)
        ours = {name: c.id for c in batch for name in (c.id, self._id(c.person).casefold())}
        rejected: dict[str, str] = {}
        for error in errors:
            named = {ours[name] for name in _named(error) if name in ours}
            if len(batch) == 1:
                named = {batch.changes[0].id}
            if not named:
                # to upsert again does no harm: halving finds whom it means
                nobody = f"HubSpot does not say whom it means: {_why(error, self)}"
                raise Refused(nobody, maybe_applied=True)
            rejected.update(dict.fromkeys(named, _why(error, self)))
        done = len(dig(response, "results"))
        rest = [change.id for change in batch if change.id not in rejected]
        if done == len(rest):
            return batch.delivered(rejected)
        doubt = f"HubSpot tells of {done} contacts and {len(rest)} were sent"
        return batch.delivered(rejected, unsure=dict.fromkeys(rest, doubt))


def text(value: Value) -> str:
    """A value as HubSpot takes it: "" clears, numbers without exponent, moments as ISO 8601."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        digits = format(Decimal(repr(value)), "f")
        return digits if "." in digits else f"{digits}.0"
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
    return value.isoformat() if isinstance(value, date) else str(value)


def _named(error: Mapping[str, Any]) -> Iterator[str]:
    """Every text of an error's context: trace ids and identifiers stand there in lists."""
    context = error.get("context")
    for values in cast("dict[str, object]", context).values() if isinstance(context, dict) else ():
        for value in cast("list[object]", values) if isinstance(values, list) else (values,):
            yield str(value)
            yield str(value).casefold()


def _why(error: Mapping[str, Any], destination: Hubspot) -> str:
    told = error.get("message") or error.get("category") or "no reason was given"
    return mask(str(told), destination.secrets())


def _unknown(error: ConnectorError) -> Misconfigured:
    return Misconfigured(
        f"HubSpot lacks a property that is sent: make it under Settings, Properties; {error}",
        maybe_applied=error.maybe_applied,
    )
