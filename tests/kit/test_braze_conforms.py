"""The Braze adapter keeps every law, against a look-alike of either manner."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime

import httpx

from connectors import sandbox
from connectors.destinations.braze import Braze
from connectors.testing import ADDRESS, DestinationSuite, Recorded
from connectors.types import Person

#: Vendors repeat what they were told.
WORDS = "canary1@example.com may not"


class Workspace:
    """The look-alike, as the kit asks it. An app has made everybody beforehand."""

    how = "record"

    def __init__(self, key: str) -> None:
        dials = sandbox.BrazeDials(everybody_known=True)
        self.app = sandbox.Braze(keys={key}, limits=False, dials=dials)

    def options(self, key: str) -> Mapping[str, object]:
        return {"base_url": ADDRESS, "api_key": key}

    def transport(self) -> httpx.AsyncBaseTransport:
        return httpx.ASGITransport(self.app)

    def people(self) -> int:
        return len(self.app.workspace.users.all)

    def poison(self, people: Collection[Person]) -> None:
        self.app.faults.clear()
        if people:
            ids = tuple(person.id for person in people)
            fault = sandbox.Fault(kind="poison", times=None, ids=ids, how=self.how, code=WORDS)
            self.app.faults.add(fault)

    def properties(self, person: Person) -> Mapping[str, object] | None:
        found = self.app.profile(person.id)
        return None if found is None else found["custom_attributes"]

    def events(self, person: Person) -> Sequence[Recorded]:
        return [
            Recorded(row["name"], datetime.fromisoformat(row["time"]), row["properties"])
            for row in self.app.workspace.events
            if row["external_id"] == person.id
        ]


class StrictWorkspace(Workspace):
    """A bad object refuses the whole request, and only the first is named."""

    how = "request"


class TestBraze(DestinationSuite):
    destination = Braze
    vendor = Workspace
    longest_text = 254
    largest_change = 60_000
    consent_fields = ("email_subscribe", "push_subscribe", "subscription_groups")
    own_waits = (
        ({"X-Ratelimit-Retry-After": "7"}, 7.0),
        ({"X-RateLimit-Reset": "12"}, 12.0),
        ({"X-RateLimit-Reset": "1709294430", "Date": "Fri, 01 Mar 2024 12:00:00 GMT"}, 30.0),
    )


class TestBrazeThatRefusesWhole(TestBraze):
    vendor = StrictWorkspace
