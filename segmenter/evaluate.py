"""Put every buyer in one segment of each scheme, and say who moved, and why."""

from __future__ import annotations

from datetime import date
from typing import Any

import ibis
import pyarrow as pa

from segmenter.basis import Basis
from segmenter.cause import FIRST_SEEN, causes
from segmenter.expr import Column, Engine, Table
from segmenter.place import place
from segmenter.refresh import summarize_again
from segmenter.schemes import definitions
from segmenter.settings import Settings
from segmenter.stage import stage

__all__ = ["census", "evaluate", "moves"]


def evaluate(
    engine: Engine,
    now: Basis,
    settings: Settings,
    *,
    before: Basis | None,
    previous: Table | None,
    buyers: Table | None = None,
) -> Table:
    """One row a buyer: numbers, dates, scores, and for each scheme segment, previous, since, cause.

    ``previous`` is the last result of this function (None: everybody is seen for the first time)
    and ``before`` what it was made from, needed to tell causes apart; without it the cause is told
    from the two results alone. ``buyers``: what ``summarize_again`` gave for these orders, if at
    hand. The columns are listed in segmenter/README.md.
    """
    if buyers is None:
        buyers = summarize_again(
            *(engine, now.orders, now.as_of),
            before=before,
            previous=previous,
            merged=now.merged,
        )
    rows = place(buyers, now, settings, previous)
    found = None
    if previous is not None:
        rows = stage(engine, rows)
        found = causes(engine, rows, now, settings, before=before, previous=previous)
    return _with_causes(rows, found, settings)


def _with_causes(rows: Table, found: Table | None, settings: Settings) -> Table:
    joined = rows if found is None else rows.left_join(found, "customer_id")
    changes: dict[str, Any] = {}
    for scheme in settings.schemes:
        kept = rows[f"{scheme}_cause"]
        first = rows[f"{scheme}_changed"] & rows[f"{scheme}_previous"].isnull()
        moved = kept if found is None else ibis.coalesce(found[f"{scheme}_found"], kept)
        changes[f"{scheme}_cause"] = ibis.ifelse(first, FIRST_SEEN, moved)
    columns = [changes[c].name(c) if c in changes else rows[c] for c in rows.columns]
    return joined.select(*columns)


def moves(today: Table, as_of: date, settings: Settings) -> Table:
    """Who changed segment in the evaluation of ``as_of``.

    Columns ``customer_id``, ``scheme``, ``from_segment`` (null if seen for the first time),
    ``to_segment``, ``cause``.
    """
    parts: list[Table] = []
    for scheme in settings.schemes:
        changed = today.filter(
            today[f"{scheme}_changed"] & (today[f"{scheme}_since"] == ibis.literal(as_of))
        )
        parts.append(
            changed.select(
                "customer_id",
                scheme=ibis.literal(scheme),
                from_segment=changed[f"{scheme}_previous"],
                to_segment=changed[f"{scheme}_segment"],
                cause=changed[f"{scheme}_cause"],
            )
        )
    return ibis.union(*parts) if len(parts) > 1 else parts[0]


def census(today: Table, settings: Settings) -> Table:
    """Customers and share of past revenue by segment, empty segments included.

    Columns ``scheme``, ``segment``, ``customers``, ``revenue_share`` (0 to 1; refunds that exceed
    a customer's orders count as nothing).
    """
    # Whole cents, so that the sum does not depend on the order in which threads add up.
    spent: Column = ibis.greatest(today.past_revenue, 0.0)
    cents = (spent * 100.0).round().cast("int64")
    parts: list[Table] = []
    for scheme, definition in definitions(settings).items():
        counted = today.group_by(segment=today[f"{scheme}_segment"]).aggregate(
            customers=today.count(), cents=cents.sum()
        )
        counted = counted.mutate(total=counted.cents.sum().over(ibis.window()))
        names = ibis.memtable(pa.table({"segment": list(definition.segments)}))
        joined: Table = names.left_join(counted, "segment")
        share = joined.cents.cast("float64") / joined.total.nullif(0).cast("float64")
        parts.append(
            joined.select(
                scheme=ibis.literal(scheme),
                segment=names.segment,
                customers=joined.customers.fill_null(0).cast("int64"),
                revenue_share=share.fill_null(0.0),
            )
        )
    return ibis.union(*parts) if len(parts) > 1 else parts[0]
