"""The Klaviyo adapter keeps every law, against a look-alike of either manner."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

import httpx

from connectors import sandbox
from connectors.destinations.klaviyo import Klaviyo
from connectors.testing import ADDRESS, DestinationSuite, Recorded
from connectors.types import Person

#: Vendors repeat what they were told.
WORDS = "canary1@example.com may not"


class Account:
    """The look-alike, as the kit asks it."""

    dials = sandbox.KlaviyoDials()

    def __init__(self, key: str) -> None:
        self.app = sandbox.Klaviyo(keys={key}, limits=False, dials=self.dials)

    def options(self, key: str) -> Mapping[str, object]:
        return {"base_url": ADDRESS, "api_key": key}

    def transport(self) -> httpx.AsyncBaseTransport:
        return httpx.ASGITransport(self.app)

    def people(self) -> int:
        return len(self.app.account.profiles.by_id)

    def poison(self, people: Collection[Person]) -> None:
        self.app.faults.clear()
        if people:
            ids = tuple(name for p in people for name in (p.id, p.email) if name is not None)
            self.app.faults.add(sandbox.Fault(kind="poison", times=None, ids=ids, code=WORDS))

    def properties(self, person: Person) -> Mapping[str, object] | None:
        found = self._profile(person)
        return None if found is None else found["properties"]

    def events(self, person: Person) -> Sequence[Recorded]:
        found = self._profile(person)
        return [
            Recorded(
                row["metric"],
                datetime.fromisoformat(row["time"]),
                row["properties"],
                triggers=not row["backfill"],
            )
            for row in self.app.account.events.rows
            if found is not None and row["profile_id"] == found["id"]
        ]

    def holds(self, audience: str, person: Person) -> bool:
        found = self._profile(person)
        return found is not None and audience in found["lists"]

    def slow(self, polls: int) -> None:
        self.app.faults.add(sandbox.Fault(kind="slow_job", polls=polls))

    def cancel(self) -> None:
        self.app.faults.add(sandbox.Fault(kind="cancel_job"))

    def lose(self) -> None:
        self.app.faults.add(sandbox.Fault(kind="lose_job"))

    def _profile(self, person: Person) -> dict[str, Any] | None:
        found = None if person.email is None else self.app.profile(person.email)
        return found or self.app.profile(person.id)


class StrictAccount(Account):
    """Bad records refuse the whole request."""

    dials = sandbox.KlaviyoDials(strict_records=True)


class TestKlaviyo(DestinationSuite):
    destination = Klaviyo
    vendor = Account
    consent_fields = ("$consent", "$consent_method", "$consent_timestamp")


class TestKlaviyoThatRefusesWhole(TestKlaviyo):
    vendor = StrictAccount
