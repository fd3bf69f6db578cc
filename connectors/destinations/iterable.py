"""Iterable: properties by users/bulkUpdate, events by events/trackBulk, static lists on request.

Shapes and rates are those of Iterable's published API description (1.8, 2026-03). It names no
count of users or events for one request; 1,000 is what other connectors use. What somebody agreed
to receive is never touched, and a request carries one identifier, as the description asks.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Any
from urllib.parse import quote

from httpx import URL, Request, Response
from pydantic import Field, SecretStr

from connectors.base import Destination, Rate, SharedOptions, delivers
from connectors.destinations import iterable_answers as answers
from connectors.destinations import iterable_lists as lists
from connectors.destinations.guards import (
    Identifier,
    audience_of,
    distinct,
    identified,
    identify,
    refuse_backfill,
    unreserved,
)
from connectors.destinations.limits import Limits
from connectors.errors import ConnectorError
from connectors.http import Rejection, only
from connectors.types import (
    Audience,
    Batch,
    Change,
    Enter,
    Exit,
    Identify,
    Person,
    Receipt,
    Track,
    Value,
)

USERS = "/api/users/bulkUpdate"
EVENTS = "/api/events/trackBulk"
FIELDS = "/api/users/getFields"
USER = "/api/users/"

#: Hosts that only a look-alike has.
HERE = frozenset({"localhost", "127.0.0.1", "::1"})

RECORD = Limits("Iterable", ids=52)


class IterableOptions(SharedOptions):
    """A server-side key of one project, which lives in one data centre (US or EU)."""

    base_url: str = Field(
        "https://api.iterable.com",
        description="Where Iterable's API is; https://api.eu.iterable.com for projects in the EU.",
    )
    api_key: SecretStr = Field(description="A server-side API key of the project.")
    identifier: Identifier = Field(
        "auto",
        description="Know people by email, by our id as userId (external_id), or by email where "
        "known. A userID-based project needs external_id, an email-based one email or auto.",
    )
    create_new_fields: bool | None = Field(
        None, description="Let unknown fields be created; left out, the project's setting decides."
    )
    seconds_before_events: float | None = Field(
        None,
        ge=0,
        description="How long after users were updated their events follow. Left out: the 60 that "
        "Iterable asks for between calls that depend on each other; 0 with a base_url on this "
        "machine, where nothing is worked off later.",
    )


class Iterable(Destination[IterableOptions]):
    """Users and events of one Iterable project.

    The type of a field is set by its first value and can never change: floats are sent as floats,
    whole numbers as such, dates as ``yyyy-MM-dd HH:mm:ss +00:00``. What a null does to a stored
    value is not documented; a property without a value is sent as null, as the one value that
    cannot give a field a wrong type.
    """

    options_class = IterableOptions
    #: Fields of a user that hold identity or subscriptions.
    reserved = frozenset(
        {
            "email",
            "userid",
            "emaillistids",
            "subscribedmessagetypeids",
            "unsubscribedchannelids",
            "unsubscribedmessagetypeids",
        }
    )
    rates = (Rate(5, 1, USERS), Rate(10, 1, EVENTS), Rate(3, 1, FIELDS), *lists.RATES)
    # no call reads several users; lists and exports do not give fields by user
    reads = 1
    read_rates = (Rate(100, 1, USER, ("GET",)),)

    def authorize(self, request: Request) -> Request:
        """Add the key, as a header: in the query it would be logged and throttled harder."""
        request.headers["Api-Key"] = self.options.api_key.get_secret_value()
        return request

    def failure(self, response: Response) -> ConnectorError:
        """By the HTTP status first: answers that failed can bear the code "Success"."""
        return answers.failure(super().failure(response))

    def seconds_until_visible(self) -> float:
        """Bulk and event calls are worked off apart from each other: a minute lies between them."""
        given = self.options.seconds_before_events
        if given is not None:
            return given
        return 0.0 if URL(self.options.base_url).host in HERE else 60.0

    async def check(self) -> None:
        """Read the names and types of the project's user fields, which changes nothing."""
        await self.call("GET", FIELDS)

    def wire(self, change: Change) -> Mapping[str, Any]:
        """A user of a bulk update, or an event."""
        if isinstance(change, Identify):
            return self._user(change)
        if isinstance(change, Track):
            return self._event(change)
        return self._who(change.person)

    @delivers(Identify, size=1_000, bytes=4_000_000)
    async def identify(self, batch: Batch[Identify]) -> Receipt:
        """Create or update users. Failures come as lists of identifiers and are read by them."""
        identified(batch, self.options.identifier)
        RECORD.within(batch, self.options.identifier, self.wire)
        distinct(batch, self._key)
        unreserved(batch, self)
        body: dict[str, Any] = {"users": [self._user(change) for change in batch]}
        if self.options.create_new_fields is not None:
            body["createNewFields"] = self.options.create_new_fields
        return answers.receipt(batch, await self._post(USERS, body), self._key)

    @delivers(Track, size=1_000, bytes=4_000_000)
    async def track(self, batch: Batch[Track]) -> Receipt:
        """Record events, each with its change id as ``id``: a repeat updates the first.

        Iterable cannot record an event without starting the journeys that wait for it, so an
        event marked ``backfill`` is rejected.
        """
        identified(batch, self.options.identifier)
        refuse_backfill(batch, "Iterable")
        RECORD.within(batch, self.options.identifier, self.wire)
        body = {"events": [self._event(change) for change in batch]}
        return answers.receipt(batch, await self._post(EVENTS, body), self._key)

    async def find(self, name: str) -> Audience | None:
        """Find the list of that name."""
        return lists.oldest(await self.call("GET", lists.LISTS), name)

    async def ensure(self, name: str) -> Audience:
        """Find the list of that name, or make it."""
        found = await self.find(name)
        if found is not None:
            return found
        return lists.made(await self._post(lists.LISTS, {"name": name}), name)

    @delivers(Enter, size=1_000, bytes=4_000_000)
    async def enter(self, batch: Batch[Enter]) -> Receipt:
        """Put users on a list. Iterable makes those whom it does not know."""
        return answers.receipt(batch, await self._members(lists.PUT_ON, batch), self._key)

    @delivers(Exit, size=1_000, bytes=4_000_000)
    async def leave(self, batch: Batch[Exit]) -> Receipt:
        """Take users off a list; who is not found there has left it."""
        response = await self._members(lists.TAKE_OFF, batch)
        return answers.receipt(batch, response, self._key, none_is_done=True)

    async def _members(self, path: str, batch: Batch[Any]) -> Response:
        identified(batch, self.options.identifier)
        RECORD.within(batch, self.options.identifier, self.wire)
        distinct(batch, self._key)
        users = [self._who(change.person) for change in batch]
        return await self._post(path, lists.body(audience_of(batch), users))

    async def read(
        self, people: Sequence[Person], names: Sequence[str]
    ) -> Mapping[str, Mapping[str, object]]:
        """Read one user after the other; the identifier stands in the path."""
        known: dict[str, Mapping[str, object]] = {}
        for person in people:
            if identify(person, self.options.identifier) is None:
                continue
            who = self._who(person)
            value = quote(next(iter(who.values())), safe="")
            path = f"{USER}{value}" if "email" in who else f"{USER}byUserId/{value}"
            response = await self.call("GET", path, accept=(400, 500))
            fields = answers.fields(response)
            if fields is not None:
                held = {name: fields[name] for name in names if fields.get(name) is not None}
                known[person.id] = held
            elif not answers.is_unknown(response):
                raise self.failure(response)
        return known

    async def _post(self, path: str, body: object) -> Response:
        try:
            return only(await self.call("POST", path, json=body), 200)
        except Rejection as refusal:
            raise answers.explained(refusal) from refusal

    def _key(self, person: Person) -> str:
        field, value = identify(person, self.options.identifier) or ("external_id", "")
        return answers.email_key(value) if field == "email" else answers.user_key(value)

    def _who(self, person: Person) -> dict[str, Any]:
        field, value = identify(person, self.options.identifier) or ("external_id", "")
        return {"email": value} if field == "email" else {"userId": value}

    def _user(self, change: Identify) -> dict[str, Any]:
        user = self._who(change.person)
        if "userId" in user:
            # without it an email-based project refuses a userId that it does not know
            user["preferUserId"] = True
        fields = {name: typed(value) for name, value in change.standing().items()}
        return {**user, "dataFields": fields}

    def _event(self, change: Track) -> dict[str, Any]:
        fields = {name: typed(v) for name, v in change.properties.items() if v is not None}
        return {
            **self._who(change.person),
            "eventName": change.name,
            "id": change.id,
            "createdAt": int(change.occurred_at.timestamp()),
            "dataFields": fields,
        }


def typed(value: Value) -> Value:
    """A value as Iterable reads its type: days and moments as ``yyyy-MM-dd HH:mm:ss +00:00``."""
    if isinstance(value, datetime):
        return f"{value.astimezone(UTC):%Y-%m-%d %H:%M:%S} +00:00"
    if isinstance(value, date):
        return f"{value.isoformat()} 00:00:00 +00:00"
    return value
