"""Taking one person off every list that we put him on, as forgetting him asks for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import sqlalchemy as sa

from connectors.errors import ConnectorError
from connectors.types import Enter
from sync.audiences import CHANNEL, OUT, kind_of, lists_of, rows_of_lists
from sync.batches import batches
from sync.clock import Clock
from sync.jobs import jobs_of
from sync.lane import Lane
from sync.ledger import Entry, Mark
from sync.members import Members
from sync.plan import Target
from sync.store import Store
from sync.store.tables import ledger
from sync.values import dump, load
from sync.wire import Stopping, Wire

Halt = ConnectorError | Stopping | None


class OffLists:
    """Some people on the lists of one destination, by the protocol of delivery."""

    def __init__(
        self, store: Store, target: Target, ids: Sequence[str], run_id: str, clock: Clock
    ) -> None:
        self.store = store
        self.target = target
        self.ids = list(ids)
        self.run_id = run_id
        self.clock = clock

    async def go(self, wire: Wire) -> Halt:
        """First what is in a job, then whoever is on a list, or may be; why it halted."""
        halted: Halt = None
        kinds = {job.ticket: job.kind for job in jobs_of(self.store, self.target.name)}
        for row in self._rows():
            joins = kinds.get(row.ticket) == Enter.__name__
            made = None if row.ticket is None else self._lane(row, wire, joins=joins)
            if made is not None and halted is None:
                made[1].take_over([str(row.ticket)])
                await made[1].run(iter(()))
                halted = made[1].halted
        for row in self._rows():
            made = self._lane(row, wire, joins=False) if _may_be_on(row) else None
            if made is not None and halted is None:
                book, lane = made
                changes = book.moves([_entry(row)])
                await lane.run(batches(self.target.connector, lane.delivery, changes))
                halted = lane.halted
        return halted

    def refused(self) -> tuple[str, ...]:
        """The reasons of those who could not be taken off."""
        gone = (row for row in self._rows() if row.wanted == OUT and row.mark == Mark.REFUSED)
        return tuple(str(row.reason) for row in gone)

    def open(self) -> int:
        """How many may still be on a list."""
        return sum(_may_be_on(row) or row.ticket is not None for row in self._rows())

    def _lane(self, row: sa.Row[Any], wire: Wire, *, joins: bool) -> tuple[Members, Lane] | None:
        name, kind = str(row.channel).removeprefix(CHANNEL), kind_of(joins=joins)
        known = lists_of(self.store, self.target.name).get(name)
        delivery = self.target.connector.delivery(kind)
        if known is None or known.vendor_id is None or delivery is None:
            return None
        store, target, vendor_id = self.store, self.target, known.vendor_id
        book = Members(store, target.name, name, kind, vendor_id, self.run_id, self.clock)
        return book, Lane(target, delivery, book, wire, store, lambda _: None)

    def _rows(self) -> Sequence[sa.Row[Any]]:
        query = sa.select(ledger).where(
            rows_of_lists(self.store, self.target.name), ledger.c.customer_id.in_(self.ids)
        )
        with self.store.read() as connection:
            return connection.execute(query.order_by(ledger.c.channel, ledger.c.customer_id)).all()


def _may_be_on(row: sa.Row[Any]) -> bool:
    """Unless he surely left, or surely never joined."""
    settled_out = row.wanted == OUT and row.mark != Mark.UNSURE
    never = row.mark == Mark.REFUSED and row.accepted is None
    return row.ticket is None and not settled_out and not never


def _entry(row: sa.Row[Any]) -> Entry:
    sent = load(row.value if row.value is not None else row.accepted)
    return Entry(row.customer_id, OUT, dump(replace(sent, properties={"member": False})))
