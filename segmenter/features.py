"""What a regression may look at: a few columns of a buyer, and his engagement where it is told."""

from __future__ import annotations

from datetime import date

import ibis

from segmenter.expr import Column, Table
from segmenter.schemes.affinity_settings import PURCHASE, Affinity

#: From the orders alone.
OWN = ("silence", "age", "repeats", "spent", "a_day", "late")
#: From events other than orders.
ENGAGED = ("events_30", "events_180", "quiet")
#: An event longer ago than this is as good as none.
FORGOTTEN = 365


def with_engagement(
    rows: Table, events: Table | None, as_of: date, choice: Affinity
) -> tuple[Table, tuple[str, ...]]:
    """The buyers with ``events_30``, ``events_180`` and ``quiet`` (days since the last event).

    Without ``events`` the rows are as they were. Kinds that affinity ignores, and purchases, are
    not counted, nor is what lies after ``as_of``. Also returned: the names of the features.
    """
    if events is None:
        return rows, OWN
    today: Column = ibis.literal(as_of)
    kinds = [signal.kind for signal in choice.counted() if signal.kind != PURCHASE]
    told = events.filter(events.kind.isin(kinds))
    aged = told.mutate(ago=today.delta(told.occurred_at.date(), unit="day").cast("int64"))
    aged = aged.filter((aged.ago >= 0) & (aged.ago < FORGOTTEN))
    counted = aged.group_by(who=aged.customer_id.cast("string")).aggregate(
        events_30=(aged.ago < 30).cast("int64").sum(),
        events_180=(aged.ago < 180).cast("int64").sum(),
        quiet=aged.ago.min(),
    )
    joined = rows.left_join(counted, rows.customer_id == counted.who).drop("who")
    joined = joined.mutate(
        events_30=joined.events_30.fill_null(0),
        events_180=joined.events_180.fill_null(0),
        quiet=joined.quiet.fill_null(FORGOTTEN),
    )
    return joined, (*OWN, *ENGAGED)


def feature(rows: Table, name: str) -> Column:
    """One feature of each buyer, as a number that is never null."""
    repeats = rows.frequency.cast("float64")
    gap = rows.recency.cast("float64") / ibis.greatest(repeats, 1.0)
    found: dict[str, Column] = {
        "silence": _log(rows.days_since_order),
        "age": _log(rows["T"]),
        "repeats": _log(repeats),
        "spent": _log(ibis.greatest(rows.past_revenue, 0.0)),
        "a_day": _log(rows.monetary_value),
        # How long the silence is for somebody who buys as often as he does.
        "late": _log(rows.days_since_order) - _log(gap),
    }
    return found[name] if name in found else _log(rows[name])


def _log(column: Column) -> Column:
    return (column.cast("float64") + 1.0).ln()
