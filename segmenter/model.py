"""What was learned from a shop's orders: kept, versioned, and used until the next fit."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from datetime import date
from typing import Any, Literal

from segmenter.lifetime import Parameters

#: How far the forecasts may be believed. "rules only": they are those of a usual shop.
Level = Literal["full", "low confidence", "rules only"]


@dataclass(frozen=True, slots=True)
class Spend:
    """Expected money an order = (n · own mean + pull · mean) / (n + pull), n = days with an order.

    Gamma-Gamma in this shape: pull = (q - 1) / p, mean = p v / (q - 1) (Fader and Hardie 2013).
    """

    pull: float
    mean: float


@dataclass(frozen=True, slots=True)
class Model:
    """A fitted shop. ``notes`` are plain sentences for the operator; days are the unit of time."""

    level: Level
    notes: tuple[str, ...]
    fitted_on: date
    orders: Parameters
    spend: Spend
    customers: int
    repeaters: int

    def to_json(self) -> str:
        """Text that ``from_json`` turns into an equal model, number for number."""
        body = asdict(self) | {"fitted_on": self.fitted_on.isoformat()}
        return json.dumps(body, sort_keys=True)

    @classmethod
    def from_json(cls, text: str) -> Model:
        """Read what ``to_json`` wrote."""
        body: dict[str, Any] = json.loads(text)
        body["notes"] = tuple(body["notes"])
        body["fitted_on"] = date.fromisoformat(body["fitted_on"])
        body["orders"] = Parameters(**body["orders"])
        body["spend"] = Spend(**body["spend"])
        return cls(**body)
