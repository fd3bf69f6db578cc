"""The edges between segments: absolute numbers, proposed once, changed only by approval."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Any


@dataclass(frozen=True, slots=True)
class Thresholds:
    """Ascending edges by ``scheme.column``; a value on an edge belongs to the upper side."""

    proposed_on: date
    edges: Mapping[str, tuple[float, ...]]

    def of(self, scheme: str, column: str) -> tuple[float, ...]:
        """The edges of one column in one scheme. Raises ``KeyError`` if there are none."""
        return self.edges[f"{scheme}.{column}"]

    def filled(self, later: Thresholds) -> Thresholds:
        """These, with the edges of ``later`` for what had none; then also equal to it if so."""
        edges = {**later.edges, **self.edges}
        return later if edges == later.edges else replace(self, edges=edges)

    def to_json(self) -> str:
        """Text that ``from_json`` turns into equal thresholds, number for number."""
        edges = {key: list(values) for key, values in self.edges.items()}
        return json.dumps(
            {"proposed_on": self.proposed_on.isoformat(), "edges": edges}, sort_keys=True
        )

    @classmethod
    def from_json(cls, text: str) -> Thresholds:
        """Read what ``to_json`` wrote."""
        body: dict[str, Any] = json.loads(text)
        edges = {key: tuple(values) for key, values in body["edges"].items()}
        return cls(date.fromisoformat(body["proposed_on"]), edges)
