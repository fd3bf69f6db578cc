"""What was learned from a shop's orders: kept, versioned, and used until the next fit."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import date
from typing import Any, Literal, TypeAlias

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


#: Ways to rank customers, by the names that are published.
SILENCE, RFM, SPEND = "days since the last order", "RFM sum", "past spend"
MODEL, LOGISTIC = "model", "logistic regression"

#: Edges or weights, by column.
Numbers: TypeAlias = Mapping[str, tuple[float, ...]]


@dataclass(frozen=True, slots=True)
class Ranking:
    """What customers are ranked by, as the gate decided on the shop's own past.

    ``way`` is its name and ``numbers`` what it needs to know; ``auc`` over the back-test,
    ``margin`` to the best of the other kind (simple or learned) and ``margin_within`` half its
    99 % interval, None where nothing could be compared. ``verdict``: the sentence for the
    operator.
    """

    way: str
    numbers: Numbers
    verdict: str
    auc: float | None = None
    margin: float | None = None
    margin_within: float | None = None


@dataclass(frozen=True, slots=True)
class Model:
    """A fitted shop. ``notes`` are plain sentences for the operator; days are the unit of time.

    ``ranking`` is None until the gate has judged; the simplest way then ranks. ``currency`` is the
    money of ``spend`` (None: nobody said).
    """

    level: Level
    notes: tuple[str, ...]
    fitted_on: date
    orders: Parameters
    spend: Spend
    customers: int
    repeaters: int
    ranking: Ranking | None = None
    currency: str | None = None

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
        ranking = body.get("ranking")
        if ranking is not None:
            numbers = {name: tuple(given) for name, given in ranking["numbers"].items()}
            body["ranking"] = Ranking(**ranking | {"numbers": numbers})
        return cls(**body)
