"""One cut-off: what every way of ranking would have said that day, and what came after."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

import ibis
import numpy as np
import pyarrow as pa

from segmenter.expr import Engine, Table
from segmenter.features import feature, with_engagement
from segmenter.histories import with_scores
from segmenter.learn import learn
from segmenter.lifetime import Floats
from segmenter.logistic import fit_logistic
from segmenter.model import LOGISTIC, MODEL, Model, Numbers
from segmenter.ranking import numbers_of, ranking_score
from segmenter.settings import Settings
from segmenter.stage import drop, stage
from segmenter.summary import summarize, visible


@dataclass(frozen=True, slots=True)
class Seen:
    """The buyers of a cut-off with their numbers and forecasts as of that day, and what came.

    ``rows``: one a buyer, by id; ``came_orders`` are days with an order within ``days`` after.
    """

    cutoff: date
    days: int
    model: Model
    rows: pa.Table
    features: tuple[str, ...]

    def end(self) -> date:
        """The last day that was held out."""
        return self.cutoff + timedelta(days=self.days)

    def column(self, name: str) -> Floats:
        """A column as numbers."""
        values: Floats = self.rows[name].to_numpy().astype(np.float64)
        return values

    def came(self) -> Floats:
        """1 for who came back, else 0."""
        return (self.column("came_orders") > 0).astype(np.float64)


@dataclass(frozen=True, slots=True)
class Trial:
    """``scores`` by way of ranking, one value a buyer, in the order of the rows of ``seen``."""

    seen: Seen
    scores: dict[str, Floats]


def look(
    engine: Engine,
    orders: Table,
    cutoff: date,
    days: int,
    settings: Settings,
    events: Table | None,
) -> Seen:
    """Learn from the orders up to ``cutoff`` and set beside it what came in the ``days`` after."""
    ahead = Settings.from_dict(settings.to_dict() | {"churn_horizon_days": days})
    buyers = stage(engine, summarize(orders, cutoff))
    model = learn(engine, orders, cutoff, ahead, buyers=buyers)
    scored = with_scores(buyers, cutoff, model, ahead)
    scored, features = with_engagement(scored, events, cutoff, settings.affinity)
    after = visible(orders, cutoff + timedelta(days=days))
    after = after.filter(after.day > ibis.literal(cutoff))
    bought = after.kind == "order"
    come = after.group_by("customer").aggregate(
        came_orders=after.day.nunique(where=bought), came_money=after.amount.sum()
    )
    joined = scored.left_join(come, scored.customer_id == come.customer)
    spend = model.spend
    an_order = (joined.monetary_value * joined.order_days + spend.pull * spend.mean) / (
        joined.order_days + spend.pull
    )
    kept = joined.select(
        *("customer_id", "days_since_order", "frequency", "recency", "T", "first_order_on"),
        *("past_revenue", "monetary_value", "churn_probability", "expected_orders"),
        *(name for name in features if name in scored.columns),
        expected_money=joined.expected_orders * an_order,
        came_orders=joined.came_orders.fill_null(0),
        came_money=joined.came_money.cast("float64").fill_null(0.0),
    )
    rows = engine.to_pyarrow(kept.order_by("customer_id"))
    drop(engine, buyers)
    return Seen(cutoff, days, model, rows, features)


def numbers_from(
    engine: Engine, seen: Seen, earlier: Seen | None, horizon: int
) -> dict[str, Numbers]:
    """What each way needs to know on the day of ``seen``, its own outcome not looked at.

    The regression is fitted on ``earlier``, whose outcome was known by then; without it, or with
    too few outcomes there, it is left out.
    """
    columns = ("days_since_order", "frequency", "past_revenue")
    found = numbers_of({name: seen.column(name) for name in columns}, horizon)
    weights = None if earlier is None else regression(engine, earlier)
    return {**found, MODEL: {}, **({} if weights is None else {LOGISTIC: weights})}


def regression(engine: Engine, seen: Seen) -> Numbers | None:
    """Fit the regression on a cut-off and what came after it; None with too few outcomes."""
    rows = ibis.memtable(_numbered(seen))
    columns = {name: feature(rows, name) for name in seen.features}
    table = engine.to_pyarrow(rows.select("row", **columns).order_by("row"))
    numbers = {name: table[name].to_numpy().astype(np.float64) for name in seen.features}
    return fit_logistic(numbers, seen.came())


def rank(engine: Engine, seen: Seen, numbers: dict[str, Numbers]) -> Trial:
    """Score everybody by every way for which there are numbers."""
    rows = ibis.memtable(_numbered(seen))
    ways = list(numbers)
    columns = {f"way_{i}": ranking_score(rows, way, numbers[way]) for i, way in enumerate(ways)}
    table = engine.to_pyarrow(rows.select("row", **columns).order_by("row"))
    scores = {w: table[f"way_{i}"].to_numpy().astype(np.float64) for i, w in enumerate(ways)}
    return Trial(seen, scores)


def roll(
    engine: Engine,
    orders: Table,
    cuts: tuple[date, ...],
    days: int,
    settings: Settings,
    events: Table | None = None,
) -> list[Trial]:
    """A trial for each cut-off, latest first; each looks at nothing that came after its cut-off.

    The regression of a cut-off learns from what came in the ``days`` before it.
    """
    looked: dict[date, Seen] = {}
    for cut in cuts:
        for day in (cut, cut - timedelta(days=days)):
            if day not in looked:
                looked[day] = look(engine, orders, day, days, settings, events)
    trials: list[Trial] = []
    for cut in cuts:
        seen, earlier = looked[cut], looked[cut - timedelta(days=days)]
        trials.append(rank(engine, seen, numbers_from(engine, seen, earlier, days)))
    return trials


def _numbered(seen: Seen) -> pa.Table:
    return seen.rows.append_column("row", pa.array(np.arange(seen.rows.num_rows)))
