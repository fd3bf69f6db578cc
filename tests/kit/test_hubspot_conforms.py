"""The HubSpot adapter keeps every law, against a look-alike of each manner."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import date, datetime
from typing import ClassVar

import httpx
import numpy as np

from connectors import sandbox
from connectors.destinations.hubspot import Hubspot
from connectors.testing import ADDRESS, DestinationSuite
from connectors.types import Person, Value


class Account:
    """The look-alike, as the kit asks it."""

    dial: ClassVar[dict[str, object]] = {}
    extra: ClassVar[dict[str, object]] = {}

    def __init__(self, key: str) -> None:
        self.app = sandbox.Hubspot(keys={key}, limits=False)

    def options(self, key: str) -> Mapping[str, object]:
        return {"base_url": ADDRESS, "access_token": key, **self.extra}

    def transport(self) -> httpx.AsyncBaseTransport:
        return httpx.ASGITransport(self.app)

    def people(self) -> int:
        return len(self.app.held)

    def poison(self, people: Collection[Person]) -> None:
        self.app.faults.clear()
        if people:
            ids = tuple(name for p in people for name in (p.id, p.email) if name is not None)
            self.app.faults.add(sandbox.Fault(kind="poison", times=None, ids=ids, **self.dial))

    def properties(self, person: Person) -> Mapping[str, object] | None:
        found = self.app.profile(person.email or "") or self.app.profile(person.id)
        return None if found is None else found["properties"]


class StrictAccount(Account):
    """A bad record refuses the whole request, and is not named."""

    dial: ClassVar[dict[str, object]] = {"how": "request"}


class SilentAccount(Account):
    """The errors of a 207 do not say whom they mean."""

    dial: ClassVar[dict[str, object]] = {"named": False}


class AccountByOurId(Account):
    """Contacts are known by a unique property that holds our id."""

    extra: ClassVar[dict[str, object]] = {"id_property": "shop_customer_id"}


class TestHubspot(DestinationSuite):
    destination = Hubspot
    vendor = Account
    consent_fields = ("hs_email_optout", "hs_email_optout_4711", "hs_legal_basis")

    def held(self, value: Value) -> object:
        """All is text; an empty one is no value at all."""
        if isinstance(value, bool):
            return {True: "true", False: "false"}[value]
        if isinstance(value, float):
            return digits(value)
        if isinstance(value, datetime):
            return f"{value:%Y-%m-%dT%H:%M:%S}Z"
        if isinstance(value, date):
            return f"{value:%Y-%m-%d}"
        return str(value) or None


class TestHubspotThatRefusesWhole(TestHubspot):
    vendor = StrictAccount


class TestHubspotThatNamesNobody(TestHubspot):
    vendor = SilentAccount


class TestHubspotByOurId(TestHubspot):
    vendor = AccountByOurId


def digits(value: float) -> str:
    """Digits without an exponent, as many as the float has."""
    return np.format_float_positional(value, trim="0")
