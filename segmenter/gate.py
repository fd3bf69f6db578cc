"""What the shop's own past allows to be published: each refit is tried before it is used.

A few cut-offs, a fixed sample of the customers, every way of ranking: the winner ranks from then
on. The totals of the forecasts are looked at too; where they were far off, the model is marked.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date

import ibis
import numpy as np

from segmenter.cutoffs import cutoffs
from segmenter.doubt import too_few
from segmenter.expr import Engine, Table
from segmenter.identity import with_customer
from segmenter.judge import barred, is_fair, judge
from segmenter.lifetime import Floats
from segmenter.model import LOGISTIC, SILENCE, Model, Numbers, Ranking
from segmenter.ranking import numbers_of
from segmenter.settings import Settings
from segmenter.stage import rows_in, stage
from segmenter.summary import summarize
from segmenter.trial import Trial, regression, roll

#: So many customers are looked at; with them a margin in AUC is known to about .004.
SAMPLE = 10_000
#: Cut-offs at a refit; ``tidesman backtest`` looks at more.
MOST = 2
#: Totals that are off by more than this factor, either way, are no forecast.
FAR_OFF = 1.5


def gate(
    engine: Engine,
    orders: Table,
    as_of: date,
    settings: Settings,
    model: Model,
    *,
    buyers: Table | None = None,
    events: Table | None = None,
) -> Model:
    """The model with its ``ranking``, and marked down if its totals were far off in the past.

    ``buyers``: the summary of these orders, if at hand. ``events`` as ``Basis`` has them. The
    sample is taken by a hash of the ids, so that the same customers are in it each week.
    """
    plain: Numbers = {"horizon": (float(settings.churn_horizon_days),)}
    few = too_few(model.customers, model.repeaters)
    if few is not None:
        told = f"Customers are ranked by '{SILENCE}': there are too few to compare it with others."
        return replace(model, ranking=Ranking(SILENCE, plain, told))
    if buyers is None:
        buyers = stage(engine, summarize(orders, as_of))
    orders, sample = _sampled(engine, orders, buyers)
    span = sample.aggregate(first=sample.first_order_on.min(), last=sample.last_order_on.max())
    found = engine.to_pyarrow(span).to_pylist()[0]
    cuts, days = cutoffs(found["first"], found["last"], settings.churn_horizon_days, most=MOST)
    trials = roll(engine, orders, cuts, days, settings, events)
    # where of late all came back, or nobody, there is nothing to learn from for today
    weights = regression(engine, trials[0].seen) if trials else None
    verdict = judge(trials, barred(model, weights))
    way = SILENCE if verdict.winner is None else verdict.winner
    numbers = _numbers(engine, way, sample, weights, settings)
    margin = verdict.margin
    ranking = Ranking(
        way,
        numbers,
        verdict.sentence,
        verdict.auc,
        None if margin is None else margin.mean,
        None if margin is None else margin.within,
    )
    return replace(marked(model, trials), ranking=ranking)


def marked(model: Model, trials: Sequence[Trial]) -> Model:
    """The model, with low confidence and a sentence if its totals were far off in the past."""
    believed = [t for t in trials if is_fair(t) and t.seen.model.level != "rules only"]
    if model.level == "rules only" or not believed:
        return model
    foretold = sum(float(t.seen.column("expected_orders").sum()) for t in believed)
    came = sum(float(t.seen.column("came_orders").sum()) for t in believed)
    ratio = foretold / came
    if 1 / FAR_OFF <= ratio <= FAR_OFF:
        return model
    told = f"{ratio:.1f} times as many" if ratio > 1 else f"only {ratio:.0%} of the"
    note = (
        f"Held against this shop's own past the forecasts came to {told} orders as came in truth, "
        "as in a shop that lives by seasons or is changing: take values and dates as rough."
    )
    return replace(model, level="low confidence", notes=(*model.notes, note))


def _sampled(engine: Engine, orders: Table, buyers: Table) -> tuple[Table, Table]:
    """The orders and the summary of at most about ``SAMPLE`` customers, by a hash of their ids."""
    customers = rows_in(buyers)
    if customers <= SAMPLE:
        return orders, buyers
    # md5, as every engine knows it: the same sample on each.
    edge = f"{int(SAMPLE / customers * 16**6):06x}"
    chosen = stage(engine, buyers.filter(buyers.customer_id.hexdigest("md5")[:6] < edge))
    theirs = with_customer(orders).semi_join(chosen, ibis._.customer == chosen.customer_id)
    slim = theirs.select(
        "ordered_at", "amount", "kind", customer_id="customer", email=ibis.null("string")
    )
    return stage(engine, slim), chosen


def _numbers(
    engine: Engine, way: str, buyers: Table, weights: Numbers | None, settings: Settings
) -> Numbers:
    """What the winner needs to know as of today; the regression learns from the last holdout."""
    if way == LOGISTIC and weights is not None:
        return weights
    names = ("days_since_order", "frequency", "past_revenue")
    table = engine.to_pyarrow(buyers.select(*names))
    columns: dict[str, Floats] = {n: table[n].to_numpy().astype(np.float64) for n in names}
    return numbers_of(columns, settings.churn_horizon_days).get(way, {})
