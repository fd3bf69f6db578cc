"""A full recheck: all orders of a source once more, to find what was changed without a sign.

It begins once the source has told all that is new: its cursor is taken away, and the lake's version
of that moment is written down. So it is a pull like any other, and survives a kill at any page.
What has no row after that version when the source comes to its end, it no longer has.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import reduce
from operator import or_
from typing import TYPE_CHECKING, Any

import ibis
import pyarrow as pa

from connectors.errors import Misconfigured
from connectors.types import ORDERS, Coverage, Fault, Kind
from sync.store import LastPull, Rechecked

if TYPE_CHECKING:
    from connectors.base import Source
    from segmenter.expr import Column, Engine, Table
    from sync.app import App

DAY = timedelta(days=1)
#: What is as old as the history that a source shows may just have gone out of its sight.
MARGIN = DAY
COMPARED = [name for name in ORDERS.names if name != "order_id"]


@dataclass(frozen=True, slots=True)
class TooMany:
    """A recheck that would take away more than the brake allows: so many ``gone`` ``of`` all."""

    gone: int
    of: int


class Recheck:
    """The full rechecks of one source, of which ``coverage`` is what it can see now."""

    def __init__(self, app: App, name: str, source: Source[Any], coverage: Coverage) -> None:
        self.app, self.name, self.coverage = app, name, coverage
        self.every = every(app, name, source)
        #: What is to be told of its end.
        self.faults: tuple[Fault, ...] = ()

    def is_under_way(self) -> bool:
        """Whether one has begun; one that saw more or less of the shop is begun anew."""
        last = self._last()
        if last.began_version is None:
            return False
        if self.every is None:
            self.app.store.leave_recheck(self.name)
            return False
        if last.began_history != self._history():
            self.begin()
        return True

    def is_due(self) -> bool:
        """Whether the last one was as many days of the shop ago as are asked for, or never."""
        if self.every is None:
            return False
        at = self._last().rechecked_at
        if at is None:
            return True
        return (self.app.today() - at.astimezone(self.app.timezone).date()).days >= self.every

    def begin(self) -> None:
        """From now on all orders are pulled once more."""
        store, version = self.app.store, self.app.store.lake_version()
        store.begin_recheck(self.name, version, self._history(), self.app.clock.now())

    def end(self, *, approved: bool) -> Rechecked | TooMany | None:
        """Take away what did not come again; the source has come to its end.

        None if nothing stood before, which is so at the first pull.
        If that is more than ``brake.min_source_share`` leaves, and nobody approved of it, nothing
        is taken away, and the next pull looks at all orders once more. If rows could not be read,
        those that did not come may be among them: nothing is taken away, and ``faults`` tells it.
        """
        engine = self.app.engine()
        try:
            return self._end(engine, self._last(), approved=approved)
        finally:
            engine.disconnect()

    def _end(self, engine: Engine, last: LastPull, *, approved: bool) -> Rechecked | TooMany | None:
        store, lake, now = self.app.store, self.app.lake(), self.app.clock.now()
        then, began = last.began_version, last.began_at
        latest = lake.latest(engine, self.name)
        before = None if then is None else lake.latest(engine, self.name, up_to=then)
        if latest is None or before is None or then is None or began is None:
            store.end_recheck(self.name, Rechecked(), now)
            return None
        stood = self._in_sight(before, now)
        version: Column = latest.version
        missing = self._in_sight(latest.filter(version <= then), now)
        gone, of = _count(engine, missing), _count(engine, stood)
        if gone and last.began_unread:
            self.faults, gone = (_kept(gone, last.began_unread),), 0
        if of - gone < self.app.loaded.settings.brake.min_source_share * of and not approved:
            store.leave_recheck(self.name)
            return TooMany(gone, of)
        again = latest.filter(version > then)
        early = again.filter(again.ordered_at < ibis.literal(began), again.kind != Kind.VOID.value)
        unheard = early.anti_join(before, "order_id")
        found = Rechecked(gone, _count(engine, _differing(before, again)), _count(engine, unheard))
        if gone:
            lake.take_away(self.name, _voids(engine, missing), now, found)
        else:
            store.end_recheck(self.name, found, now)
        return found

    def _in_sight(self, rows: Table, now: datetime) -> Table:
        """What the source would still show if it had it.

        Of a shop that shows the last days only these are orders: a refund goes out of sight with
        its order, whenever it was made.
        """
        history = self.coverage.history
        if history is None:
            return rows.filter(rows.kind != Kind.VOID.value)
        oldest = ibis.literal(now - history + MARGIN)
        return rows.filter(rows.kind == Kind.ORDER.value, rows.ordered_at >= oldest)

    def _history(self) -> float | None:
        return None if self.coverage.history is None else self.coverage.history / DAY

    def _last(self) -> LastPull:
        return self.app.store.last_pull(self.name)


def every(app: App, name: str, source: Source[Any] | type[Source[Any]]) -> int | None:
    """After how many days a source's orders are pulled anew, None: never.

    Raises Misconfigured where they are asked for and cannot be.
    """
    given = app.loaded.settings.sources[name].recheck_days
    if given is None:
        return source.recheck_days
    if given and source.recheck_days is None:
        kind = app.loaded.settings.sources[name].type
        raise Misconfigured(
            f"sources: {name}: recheck_days cannot be set for the type {kind}, which is looked at "
            "as a whole each time; take the key away"
        )
    return given or None


def _kept(missing: int, unread: int) -> Fault:
    example = (
        f"rows that could not be read: {unread:,}, so nothing was taken away; mend those first"
    )
    return Fault("orders that did not come again, but were kept", missing, example)


def _differing(before: Table, again: Table) -> Table:
    old = before.select("order_id", **{f"{name}_then": before[name] for name in COMPARED})
    both = again.join(old, "order_id")
    same = (both[name].identical_to(both[f"{name}_then"]) for name in COMPARED)
    return both.filter(reduce(or_, (~each for each in same)))


def _count(engine: Engine, rows: Table) -> int:
    counted: int = engine.to_pyarrow(rows.count()).as_py()
    return counted


def _voids(engine: Engine, rows: Table) -> pa.Table:
    voids = rows.select(*ORDERS.names).mutate(kind=ibis.literal(Kind.VOID.value))
    return engine.to_pyarrow(voids).cast(ORDERS)
