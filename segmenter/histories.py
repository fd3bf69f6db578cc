"""From a summary to the distinct buying histories: a small matter even with a million buyers."""

from __future__ import annotations

from datetime import date

import ibis
import numpy as np
import pyarrow as pa

from segmenter import forecast
from segmenter.expr import Column, Table
from segmenter.lifetime import Floats, Histories
from segmenter.model import Model
from segmenter.settings import Settings

KEY = ("frequency", "recency", "T")


def distinct_histories(buyers: Table) -> Histories:
    """The distinct (frequency, recency, T) of a summary, in ascending order, with weights."""
    counted = buyers.group_by(*KEY).aggregate(weight=buyers.count()).to_pyarrow()
    columns = [counted[name].to_numpy().astype(np.float64) for name in (*KEY, "weight")]
    # Sorted, so that sums over them do not depend on the order in which an engine returns rows.
    order = np.lexsort(columns[2::-1])
    x, tx, age, weight = (column[order] for column in columns)
    return Histories(x, tx, age, weight)


def score_histories(
    histories: Histories, as_of: date, model: Model, settings: Settings
) -> pa.Table:
    """Every forecast that depends on a history only, one row a history.

    Columns: the key, ``p_alive``, ``churn_probability``, ``expected_orders`` (within the churn
    horizon), ``discounted_orders`` (within the years of the customer value),
    ``expected_next_order`` and ``intervention_date``. Rounded, so that the last digit of a
    machine's arithmetic does not show.
    """
    p, h = model.orders, histories
    horizon = float(settings.churn_horizon_days)
    active = forecast.chance_active(p, h.x, h.tx, h.T)
    (x, age), pair = _unique(h.x, h.T)
    soon = forecast.orders_if_active(p, x, age, horizon)[pair]
    later = forecast.discounted_orders_if_active(
        p, x, age, settings.clv_years, settings.yearly_discount
    )[pair]
    (x, tx), pair = _unique(h.x, h.tx)
    cap = settings.max_wait_days
    next_order = forecast.days_to_next_order(p, x, tx, cap)[pair]
    intervene = forecast.days_to_intervention(p, x, tx, horizon, cap)[pair]
    ordered = forecast.chance_of_order(p, h.x, h.tx, h.T, horizon)
    last = np.datetime64(as_of, "D") - (h.T - h.tx).astype(np.int64)
    return pa.table(
        {
            "frequency": h.x.astype(np.int64),
            "recency": h.tx.astype(np.int64),
            "T": h.T.astype(np.int64),
            "p_alive": np.round(active, 6),
            "churn_probability": np.round(1.0 - ordered, 6),
            "expected_orders": np.round(active * soon, 6),
            "discounted_orders": np.round(active * later, 9),
            "expected_next_order": pa.array(last + next_order.astype(np.int64), pa.date32()),
            "intervention_date": pa.array(last + intervene.astype(np.int64), pa.date32()),
        }
    )


def with_scores(buyers: Table, as_of: date, model: Model, settings: Settings) -> Table:
    """The summary with every forecast of each buyer, ready for the schemes.

    Adds to the columns of ``score_histories``: ``future_revenue`` (discounted money over the years
    of the customer value), ``total_value`` (past and future), ``order_days``.
    """
    scores = ibis.memtable(score_histories(distinct_histories(buyers), as_of, model, settings))
    rows = buyers.inner_join(scores, list(KEY))
    spent: Column = ibis.greatest(rows.past_revenue, 0.0)
    days = (rows.frequency + 1).cast("float64")
    spend = model.spend
    an_order = (spent + spend.pull * spend.mean) / (days + spend.pull)
    future = (rows.discounted_orders * an_order).round(2)
    rows = rows.mutate(future_revenue=future, order_days=rows.frequency + 1)
    return rows.mutate(total_value=ibis.greatest(rows.past_revenue, 0.0) + rows.future_revenue)


def _unique(first: Floats, second: Floats) -> tuple[tuple[Floats, Floats], np.ndarray]:
    # One number a pair sorts much faster than pairs do; days and counts stay far below the factor.
    factor = 2.0**26
    pairs, inverse = np.unique(first * factor + second, return_inverse=True)
    return (np.floor(pairs / factor), pairs % factor), inverse
