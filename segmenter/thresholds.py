"""The edges between segments: absolute numbers, proposed once, changed only by approval."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

#: What the edges measure: 2 since future revenue is that of the day of the last order.
DEFINITION = 2
#: The edges that measured something else before.
REDEFINED = ("lifecycle.future_revenue", "risk_value.total_value")


@dataclass(frozen=True, slots=True)
class Thresholds:
    """Ascending edges by ``scheme.column``; a value on an edge belongs to the upper side.

    ``definition`` tells what they measure, ``currency`` in what money (None: nobody said).
    """

    proposed_on: date
    edges: Mapping[str, tuple[float, ...]]
    definition: int = DEFINITION
    currency: str | None = None

    def of(self, scheme: str, column: str) -> tuple[float, ...]:
        """The edges of one column in one scheme. Raises ``KeyError`` if there are none."""
        return self.edges[f"{scheme}.{column}"]

    def filled(self, later: Thresholds) -> Thresholds:
        """These, with the edges of ``later`` for what had none; then also equal to it if so."""
        edges = {**later.edges, **self.edges}
        return later if edges == later.edges else replace(self, edges=edges)

    def renewed(self, fresh: Thresholds) -> Thresholds:
        """These, with what was measured otherwise when they were proposed taken from ``fresh``."""
        anew = {key: fresh.edges[key] for key in REDEFINED if key in fresh.edges}
        edges = {**self.edges, **anew}
        return replace(self, edges=edges, definition=DEFINITION, currency=fresh.currency)

    def to_json(self) -> str:
        """Text that ``from_json`` turns into equal thresholds, number for number."""
        edges = {key: list(values) for key, values in self.edges.items()}
        body: dict[str, Any] = {"proposed_on": self.proposed_on.isoformat(), "edges": edges}
        body |= {"definition": self.definition, "currency": self.currency}
        return json.dumps(body, sort_keys=True)

    @classmethod
    def from_json(cls, text: str) -> Thresholds:
        """Read what ``to_json`` wrote."""
        body: dict[str, Any] = json.loads(text)
        edges = {key: tuple(values) for key, values in body["edges"].items()}
        day = date.fromisoformat(body["proposed_on"])
        return cls(day, edges, body.get("definition", 1), body.get("currency"))
