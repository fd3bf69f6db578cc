"""What the ledger says a vendor accepted, held against what the vendor says it holds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from connectors.base import Destination
from sync.readback import ReadBack
from sync.values import Sent

#: Customers that are named of each kind.
SHOWN = 5


class Found(StrEnum):
    """How what a vendor holds differs from what it accepted."""

    #: The vendor knows the person, but not our property.
    LOST = "lost"
    #: The vendor holds another value: somebody else wrote it, or a clearing did not act.
    CHANGED = "changed"
    #: The vendor does not know the person.
    ABSENT = "absent"
    #: The vendor refuses to tell.
    UNREADABLE = "unreadable"


@dataclass(slots=True)
class Comparison:
    """Differences by customer and by property. Properties that are not ours are not read at all."""

    checked: int = 0
    #: Every customer who differs, with the worst that was found of him.
    customers: dict[str, Found] = field(default_factory=dict[str, Found])
    lost: dict[str, int] = field(default_factory=dict[str, int])
    changed: dict[str, int] = field(default_factory=dict[str, int])
    #: Why somebody cannot be read, and how many.
    reasons: dict[str, int] = field(default_factory=dict[str, int])

    def count(self, kind: Found) -> int:
        """Customers of that kind."""
        return sum(found is kind for found in self.customers.values())

    @property
    def differing(self) -> list[str]:
        """Customers whom a repair can help, by id."""
        mended = (Found.LOST, Found.CHANGED, Found.ABSENT)
        return sorted(who for who, found in self.customers.items() if found in mended)

    def to_json(self) -> dict[str, Any]:
        """As values that JSON can hold."""
        return {
            "checked": self.checked,
            "agree": self.checked - len(self.customers),
            "customers": {kind.value: self.count(kind) for kind in Found},
            "properties": {"lost": self.lost, "changed": self.changed},
            "sample": {kind.value: self.sample(kind) for kind in Found},
            "reasons": self.reasons,
        }

    def sample(self, kind: Found) -> list[str]:
        """Some customers of that kind, by id."""
        return sorted(who for who, found in self.customers.items() if found is kind)[:SHOWN]


def compare(
    into: Comparison, connector: Destination[Any], accepted: Mapping[str, Sent], told: ReadBack
) -> None:
    """Add what was read of these customers to the comparison."""
    for who, sent in accepted.items():
        into.checked += 1
        if who in told.unreadable:
            into.customers[who] = Found.UNREADABLE
            reason = told.unreadable[who]
            into.reasons[reason] = into.reasons.get(reason, 0) + 1
            continue
        held = told.held.get(who)
        if held is None:
            # whoever is not there holds nothing, and nothing is what was wanted of him
            if any(value is not None for value in sent.properties.values()):
                into.customers[who] = Found.ABSENT
            continue
        for name, value in sent.properties.items():
            there = held.get(name)
            if connector.holds(there, value):
                continue
            kind = Found.LOST if there is None else Found.CHANGED
            counts = into.lost if kind is Found.LOST else into.changed
            counts[name] = counts.get(name, 0) + 1
            if into.customers.get(who) is not Found.LOST:
                into.customers[who] = kind
