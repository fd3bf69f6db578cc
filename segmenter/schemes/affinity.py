"""Five segments by how much a customer turns to the brand: what he does, fading day by day.

Each event counts its weight on its day and half of that after its half-life; events older than the
window are forgotten. Loyal, Positive, Neutral and Negative are cut from the sum by three absolute
edges; who did nothing that counts within the window is Unscored, which is no judgement of him.
Orders are events of the kind ``purchase``; clicks and openings come from a table of events. While
nothing happens the sum only falls and an event only lifts it (one of dislike aside), so nobody
goes to and fro by noise.
"""

from __future__ import annotations

import math
from datetime import date

import ibis

from segmenter.expr import Column, Table
from segmenter.schemes.affinity_settings import PURCHASE, Affinity
from segmenter.schemes.base import Axis, Scheme
from segmenter.summary import visible

#: Shares of the scored customers below the edges.
SHARES = (0.25, 0.60, 0.85)
#: A part of a sum is counted in millionths, so that the order of adding does not show.
GRAIN = 1_000_000.0


def place(feeling: int, scored: int) -> str:
    """The segment of two levels."""
    if not scored:
        return "Unscored"
    return ("Negative", "Neutral", "Positive", "Loyal")[feeling]


AFFINITY = Scheme(
    name="affinity",
    segments=("Loyal", "Positive", "Neutral", "Negative", "Unscored"),
    axes=(Axis("affinity_score", 3, "money"), Axis("affinity_events", 1)),
    place=place,
)


def with_affinity(
    rows: Table, orders: Table, events: Table | None, as_of: date, choice: Affinity
) -> Table:
    """The buyers with ``affinity_events`` (those that count) and ``affinity_score``, 0 if none.

    ``events`` has ``customer_id``, ``kind`` and ``occurred_at``. Days are those of the engine's
    session time zone; events after ``as_of`` do not count yet. Rows with ``ahead`` are scored so
    many days after ``as_of``.
    """
    bought = visible(orders, as_of)
    bought = bought.filter(bought.kind == "order")
    happened = bought.select(who="customer", kind=ibis.literal(PURCHASE), day="day")
    if events is not None:
        told = events.filter(events.kind != PURCHASE)
        happened = happened.union(
            told.select(
                who=told.customer_id.cast("string"), kind="kind", day=told.occurred_at.date()
            )
        )
    key = ["customer_id", *(["ahead"] if "ahead" in rows.columns else [])]
    if len(key) > 1:
        moments = rows.select(customer_id="customer_id", ahead="ahead")
        happened = happened.inner_join(moments, happened.who == moments.customer_id)
    else:
        happened = happened.mutate(customer_id=happened.who)
    found = _summed(happened, key, as_of, choice)
    joined = rows.left_join(found, key)
    joined = joined.select(*rows.columns, "affinity_events", "affinity_score")
    return joined.mutate(
        affinity_events=joined.affinity_events.fill_null(0),
        affinity_score=joined.affinity_score.fill_null(0.0),
    )


def _summed(happened: Table, key: list[str], as_of: date, choice: Affinity) -> Table:
    today: Column = ibis.literal(as_of)
    age = today.delta(happened.day, unit="day").cast("int64")
    aged = happened.mutate(age=age + happened.ahead if "ahead" in key else age)
    kinds = [signal.kind for signal in choice.counted()]
    aged = aged.filter((aged.age >= 0) & (aged.age < choice.window_days) & aged.kind.isin(kinds))
    alike = aged.group_by(*key, "kind", "age").aggregate(times=aged.count())
    left: Column = ibis.cases(
        *[
            (
                alike.kind == s.kind,
                s.weight * (alike.age.cast("float64") * (-math.log(2.0) / s.half_life_days)).exp(),
            )
            for s in choice.counted()
        ]
    )
    grains = (left * GRAIN).round().cast("int64") * alike.times
    counted = alike.mutate(grains=grains)
    return counted.group_by(*key).aggregate(
        affinity_events=counted.times.sum().cast("int64"),
        affinity_score=counted.grains.sum().cast("float64") / GRAIN,
    )
