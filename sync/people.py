"""Who is who in a run: the published cards, those that came since, and who was found to be whom."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import ibis

from connectors.disk import whole_file
from segmenter.cards import attributed, seen_in, unknown
from segmenter.expr import Engine, Table
from segmenter.people import People, changed_hands, join, retired
from segmenter.stage import rows_in, stage
from sync.present import present
from sync.reading import FOLDER, Reading, as_published, cards_of, in_currency
from sync.store import Snapshot

if TYPE_CHECKING:
    from datetime import date

    from sync.app import App


@dataclass(frozen=True, slots=True)
class Read:
    """``orders`` with canonical customers; ``merged`` as ``Basis`` has it.

    ``anew``: they are read otherwise than what is published, so nothing of it can be reused.
    """

    orders: Table
    reading: Reading
    merged: Table | None = None
    anew: bool = False


def as_known(app: App, engine: Engine, orders: Table) -> Read:
    """These orders as they are published; before the first run as that would read them.

    It writes cards to ``data_dir``, so ``app`` works on a copy. Raises Misconfigured for a currency
    without a rate.
    """
    latest = app.store.latest_snapshot()
    if latest is not None and latest.reading is not None:
        return Read(as_published(app, engine, orders), Reading.from_dict(latest.reading))
    return Reader(app, engine, None, None).read(orders, app.today(), "unpublished")


class Reader:
    """Reads the orders of one run and keeps its cards beside the snapshot to come."""

    def __init__(
        self, app: App, engine: Engine, previous: Snapshot | None, snapshot: Path | None
    ) -> None:
        self.app, self.engine = app, engine
        self.previous, self.snapshot = previous, snapshot
        self.then = Reading.from_dict(None if previous is None else previous.reading)

    def read(self, orders: Table, as_of: date, run_id: str) -> Read:
        """Raises Misconfigured for a currency without a rate."""
        asked = replace(self.app.reading(), home=self._home())
        orders = in_currency(self.engine, orders, asked)
        reading, merged, cards = self._settle(orders, as_of, run_id, asked)
        anew = self.previous is not None and not self._alike(reading)
        found = attributed(self.engine, orders, cards, reading.home)
        return Read(found, reading, merged, anew)

    def _alike(self, reading: Reading) -> bool:
        same = reading.asked() == self.then.asked()
        return same and (reading.cards is None) == (self.then.cards is None)

    def _home(self) -> str | None:
        """The source whose ids stay as they are: the one that was there first."""
        if self.then.home is not None:
            return self.then.home
        limit = None if self.previous is None else self.previous.lake_version
        there = {part.source for part in self.app.store.parts(up_to=limit) if part.rows}
        return next((name for name in self.app.sources if name in there), min(there, default=None))

    def _settle(
        self, orders: Table, as_of: date, run_id: str, asked: Reading
    ) -> tuple[Reading, Table | None, Table | None]:
        home = asked.home
        known = cards_of(self.app, self.engine, self.then)
        if home is None or (known is None and self._plain(orders, home)):
            return asked, None, None
        # In another time zone an order that was to come may lie on a day that is over, and in
        # another region a number names guests whom nothing named before.
        then = self.then
        moved = (asked.timezone, asked.phone_region) != (then.timezone, then.phone_region)
        fresh = self._fresh(orders, as_of, all_of_them=known is None or moved)
        seen = seen_in(fresh, home)
        new = stage(self.engine, seen if known is None else unknown(seen, known))
        same = asked.asked() == self.then.asked()
        if known is not None and same and rows_in(new) == 0:
            return self.then, None, known
        new = new.mutate(number=ibis.null("string"))
        if known is not None:
            number = known.number
            if asked.phone_region != self.then.phone_region:
                number = ibis.null("string")
            old = known.mutate(number=number)
            new = ibis.union(
                *[t.select("id", "email", "phone", "number", "since") for t in (old, new)]
            )
        people = join(self.engine, new, asked.joining(), self._given(known))
        merged = changed_hands(self.engine, known, people.cards)
        reading = self._kept(people, asked, run_id)
        return reading, merged if rows_in(merged) else None, people.cards

    def _plain(self, orders: Table, home: str) -> bool:
        """One shop without addresses: nobody can be anybody else, and nothing need be kept."""
        if {part.source for part in self.app.store.parts() if part.rows} - {home}:
            return False
        counts = orders.aggregate(email=orders.email.count(), phone=orders.phone.count())
        row = self.engine.to_pyarrow(counts).to_pylist()[0]
        return not any(row.values())

    def _fresh(self, orders: Table, as_of: date, *, all_of_them: bool) -> Table:
        rows = orders.mutate(day=orders.ordered_at.date())
        rows = rows.filter(rows.day <= ibis.literal(as_of))
        old = self.previous
        if all_of_them or old is None:
            return rows
        return rows.filter(
            (rows.version > ibis.literal(old.lake_version))
            | (rows.day > ibis.literal(old.as_of))
            | (rows.ordered_at > ibis.literal(old.created_at))
        )

    def _given(self, known: Table | None) -> Table | None:
        if known is not None:
            return known.select(customer_id="customer")
        return self._published()

    def _published(self) -> Table | None:
        if self.snapshot is None:
            return None
        return self.engine.read_parquet(self.snapshot).select("customer_id", "email")

    def _kept(self, people: People, asked: Reading, run_id: str) -> Reading:
        ended = self._ended(people.cards)
        shared = people.shared.order_by(["kind", "key"])
        many = rows_in(people.shared)
        return replace(
            asked,
            cards=self._write(people.cards, f"{run_id}.cards"),
            retired=None if ended is None else self._write(ended, f"{run_id}.retired"),
            shared=self._write(shared, f"{run_id}.shared") if many else None,
            shared_keys=many,
        )

    def _ended(self, cards: Table) -> Table | None:
        """Ids that were published and are somebody else's now, with the address of then."""
        there = self._published()
        if there is None:
            return None
        if self.then.retired is not None:
            place = present(self.app.loaded.data_dir / self.then.retired)
            before = self.engine.read_parquet(place).select("customer_id", "email")
            there = ibis.union(before.anti_join(there, "customer_id"), there)
        gone = retired(self.engine, cards, there)
        both = gone.inner_join(there, "customer_id")
        rows = both.select(gone.customer_id, gone.survivor, there.email).order_by("customer_id")
        rows = stage(self.engine, rows)
        return rows if rows_in(rows) else None

    def _write(self, table: Table, name: str) -> str:
        """An immutable file: complete under its name or not there at all."""
        place = self.app.loaded.data_dir / FOLDER / f"{name}.parquet"
        place.parent.mkdir(parents=True, exist_ok=True)
        with whole_file(place) as unfinished:
            self.engine.to_parquet(table, unfinished)
        return str(place.relative_to(self.app.loaded.data_dir))
