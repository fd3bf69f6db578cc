"""Mailchimp: merge fields of the members of one audience, by its batch call.

The 500 members of a request are documented, and that there is no rate but ten connections at once
(the engine has four) and an answer within 120 seconds; an overload can be a bare 403. A member's
status is consent and is never sent, so that nobody is made and nobody changes: who is no member of
the audience is refused by name. Not verified: that a batch without a status leaves existing members
as they are (clients report so), what becomes of a merge field that the audience does not have, and
in which form dates are taken (ISO 8601 is sent). Tags are not touched.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Any

from httpx import AsyncBaseTransport, Request, Response
from pydantic import Field, SecretStr

from connectors.base import Destination, HttpOptions, delivers
from connectors.destinations.guards import distinct, identified, unreserved
from connectors.errors import ConnectorError, Unavailable
from connectors.http import dig, mask
from connectors.types import Batch, Change, Identify, Person, Receipt, Value

#: Seconds within which Mailchimp answers, and a few more.
PATIENCE = 125.0


class MailchimpOptions(HttpOptions):
    """An API key and the audience that it shall write to."""

    base_url: str = Field(
        description="The API in your key's data centre: https://us6.api.mailchimp.com for a key "
        "that ends with -us6."
    )
    api_key: SecretStr = Field(description="An API key of the account.")
    audience: str = Field(
        pattern=r"^[A-Za-z0-9]+$", description="The id of the audience (the list) of members."
    )


class Mailchimp(Destination[MailchimpOptions]):
    """Members of one Mailchimp audience; nobody is added to it.

    A property is a merge field of the audience, known by its tag, so give each a tag by ``rename``.
    An empty text clears. Yes and no are sent as texts, as there is no field for them.
    """

    options_class = MailchimpOptions
    #: The merge field of identity, and a member's fields of consent.
    reserved = frozenset({"email", "email_address", "marketing_permissions", "status", "interests"})

    def __init__(self, options: MailchimpOptions, *, transport: AsyncBaseTransport) -> None:
        super().__init__(options, transport=transport)
        self.client.timeout = PATIENCE

    def authorize(self, request: Request) -> Request:
        """Add the key; any user name does."""
        request.headers["Authorization"] = f"Basic {self._basic()}"
        return request

    def secrets(self) -> tuple[str, ...]:
        """The key, and the form in which it is sent."""
        return (*super().secrets(), self._basic())

    def failure(self, response: Response) -> ConnectorError:
        """A 403 in Mailchimp's words is a missing right; a bare one comes from an overload."""
        error = super().failure(response)
        if response.status_code == 403 and not response.text.lstrip().startswith("{"):
            return Unavailable(f"Mailchimp seems to have too much to do: {error}")
        return error

    async def check(self) -> None:
        """Read the audience's name, which shows that the key and the audience are right."""
        await self.call("GET", self._path, params={"fields": "id,name"})

    def by_address(self) -> bool:
        """Mailchimp knows nothing else."""
        return True

    def wire(self, change: Change) -> Mapping[str, Any]:
        """A member of the batch, without a status."""
        properties = change.properties if isinstance(change, Identify) else {}
        fields = {name: field(value) for name, value in properties.items()}
        return {"email_address": change.person.email or "", "merge_fields": fields}

    @delivers(Identify, size=500)
    async def identify(self, batch: Batch[Identify]) -> Receipt:
        """Update members. Who was updated and who failed is told by e-mail address."""
        identified(batch, "email")
        distinct(batch, _key)
        unreserved(batch, self)
        body = {"members": [self.wire(change) for change in batch], "update_existing": True}
        response = await self.call("POST", self._path, json=body)
        failed = {_fold(one.get("email_address")): one for one in dig(response, "errors")}
        done = {
            _fold(one.get("email_address"))
            for part in ("updated_members", "new_members")
            for one in dig(response, part)
        }
        rejected = {
            c.id: self._why(failed[_key(c.person)]) for c in batch if _key(c.person) in failed
        }
        unsure = {
            c.id: "Mailchimp tells neither that it was updated nor that it failed"
            for c in batch
            if c.id not in rejected and _key(c.person) not in done
        }
        return batch.delivered(rejected, unsure)

    @property
    def _path(self) -> str:
        return f"/3.0/lists/{self.options.audience}"

    def _basic(self) -> str:
        key = self.options.api_key.get_secret_value()
        return base64.b64encode(f"tidesman:{key}".encode()).decode()

    def _why(self, error: Mapping[str, Any]) -> str:
        told = error.get("error") or error.get("error_code") or "no reason was given"
        return mask(str(told), self.secrets())


def field(value: Value) -> str | int | float:
    """A value as a merge field holds it."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat()
    return value.isoformat() if isinstance(value, date) else value


def _key(person: Person) -> str:
    return _fold(person.email)


def _fold(address: object) -> str:
    return str(address or "").strip().casefold()
