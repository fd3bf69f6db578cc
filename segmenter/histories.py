"""From a summary to the distinct buying histories: a small matter even with a million buyers."""

from __future__ import annotations

from datetime import date

import ibis
import numpy as np
import numpy.typing as npt
import pyarrow as pa

from segmenter import forecast
from segmenter.expr import Column, Table
from segmenter.lifetime import Floats, Histories
from segmenter.model import Model
from segmenter.portable import rounded
from segmenter.settings import Settings

KEY = ("frequency", "recency", "T")


def distinct_histories(buyers: Table) -> Histories:
    """The distinct (frequency, recency, T) of a summary, in ascending order, with weights."""
    counted = buyers.group_by(*KEY).aggregate(weight=buyers.count()).to_pyarrow()
    x, tx, age, weight = (counted[name].to_numpy() for name in (*KEY, "weight"))
    # Sorted, so that sums over them do not depend on the order in which an engine returns rows;
    # by one number a history, which takes a tenth of the time that three take.
    order = np.argsort((x << 42) + (tx << 21) + age)
    x, tx, age, weight = (column[order].astype(np.float64) for column in (x, tx, age, weight))
    return Histories(x, tx, age, weight)


def score_histories(
    histories: Histories, as_of: date, model: Model, settings: Settings
) -> pa.Table:
    """Every forecast that depends on a history only, one row a history.

    Columns: the key, ``p_alive``, ``churn_probability``, ``expected_orders`` (within the churn
    horizon), ``discounted_orders`` (within the years of the customer value), ``orders_at_last``
    (the same as it stood on the day of the last order), ``expected_next_order`` and
    ``intervention_date``. Rounded, so that the last digit of a machine's arithmetic does not show.
    """
    h = histories
    found = foretell(h, model, settings)
    last = np.datetime64(as_of, "D") - (h.T - h.tx).astype(np.int64)
    return pa.table(
        {
            "frequency": h.x.astype(np.int64),
            "recency": h.tx.astype(np.int64),
            "T": h.T.astype(np.int64),
            "p_alive": np.round(found["p_alive"], 6),
            "churn_probability": np.round(found["churn_probability"], 6),
            "expected_orders": np.round(found["expected_orders"], 6),
            "discounted_orders": np.round(found["discounted_orders"], 9),
            "orders_at_last": np.round(found["orders_at_last"], 9),
            "expected_next_order": _days_after(last, found["days_to_next_order"]),
            "intervention_date": _days_after(last, found["days_to_intervention"]),
        }
    )


def foretell(histories: Histories, model: Model, settings: Settings) -> dict[str, Floats]:
    """The forecasts of ``score_histories`` as they are worked out, one value a history.

    ``days_to_next_order`` and ``days_to_intervention`` count from the last order.
    """
    p, h = model.orders, histories
    horizon = float(settings.churn_horizon_days)
    active = forecast.chance_active(p, h.x, h.tx, h.T)
    (x, age), pair = _unique(h.x, h.T)
    soon = forecast.orders_if_active(p, x, age, horizon)[pair]
    years, yearly = settings.clv_years, settings.yearly_discount
    later = forecast.discounted_orders_if_active(p, x, age, years, yearly)[pair]
    (x, tx), pair = _unique(h.x, h.tx)
    at_last = forecast.discounted_orders_if_active(p, x, tx, years, yearly)
    cap = settings.max_wait_days
    return {
        "p_alive": active,
        "churn_probability": 1.0 - forecast.chance_of_order(p, h.x, h.tx, h.T, horizon),
        "expected_orders": active * soon,
        "discounted_orders": active * later,
        "orders_at_last": (forecast.chance_active(p, x, tx, tx) * at_last)[pair],
        "days_to_next_order": forecast.days_to_next_order(p, x, tx, cap)[pair],
        "days_to_intervention": forecast.days_to_intervention(p, x, tx, horizon, cap)[pair],
    }


def _days_after(last: npt.NDArray[np.datetime64], days: Floats) -> pa.Array:
    return pa.array(last + days.astype(np.int64), pa.date32())


def with_scores(
    buyers: Table,
    as_of: date,
    model: Model,
    settings: Settings,
    histories: Histories | None = None,
) -> Table:
    """The summary with every forecast of each buyer, ready for the schemes.

    ``histories``: those of these very buyers, if at hand.

    Adds to the columns of ``score_histories``: ``clv_3y`` (discounted money over the years of the
    customer value), ``future_revenue`` (the same as of his last order, so that silence does not
    lower it), ``total_value`` (past revenue and that), ``order_days``.
    """
    histories = distinct_histories(buyers) if histories is None else histories
    scores = ibis.memtable(score_histories(histories, as_of, model, settings))
    rows = buyers.inner_join(scores, list(KEY))
    spent: Column = ibis.greatest(rows.past_revenue, 0.0)
    days = (rows.frequency + 1).cast("float64")
    spend = model.spend
    an_order = (spent + spend.pull * spend.mean) / (days + spend.pull)
    rows = rows.mutate(
        clv_3y=rounded(rows.discounted_orders * an_order, 2),
        future_revenue=rounded(rows.orders_at_last * an_order, 2),
        order_days=rows.frequency + 1,
    )
    return rows.mutate(total_value=ibis.greatest(rows.past_revenue, 0.0) + rows.future_revenue)


def _unique(first: Floats, second: Floats) -> tuple[tuple[Floats, Floats], np.ndarray]:
    # One number a pair sorts much faster than pairs do; days and counts stay far below the factor.
    factor = 2.0**26
    pairs, inverse = np.unique(first * factor + second, return_inverse=True)
    return (np.floor(pairs / factor), pairs % factor), inverse
