"""Braze: attributes and events by users/track.

Braze publishes no current machine-readable description of its API; limits and shapes are those of
its documentation pages as of autumn 2026. They depend on the contract, so batch size and rates are
options. Consent (``email_subscribe``, ``push_subscribe``, subscription groups) is never written.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from httpx import Request, Response
from pydantic import Field, SecretStr

from connectors import http
from connectors.base import Delivery, Destination, Rate, SharedOptions, delivers
from connectors.destinations import braze_answers as answers
from connectors.destinations.guards import (
    Identifier,
    identified,
    identify,
    refuse_backfill,
    unreserved,
)
from connectors.destinations.limits import Limits
from connectors.errors import ConnectorError, Misconfigured, Refused, Unavailable
from connectors.http import Rejection
from connectors.types import (
    Batch,
    Change,
    Identify,
    Outcome,
    Person,
    Receipt,
    Rejected,
    Track,
)

TRACK = "/users/track"
EXPORT = "/users/export/ids"

PROFILE = Limits("Braze", ids_bytes=987, names=255, texts=255)
EVENT = Limits("Braze", ids_bytes=987, properties=256)

#: Braze queues what it takes, and never tells which users it knew.
UNCONFIRMED = (
    "Braze updates only users that it knows, and does not tell whom it passed over; "
    "look_up_users: true asks it first"
)
UNKNOWN = "Braze does not know this user; update_existing_only: false would create him"


class BrazeOptions(SharedOptions):
    """A REST key with the permission users.track, on the instance that it belongs to."""

    base_url: str = Field(
        description="The REST endpoint of your instance, such as https://rest.iad-03.braze.com."
    )
    api_key: SecretStr = Field(description="A REST API key with the permission users.track.")
    identifier: Identifier = Field(
        "external_id",
        description="Know people by our id as external_id, by email, or by email where known.",
    )
    update_existing_only: bool = Field(
        True, description="Never create a user; one that Braze does not know is passed over."
    )
    look_up_users: bool = Field(
        False,
        description="Ask Braze whether it knows a user before he is first sent; who is unknown is "
        "rejected by name. Needs the permission users.export.ids; 50 users a request by our id, "
        "one by e-mail.",
    )
    batch_size: int = Field(75, ge=1, le=225, description="The most objects of one request.")
    rates: tuple[Rate, ...] = Field(
        (Rate(3_000, 3),),
        description="The most requests (calls) in so many seconds, as your contract has them.",
    )
    exports_per_minute: int = Field(
        250,
        ge=1,
        description="The most requests a minute of users/export/ids, by which reconcile reads: "
        "250, or 2,500 for customers from before 2024-08-22. Needs the permission users.export.ids",
    )


class Braze(Destination[BrazeOptions]):
    """Users and events of one Braze workspace.

    A success means that Braze has queued valid objects; it never tells what became of them. A user
    that it does not know is passed over in silence unless ``update_existing_only`` is off, or
    ``look_up_users`` asks first. Braze asks for up to 5 minutes between calls that depend on each
    other: whatever an event starts may still see the attributes of before. What an event says
    stands in its own properties; only a message that reads attributes should wait so long.
    """

    options_class = BrazeOptions
    #: Attributes that hold consent, identity, or change the meaning of the object.
    reserved = frozenset(
        {
            "_merge_objects",
            "_update_existing_only",
            "braze_id",
            "email",
            "email_subscribe",
            "external_id",
            "phone",
            "push_subscribe",
            "push_token_import",
            "push_tokens",
            "subscription_group_id",
            "subscription_groups",
            "subscription_state",
            "user_alias",
        }
    )

    reads = 50

    def limits(self) -> tuple[Rate, ...]:
        """The rates of the contract."""
        return self.spared(self.options.rates)

    def read_limits(self) -> tuple[Rate, ...]:
        """That of the export, by when the customer came."""
        return self.spared((Rate(self.options.exports_per_minute, 60, EXPORT),))

    def data_points(self, change: Change) -> int | None:
        """Each attribute that is set and each event is one, by contracts that bill them."""
        return len(self._news(change)) if isinstance(change, Identify) else 1

    def unconfirmed(self, kind: type[Change]) -> str | None:  # noqa: ARG002 - of both kinds
        """Whether a user is there is known only if he is created or was looked up."""
        o = self.options
        return UNCONFIRMED if o.update_existing_only and not o.look_up_users else None

    def delivery(self, kind: type[Change]) -> Delivery | None:
        """As declared, with the batch size of the contract."""
        declared = super().delivery(kind)
        return declared and replace(declared, size=self.options.batch_size)

    def authorize(self, request: Request) -> Request:
        """Add the key; Braze takes it in the header only."""
        key = self.options.api_key.get_secret_value()
        request.headers["Authorization"] = f"Bearer {key}"
        return request

    def failure(self, response: Response) -> ConnectorError:
        """A 429 tells the wait in Braze's own headers."""
        return http.failure(response, wait=answers.patience, secrets=self.secrets())

    async def check(self) -> None:
        """Send no object at all: a right key gets a 400 for it, a wrong one a 401.

        Reading a user would be as harmless, but asks for the permission users.export.ids, which
        delivery does not need; this asks for users.track, which it does.
        """
        await self.call("POST", TRACK, json={"attributes": []}, accept=(400,))
        if self.options.look_up_users:
            nobody = {"external_ids": [], "fields_to_export": ["external_id"]}
            await self.call("POST", EXPORT, json=nobody, accept=(400,))

    def wire(self, change: Change) -> Mapping[str, Any]:
        """An attributes object or an event object."""
        if isinstance(change, Identify):
            return {**self._news(change), **self._who(change)}
        if isinstance(change, Track):
            return self._event(change)
        return super().wire(change)

    @delivers(Identify, size=75, bytes=4_000_000)
    async def identify(self, batch: Batch[Identify]) -> Receipt:
        """Set attributes: only those that changed, since each one set may be billed.

        An attribute without a value is sent as null, which removes it. Who has nothing new is
        not sent, and counts as delivered.
        """
        identified(batch, self.options.identifier)
        unreserved(batch, self)
        PROFILE.within(batch, self.options.identifier, self.wire)
        await self._refuse_unknown(batch)
        news = {change.id: self._news(change) for change in batch}
        sent = Batch(tuple(change for change in batch if news[change.id]))
        if not len(sent):
            return batch.delivered()
        objects = [{**news[change.id], **self._who(change)} for change in sent]
        told = await self._track("attributes", sent, objects)
        return Receipt({**batch.delivered().outcomes, **told.outcomes})

    @delivers(Track, size=75, bytes=4_000_000, idempotent=False)
    async def track(self, batch: Batch[Track]) -> Receipt:
        """Record events. Braze knows no id of an event: what is sent twice is counted twice.

        It cannot record an event without triggering what waits for it, so an event marked
        ``backfill`` is rejected.
        """
        identified(batch, self.options.identifier)
        refuse_backfill(batch, "Braze")
        EVENT.within(batch, self.options.identifier, self.wire)
        return await self._track("events", batch, [self._event(change) for change in batch])

    async def read(
        self, people: Sequence[Person], names: Sequence[str]
    ) -> Mapping[str, Mapping[str, object]]:
        """Export users: up to 50 by external_id in one request, by e-mail address one a request."""
        known: dict[str, Mapping[str, object]] = {}
        ids: list[str] = []
        for person in people:
            who = identify(person, self.options.identifier)
            if who is not None and who[0] == "email":
                users = await self._export({"email_address": who[1]})
                # of several who bear an address, one with an external_id is written
                users.sort(key=lambda user: user.get("external_id") is None)
                if users:
                    known[person.id] = answers.ours(users[0], names)
            elif who is not None:
                ids.append(person.id)
        users = await self._export({"external_ids": ids}) if ids else []
        wanted = set(ids)
        named = {str(user.get("external_id")): answers.ours(user, names) for user in users}
        return known | {name: held for name, held in named.items() if name in wanted}

    async def _export(self, who: Mapping[str, object]) -> list[dict[str, Any]]:
        fields = {"fields_to_export": ["external_id", "custom_attributes"]}
        return answers.users(await self.call("POST", EXPORT, json={**who, **fields}))

    async def _refuse_unknown(self, batch: Batch[Identify]) -> None:
        """Raise Refused, naming those whom Braze does not know, if it shall be asked."""
        if not (self.options.look_up_users and self.options.update_existing_only):
            return
        asked = [change for change in batch if change.known is None]
        there = await self._known([change.person for change in asked])
        unknown: dict[str, Outcome] = {
            change.id: Rejected(UNKNOWN) for change in asked if change.person.id not in there
        }
        if unknown:
            raise Refused(f"{len(unknown)} of {len(batch)}: {UNKNOWN}", outcomes=unknown)

    async def _known(self, people: Sequence[Person]) -> set[str]:
        there: set[str] = set()
        try:
            for start in range(0, len(people), self.reads):
                there.update(await self.read(people[start : start + self.reads], ()))
        except Unavailable as error:
            # asking changes nothing
            raise Unavailable(str(error), maybe_applied=False) from error
        except Rejection as refusal:
            raise Misconfigured(str(refusal)) from refusal
        return there

    async def _track(self, array: str, sent: Batch[Any], objects: list[dict[str, Any]]) -> Receipt:
        try:
            response = await self.call("POST", TRACK, json={array: objects})
        except Rejection as refusal:
            raise answers.refused(refusal, sent, array) from refusal
        return answers.receipt(response, sent, array)

    def _news(self, change: Identify) -> Mapping[str, Any]:
        # by e-mail it may be another profile than the one that accepted the last values
        by_id = self.options.identifier == "external_id"
        return change.delta() if by_id else change.standing()

    def _who(self, change: Change) -> dict[str, Any]:
        known_by = identify(change.person, self.options.identifier)
        who: dict[str, Any] = dict([known_by] if known_by else [])
        return {**who, "_update_existing_only": self.options.update_existing_only}

    def _event(self, change: Track) -> dict[str, Any]:
        properties = {name: v for name, v in change.properties.items() if v is not None}
        return {
            **self._who(change),
            "name": change.name,
            "time": change.occurred_at,
            "properties": properties,
        }
