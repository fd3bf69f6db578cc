"""The Mailchimp adapter keeps every law, against a look-alike of either manner."""

from __future__ import annotations

from collections.abc import Collection, Mapping

import httpx

from connectors import sandbox
from connectors.destinations.mailchimp import Mailchimp
from connectors.testing import ADDRESS, DestinationSuite
from connectors.types import Person, Value


class Audience:
    """The look-alike, as the kit asks it. Everybody has become a member beforehand."""

    how = "record"

    def __init__(self, key: str) -> None:
        self.app = sandbox.Mailchimp(keys={key}, limits=False, everybody_known=True)

    def options(self, key: str) -> Mapping[str, object]:
        return {"base_url": ADDRESS, "api_key": key, "audience": self.app.audience}

    def transport(self) -> httpx.AsyncBaseTransport:
        return httpx.ASGITransport(self.app)

    def people(self) -> int:
        assert self.app.consent_writes == 0
        return len(self.app.held)

    def poison(self, people: Collection[Person]) -> None:
        self.app.faults.clear()
        if people:
            ids = tuple(person.email for person in people if person.email is not None)
            fault = sandbox.Fault(kind="poison", times=None, ids=ids, how=self.how)
            self.app.faults.add(fault)

    def properties(self, person: Person) -> Mapping[str, object] | None:
        found = self.app.profile(person.email or "")
        if found is None:
            return None
        # an empty merge field has no value
        return {name: None if v == "" else v for name, v in found["properties"].items()}


class StrictAudience(Audience):
    """A bad record refuses the whole request, and is not named."""

    how = "request"


class TestMailchimp(DestinationSuite):
    destination = Mailchimp
    vendor = Audience
    consent_fields = ("status", "marketing_permissions")

    def held(self, value: Value) -> object:
        """Yes and no are texts, and an empty text is no value at all."""
        if isinstance(value, bool):
            return "true" if value else "false"
        return None if value == "" else super().held(value)


class TestMailchimpThatRefusesWhole(TestMailchimp):
    vendor = StrictAudience
