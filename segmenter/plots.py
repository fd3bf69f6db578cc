"""What a report draws of a cut-off: calibration, tenths, and totals week by week."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np

from segmenter import forecast, metrics
from segmenter.lifetime import Floats
from segmenter.model import LOGISTIC, MODEL
from segmenter.trial import Seen, Trial

TENTHS = 10


@dataclass(frozen=True, slots=True)
class Group:
    """Customers alike in the chance that they were given, and the share that came back."""

    customers: int
    foretold: float
    came: float


@dataclass(frozen=True, slots=True)
class Week:
    """Repeat days with an order up to ``day``, of everybody who had bought before the cut-off."""

    day: date
    foretold: float
    came: float


@dataclass(frozen=True, slots=True)
class Plots:
    """Of one cut-off: ``calibration`` by what gives chances, ``tenths`` by way of ranking (of those
    who came back the share in each tenth of the customers, best first), ``tracking`` by weeks.
    """

    calibration: dict[str, tuple[Group, ...]]
    tenths: dict[str, tuple[float, ...]]
    tracking: tuple[Week, ...]


def plots(trial: Trial, came_on: dict[int, float]) -> Plots:
    """Draw from a trial; ``came_on``: repeat days with an order by the days before the cut-off.

    A day after the cut-off is below 0.
    """
    came = trial.seen.came()
    chances = [way for way in (MODEL, LOGISTIC) if way in trial.scores]
    if trial.seen.model.level == "rules only" and MODEL in chances:
        chances.remove(MODEL)
    return Plots(
        {way: _groups(trial.scores[way], came) for way in chances},
        {way: _tenths(score, came) for way, score in trial.scores.items()},
        _weeks(trial.seen, came_on) if MODEL in chances else (),
    )


def _groups(chance: Floats, came: Floats) -> tuple[Group, ...]:
    order = np.argsort(chance, kind="stable")
    parts = [part for part in np.array_split(order, TENTHS) if part.size]
    return tuple(Group(p.size, float(chance[p].mean()), float(came[p].mean())) for p in parts)


def _tenths(score: Floats, came: Floats) -> tuple[float, ...]:
    reached = [metrics.capture(score, came, k / TENTHS) or 0.0 for k in range(1, TENTHS + 1)]
    return tuple(float(v) for v in np.diff([0.0, *reached]))


def _weeks(seen: Seen, came_on: dict[int, float]) -> tuple[Week, ...]:
    """The model's expectation for new customers (x = 0, T = 0), summed over the days they came."""
    p, age = seen.model.orders, seen.column("T")
    oldest = int(age.max())
    days = np.arange(0, oldest + seen.days + 1, dtype=np.float64)
    nothing = np.zeros_like(days)
    new = p.b / (p.a + p.b) * forecast.orders_if_active(p, nothing, nothing, days)
    ages, customers = np.unique(age, return_counts=True)
    weeks: list[Week] = []
    for end in range(-oldest + 6, seen.days + 1, 7):
        old = ages + end
        foretold = float((customers * new[np.maximum(old, 0).astype(np.int64)])[old >= 0].sum())
        came = sum(count for ago, count in came_on.items() if -ago <= end)
        weeks.append(Week(seen.cutoff + timedelta(days=end), foretold, came))
    return tuple(weeks)
