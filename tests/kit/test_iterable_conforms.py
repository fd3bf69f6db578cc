"""The Iterable adapter keeps every law, against a look-alike of either manner."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Any

import httpx

from connectors import sandbox
from connectors.destinations.iterable import Iterable
from connectors.testing import ADDRESS, DestinationSuite, Recorded
from connectors.types import Person, Value


class Project:
    """The look-alike, as the kit asks it."""

    how = "record"

    def __init__(self, key: str) -> None:
        dials = sandbox.IterableDials(track_creates=True, max_fields=100_000)
        self.app = sandbox.Iterable(keys={key}, limits=False, dials=dials)

    def options(self, key: str) -> Mapping[str, object]:
        return {"base_url": ADDRESS, "api_key": key}

    def transport(self) -> httpx.AsyncBaseTransport:
        return httpx.ASGITransport(self.app)

    def people(self) -> int:
        return len(self.app.project.users.all)

    def poison(self, people: Collection[Person]) -> None:
        self.app.faults.clear()
        if people:
            ids = tuple(name for p in people for name in (p.id, p.email) if name is not None)
            fault = sandbox.Fault(kind="poison", times=None, ids=ids, how=self.how)
            self.app.faults.add(fault)

    def properties(self, person: Person) -> Mapping[str, object] | None:
        found = self._user(person)
        return None if found is None else found["dataFields"]

    def events(self, person: Person) -> Sequence[Recorded]:
        return [
            Recorded(
                row["eventName"], datetime.fromtimestamp(row["createdAt"], UTC), row["dataFields"]
            )
            for row in self.app.project.events.values()
            if person.email == row["email"] or person.id == row["userId"]
        ]

    def holds(self, audience: str, person: Person) -> bool:
        found = self._user(person)
        return found is not None and audience in found["lists"]

    def _user(self, person: Person) -> dict[str, Any] | None:
        found = None if person.email is None else self.app.profile(person.email)
        return found or self.app.profile(person.id)


class StrictProject(Project):
    """Bad records refuse the whole request, and are not named."""

    how = "request"


class TestIterable(DestinationSuite):
    destination = Iterable
    vendor = Project
    consent_fields = ("emailListIds", "subscribedMessageTypeIds", "unsubscribedChannelIds")

    no_consent = dict.fromkeys(
        ("/api/lists/subscribe", "/api/lists/unsubscribe", "subscribers"),
        "Iterable's words for being on a static list; consent asks for channelUnsubscribe",
    )

    def held(self, value: Value) -> object:
        if isinstance(value, datetime):
            return f"{value:%Y-%m-%d %H:%M:%S} +00:00"
        return f"{value} 00:00:00 +00:00" if isinstance(value, date) else value


class TestIterableThatRefusesWhole(TestIterable):
    vendor = StrictProject
