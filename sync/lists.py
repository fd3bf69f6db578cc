"""The lists of one destination in one run: each is found or made, then who leaves, who joins."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from connectors.errors import ConnectorError, Misconfigured
from connectors.types import Audience, Batch, Enter, Rejected
from sync.audiences import (
    CHANNEL,
    IN,
    OUT,
    begin,
    channel_of,
    kind_of,
    lists_of,
    opened,
    remember,
    rows_of_lists,
)
from sync.batches import batches
from sync.failpoints import reach
from sync.jobs import JobRow
from sync.lane import Lane
from sync.ledger import Ledger, Mark
from sync.members import Members
from sync.roster import Part, Roster
from sync.store.tables import ledger
from sync.tally import Tally, tally
from sync.wire import Stopping, Wire

if TYPE_CHECKING:
    from sync.delivering import Delivering
    from sync.plan import Target


class Lists:
    """Changes of lists on their way. ``halted`` is why it ended before all were tried."""

    def __init__(
        self,
        run: Delivering,
        target: Target,
        wire: Wire,
        advance: Callable[[int], None],
    ) -> None:
        self.run = run
        self.target = target
        self.wire = wire
        self.halted: ConnectorError | Stopping | None = None
        self._advance = advance
        #: Requests for delivery that were attempted.
        self.calls = 0
        #: Whether there were jobs of an earlier process, whose answers tell more than was planned.
        self.settled = False
        self._left = 0
        self._wrong: Misconfigured | None = None
        self._ids: dict[str, str] = {}

    async def settle_earlier(self, rows: Iterable[JobRow]) -> bool:
        """Ask for the jobs that an earlier process left behind; whether there were any."""
        ours: dict[tuple[str, bool], list[str]] = {}
        for row in rows:
            if row.channel.startswith(CHANNEL):
                key = (row.channel.removeprefix(CHANNEL), row.kind == Enter.__name__)
                ours.setdefault(key, []).append(row.ticket)
        known = lists_of(self.run.store, self.target.name)
        for (name, joins), tickets in sorted(ours.items()):
            if self.halted is not None:
                break
            lane = self._lane(self._book(name, str(known[name].vendor_id), joins=joins))
            lane.take_over(tickets)
            await self._run(lane, iter(()))
        self.settled = bool(ours)
        return self.settled

    async def deliver(self, roster: Roster) -> int:
        """Take people off, then put them on; gives how many were never put on the wire."""
        self._left = roster.going()
        for joins in (False, True):
            parts = [part for part in roster.free() if part.joins == joins]
            async with asyncio.TaskGroup() as group:
                for part in parts:
                    group.create_task(self._change(roster, part))
        self.halted = self.halted or self._wrong
        return self._left

    async def _change(self, roster: Roster, part: Part) -> None:
        """All changes of one kind to one list."""
        if self.halted is not None:
            return
        try:
            vendor_id = await self._vendor_id(part)
        except Misconfigured as error:
            # this list is not to be used; the others are
            self._wrong = self._wrong or error
            self._left -= self._give_up(roster, part, error)
            return
        except (ConnectorError, Stopping) as error:
            self.halted = self.halted or error
            return
        book = self._book(part.name, vendor_id, joins=part.joins)
        lane = self._lane(book)
        changes = book.moves(roster.entries(part))
        await self._run(lane, batches(self.target.connector, lane.delivery, changes))
        self._left -= lane.taken

    async def _run(self, lane: Lane, parts: Iterator[Batch[Any]]) -> None:
        await lane.run(parts)
        self.calls += lane.calls
        self.halted = self.halted or lane.halted

    def _give_up(self, roster: Roster, part: Part, why: Misconfigured) -> int:
        """Nobody can leave a list that is gone: said once, by name, and not tried each day."""
        known = lists_of(self.run.store, self.target.name).get(part.name)
        if part.joins or known is None:
            return 0
        run = self.run
        rows = Ledger(run.store, self.target.name, channel_of(part.name))
        entries = list(roster.entries(part))
        rows.unsure(entries, run.run_id, run.clock.now())
        outcomes = {entry.customer_id: Rejected(str(why)) for entry in entries}
        rows.answered(outcomes, run.run_id, run.clock.now())
        return len(entries)

    async def _vendor_id(self, part: Part) -> str:
        """The vendor's id of the list: looked up once a run, made if there is none."""
        name = part.name
        if name not in self._ids:
            self._ids[name] = await self._found(name)
        if part.joins:
            known = lists_of(self.run.store, self.target.name)[name]
            if known.opened_at is None:
                opened(self.run.store, self.target.name, name, self.run.clock.now())
        return self._ids[name]

    async def _found(self, name: str) -> str:
        store, destination, now = self.run.store, self.target.name, self.run.clock.now()
        connector, chosen = self.target.connector, self.target.projection.audiences
        known = lists_of(store, destination).get(name)
        found: Audience | None = await self.wire.send(lambda: connector.find(name), repeatable=True)
        if known is not None and known.vendor_id is not None:
            if found is None or found.id != known.vendor_id:
                raise Misconfigured(GONE.format(name=name))
            return known.vendor_id
        if found is not None and known is None and not (chosen is not None and chosen.adopt):
            raise Misconfigured(FOREIGN.format(name=name))
        if found is None:
            begin(store, destination, name, now)
            reach("lists.begun")
            found = await self.wire.send(lambda: connector.ensure(name), repeatable=True)
            reach("lists.made")
        remember(store, destination, name, found.id, now)
        return found.id

    def tally(self) -> list[Tally]:
        """What became of the changes of this run, or that are still in a job."""
        mine = rows_of_lists(self.run.store, self.target.name)
        return tally(self.run.store, ledger, mine, self.run.run_id)

    def told(self) -> dict[str, int]:
        """How many joined lists in this run, and how many left."""
        query = (
            sa.select(ledger.c.wanted, sa.func.count())
            .where(
                rows_of_lists(self.run.store, self.target.name), ledger.c.mark == Mark.ACKED.value
            )
            .where(ledger.c.run_id == self.run.run_id)
            .group_by(ledger.c.wanted)
        )
        with self.run.store.read() as connection:
            found = {row[0]: row[1] for row in connection.execute(query)}
        counts = {"joined": found.get(IN, 0), "left": found.get(OUT, 0)}
        return counts if found else {}

    def _book(self, name: str, vendor_id: str, *, joins: bool) -> Members:
        run, kind = self.run, kind_of(joins=joins)
        return Members(run.store, self.target.name, name, kind, vendor_id, run.run_id, run.clock)

    def _lane(self, book: Members) -> Lane:
        delivery = self.target.connector.delivery(book.kind)
        if delivery is None:
            raise Misconfigured(f"{self.target.name} can no longer change {book.channel!r}")
        return Lane(self.target, delivery, book, self.wire, self.run.store, self._advance)


FOREIGN = (
    "there is a list {name!r} already that was not made by Tidesman. Set adopt_audiences: true to "
    "use it, or another audience_prefix"
)
GONE = (
    "the list {name!r} is not there any more by that name and id. Give it its name back, or set "
    "another audience_prefix to have new lists made"
)
