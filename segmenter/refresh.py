"""Sum up again only the customers whose orders changed; on a quiet day that is hardly anybody."""

from __future__ import annotations

from datetime import date
from typing import Any

import ibis

from segmenter.basis import Basis
from segmenter.expr import Engine, Table
from segmenter.identity import with_customer
from segmenter.stage import rows_in, stage
from segmenter.summary import summarize_with_contacts

#: With more than this share of the customers touched, all are summed up at once.
MANY = 0.2

#: What a summary has that only an order changes.
KEPT = (
    *("email", "phone", "first_order_on", "last_order_on", "customer_id", "orders", "frequency"),
    *("recency", "past_revenue", "monetary_value"),
)


def summarize_again(
    engine: Engine,
    orders: Table,
    as_of: date,
    *,
    before: Basis | None,
    previous: Table | None,
    merged: Table | None = None,
) -> Table:
    """What ``summarize_with_contacts`` gives, from the last result where that is safe.

    ``previous`` is the last result of ``evaluate`` and ``before`` what it was made from. Rows of
    those whose orders are as they were are taken from it; it falls back to a full sum when an
    order that was counted then has changed or is gone, or when many customers are touched.
    ``merged`` is that of ``Basis``.
    """
    if before is None or previous is None or as_of < before.as_of:
        return summarize_with_contacts(engine, orders, as_of)
    newest = before.orders.version.max().to_pyarrow().as_py()
    old = _day(before.orders, before.as_of)
    standing = _day(orders, before.as_of)
    standing = standing.filter(standing.version <= ibis.literal(newest or 0))
    if _fingerprint(old) != _fingerprint(standing):
        return summarize_with_contacts(engine, orders, as_of)
    visible = _day(orders, as_of)
    fresh = visible.filter(
        (visible.version > ibis.literal(newest or 0)) | (visible.day > ibis.literal(before.as_of))
    )
    touched = with_customer(fresh).select("customer")
    if merged is not None:
        both = (merged.select(customer=merged[name]) for name in ("customer_id", "survivor"))
        touched = ibis.union(touched, *both)
    touched = stage(engine, touched.distinct())
    if rows_in(touched) > MANY * rows_in(previous):
        return summarize_with_contacts(engine, orders, as_of)
    theirs = with_customer(orders).semi_join(touched, "customer")
    again = summarize_with_contacts(engine, theirs, as_of)
    same = previous.anti_join(touched, previous.customer_id == touched.customer)
    today = ibis.literal((as_of - before.as_of).days)
    same = same.select(
        *KEPT,
        T=(same.T + today).cast("int64"),
        days_since_order=(same.days_since_order + today).cast("int64"),
    )
    return stage(engine, ibis.union(same, again.select(*same.columns)))


def _day(orders: Table, as_of: date) -> Table:
    rows = orders.mutate(day=orders.ordered_at.date())
    return rows.filter(rows.day <= ibis.literal(as_of))


def _fingerprint(rows: Table) -> dict[str, Any]:
    found: dict[str, Any] = (
        rows.aggregate(n=rows.count(), versions=rows.version.sum(), money=rows.amount.sum())
        .to_pyarrow()
        .to_pylist()[0]
    )
    return found
