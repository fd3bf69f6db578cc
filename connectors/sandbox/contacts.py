"""What the look-alikes of vendors without jobs share: people and events, all done at once."""

from __future__ import annotations

import base64
import binascii
from abc import abstractmethod
from collections import Counter
from collections.abc import Callable, Collection
from time import time
from typing import Any

from starlette.responses import Response

from connectors.sandbox.faults import Fault, Faults
from connectors.sandbox.lookalike import LookAlike
from connectors.sandbox.wire import Answered, Call, mapping, sequence

JSON = dict[str, Any]


class Contacts(LookAlike):
    """``held`` are people in the order of arrival, by what they are known by; ``recorded`` events.

    A person is an object with ``id``, ``email`` and ``properties``, in the words of this file.
    """

    def __init__(
        self,
        *,
        keys: Collection[str] | None = None,
        clock: Callable[[], float] = time,
        limits: bool = True,
        faults: Faults | None = None,
    ) -> None:
        self.held: dict[str, JSON] = {}
        self.recorded: list[JSON] = []
        self.consent_writes = 0
        super().__init__(keys=keys, clock=clock, limits=limits, faults=faults)

    # -- for the vendors' own code

    @abstractmethod
    def refusal(self, detail: str) -> Response:
        """The vendor's answer to a request that it refuses whole."""

    def refuse(self, detail: str) -> Answered:
        """To be raised: the whole request is refused."""
        return Answered(self.refusal(detail))

    def objects(self, call: Call, name: str) -> list[JSON]:
        """The array of objects under that name in the body; else the request is refused."""
        try:
            body = mapping(call.json)
        except ValueError:
            body = None
        found = None if body is None else sequence(body.get(name))
        if found is None or any(mapping(one) is None for one in found):
            raise self.refuse(f"{name}: an array of objects is required")
        return found

    def poison(self, call: Call, records: Collection[Collection[str | None]]) -> dict[int, Fault]:
        """The records that a dial refuses, by index, each record given by its identifiers."""
        fault = self.faults.strike({"poison"}, call.method, call.path)
        hit = [] if fault is None else [i for i, ids in enumerate(records) if fault.hits(*ids)]
        if fault is None:
            return {}
        if hit and fault.how == "request":
            raise self.refuse(fault.code or "refused by dial")
        return dict.fromkeys(hit, fault)

    def basic(self, call: Call) -> tuple[str, str] | None:
        """User and password, if the call has them in the way of RFC 7617."""
        scheme, _, given = call.headers.get("authorization", "").partition(" ")
        try:
            user, colon, password = base64.b64decode(given, validate=True).decode().partition(":")
        except (binascii.Error, UnicodeDecodeError):
            return None
        return (user, password) if scheme == "Basic" and colon and password else None

    def lets_in(self, key: str) -> bool:
        """Whether the key is one of ours."""
        return bool(key) and (self.keys is None or key in self.keys)

    # -- inspection

    def counts(self) -> dict[str, int]:
        """People, events, and writes of consent (there must be none)."""
        return {
            "profiles": len(self.held),
            "events": len(self.recorded),
            "consent_writes": self.consent_writes,
        }

    def values(self, name: str) -> Counter[str]:
        """Head counts by value of a property."""
        return Counter(str(p["properties"].get(name, "(absent)")) for p in self.held.values())

    def profile(self, identifier: str) -> JSON | None:
        """By e-mail address or id."""
        by_email = self.held.get(identifier.casefold())
        return by_email if by_email is not None else self.held.get(identifier)

    def profiles(self, offset: int, limit: int) -> list[JSON]:
        """In the order of arrival."""
        return list(self.held.values())[offset : offset + limit]

    def events(self, limit: int) -> list[JSON]:
        """The latest, the newest last."""
        return self.recorded[max(0, len(self.recorded) - limit) :]

    def forget(self) -> None:
        """Empty the account."""
        self.held, self.recorded, self.consent_writes = {}, [], 0
