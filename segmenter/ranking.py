"""The ways to rank customers by how likely they come back, and the score that is published.

One expression each, for the back-test and for what is published: what was tested is what is sent.
"""

from __future__ import annotations

from collections.abc import Mapping

import ibis
import numpy as np
import pyarrow as pa

from segmenter.basis import Basis
from segmenter.expr import Column, Table
from segmenter.features import ENGAGED, feature, with_engagement
from segmenter.lifetime import Floats
from segmenter.model import LOGISTIC, MODEL, RFM, SILENCE, SPEND, Numbers, Ranking
from segmenter.portable import rounded
from segmenter.settings import Settings

SIMPLE = (SILENCE, RFM, SPEND)
LEARNED = (MODEL, LOGISTIC)
#: From the simplest on.
WAYS = (*SIMPLE, *LEARNED)

_NO_EVENTS = pa.table(
    {
        "customer_id": pa.array([], pa.string()),
        "kind": pa.array([], pa.string()),
        "occurred_at": pa.array([], pa.timestamp("us", "UTC")),
    }
)

_FIFTHS = ("days_since_order", "frequency", "past_revenue")


def numbers_of(columns: Mapping[str, Floats], horizon: int) -> dict[str, Numbers]:
    """What each simple way needs to know of a shop: edges of fifths, a middle, a horizon."""
    shares = np.array([0.2, 0.4, 0.6, 0.8, 0.5])
    there = {name: columns[name] if columns[name].size else np.zeros(1) for name in _FIFTHS}
    found = {name: [float(v) for v in np.quantile(there[name], shares)] for name in _FIFTHS}
    edges = {name: tuple(values[:4]) for name, values in found.items()}
    middle = max(found["past_revenue"][4], 1e-6)
    return {SILENCE: {"horizon": (float(horizon),)}, RFM: edges, SPEND: {"middle": (middle,)}}


def ranking_score(rows: Table, way: str, numbers: Numbers) -> Column:
    """0 to 1, the higher the likelier he comes back; for the model and the regression a chance.

    ``rows`` has the columns of ``with_scores``, and for the regression those of its features.
    """
    silent = rows.days_since_order.cast("float64")
    if way == SILENCE:
        horizon = numbers["horizon"][0]
        score: Column = horizon / (silent + horizon)
    elif way == SPEND:
        spent: Column = ibis.greatest(rows.past_revenue, 0.0)
        score = spent / (spent + numbers["middle"][0])
    elif way == RFM:
        score = ibis.literal(0.0)
        for edge in numbers["days_since_order"]:
            score = score + (silent < edge).cast("float64")
        for name in ("frequency", "past_revenue"):
            for edge in numbers[name]:
                score = score + (rows[name].cast("float64") > edge).cast("float64")
        score = score / 12.0
    elif way == LOGISTIC:
        total: Column = ibis.literal(numbers["intercept"][0])
        for name, (weight,) in numbers.items():
            if name != "intercept" and weight != 0:
                total = total + feature(rows, name) * weight
        score = 1.0 / ((-total).exp() + 1.0)
    else:
        score = 1.0 - rows.churn_probability
    return rounded(score, 6)


def ready_to_rank(rows: Table, basis: Basis, settings: Settings) -> Table:
    """The scored buyers, with their engagement if the way that won looks at it."""
    chosen = basis.model.ranking
    if chosen is None or not set(chosen.numbers) & set(ENGAGED):
        return rows
    # Without the events that it learned from, nobody has done anything.
    nothing = ibis.memtable(_NO_EVENTS) if basis.events is None else basis.events
    return with_engagement(rows, nothing, basis.as_of, settings.affinity)[0]


def ranked(rows: Table, basis: Basis, settings: Settings) -> dict[str, Column]:
    """The columns ``ranking_score`` and ``ranked_by``."""
    chosen = basis.model.ranking
    if chosen is None:
        chosen = Ranking(SILENCE, {"horizon": (float(settings.churn_horizon_days),)}, "")
    score = ranking_score(rows, chosen.way, chosen.numbers)
    return {"ranking_score": score, "ranked_by": ibis.literal(chosen.way)}
