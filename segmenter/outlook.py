"""Where a customer will move, and on which day, if he buys nothing more."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, timedelta

import ibis
import pyarrow as pa

from segmenter.basis import Basis
from segmenter.expr import Engine, Table
from segmenter.identity import with_customer
from segmenter.place import AHEAD, place
from segmenter.refresh import KEPT
from segmenter.settings import Settings
from segmenter.stage import drop, rows_in, stage


@dataclass(frozen=True, slots=True)
class Move:
    """A move that comes on ``day`` if nothing is bought, and model and thresholds stay."""

    customer_id: str
    scheme: str
    day: date
    from_segment: str
    to_segment: str


def outlook(
    engine: Engine, published: Table, basis: Basis, settings: Settings, *, days: int = 730
) -> tuple[Move, ...]:
    """Every move of these customers within ``days`` of silence, by customer and day.

    ``published`` holds their rows of the last result and ``basis`` what that was made from;
    ``settings`` are those of then. It is what evaluating each of those days would tell with the
    same model and thresholds: hysteresis and rules included.
    """
    who = published.select("customer_id")
    mine = with_customer(basis.orders).semi_join(who, ibis._.customer == who.customer_id)
    basis = replace(basis, orders=stage(engine, mine.drop("customer")))
    ahead = ibis.memtable(pa.table({AHEAD: pa.array(range(1, days + 1), pa.int64())}))
    silent = published.select(*KEPT, "T", "days_since_order").cross_join(ahead)
    silent = silent.mutate(
        T=silent.T + silent[AHEAD], days_since_order=silent.days_since_order + silent[AHEAD]
    )
    found = _moves(engine, stage(engine, silent), published, basis, settings)
    return tuple(sorted(found, key=lambda move: (move.customer_id, move.day)))


def _moves(
    engine: Engine, silent: Table, published: Table, basis: Basis, settings: Settings
) -> Iterator[Move]:
    # From one move of a customer to his next: until then he stands where he was last placed.
    before = published
    while True:
        placed = stage(engine, place(silent, basis, settings, before))
        changed = ibis.or_(*[placed[f"{scheme}_changed"] for scheme in settings.schemes])
        next_ = placed.filter(changed).group_by("customer_id").aggregate(then=ibis._[AHEAD].min())
        joined = placed.inner_join(next_, "customer_id")
        before = stage(engine, joined.filter(joined[AHEAD] == joined.then).drop("then"))
        drop(engine, placed)
        if rows_in(before) == 0:
            return
        yield from _told(before, basis.as_of, settings)
        gone = before.select("customer_id", then=AHEAD)
        later = silent.inner_join(gone, "customer_id")
        silent = stage(engine, later.filter(later[AHEAD] > later.then).drop("then"))


def _told(moved: Table, as_of: date, settings: Settings) -> Iterator[Move]:
    for row in moved.to_pyarrow().to_pylist():
        for scheme in settings.schemes:
            if row[f"{scheme}_changed"]:
                day = as_of + timedelta(days=row[AHEAD])
                was, now = row[f"{scheme}_previous"], row[f"{scheme}_segment"]
                yield Move(row["customer_id"], scheme, day, was, now)
