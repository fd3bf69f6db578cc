"""The Customer.io adapter keeps every law, against a look-alike of either manner."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime
from typing import ClassVar

import httpx

from connectors import sandbox
from connectors.destinations.customerio import Customerio
from connectors.testing import ADDRESS, DestinationSuite, Recorded
from connectors.types import Person


class Workspace:
    """The look-alike, as the kit asks it."""

    how = "record"

    def __init__(self, key: str) -> None:
        self.app = sandbox.Customerio(keys={key}, limits=False)

    def options(self, key: str) -> Mapping[str, object]:
        return {"base_url": ADDRESS, "site_id": "site", "api_key": key}

    def transport(self) -> httpx.AsyncBaseTransport:
        return httpx.ASGITransport(self.app)

    def people(self) -> int:
        return len(self.app.held)

    def poison(self, people: Collection[Person]) -> None:
        self.app.faults.clear()
        if people:
            ids = tuple(name for p in people for name in (p.id, p.email) if name is not None)
            fault = sandbox.Fault(kind="poison", times=None, ids=ids, how=self.how)
            self.app.faults.add(fault)

    def properties(self, person: Person) -> Mapping[str, object] | None:
        found = self.app.profile(person.email or "") or self.app.profile(person.id)
        return None if found is None else found["properties"]

    def events(self, person: Person) -> Sequence[Recorded]:
        return [
            Recorded(row["name"], datetime.fromtimestamp(row["timestamp"], UTC), row["attributes"])
            for row in self.app.recorded
            if row["person"] in {person.id, person.email}
        ]


class StrictWorkspace(Workspace):
    """A bad record refuses the whole request, and is not named."""

    how = "request"


class TestCustomerio(DestinationSuite):
    destination = Customerio
    vendor = Workspace
    departs: ClassVar[dict[str, str]] = {
        "test_an_empty_object_is_no_delivery": "{} is how Customer.io says that all is done"
    }
    consent_fields = ("unsubscribed", "cio_subscription_preferences.topics.topic_1")


class TestCustomerioThatRefusesWhole(TestCustomerio):
    vendor = StrictWorkspace
