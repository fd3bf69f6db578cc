"""One destination in one run: its old jobs, then profiles, then events."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from itertools import chain
from pathlib import Path
from typing import Any

from connectors.errors import ConnectorError
from connectors.types import Batch, Change, Enter, Identify, Rejected, Track, Unsure
from sync.batches import batches
from sync.books import Book, Events, Profiles
from sync.brake import Held
from sync.delivering import Delivering
from sync.difference import Difference, Kind
from sync.held import stays
from sync.jobs import jobs_of
from sync.lane import Lane
from sync.ledger import Ledger
from sync.lists import Lists
from sync.outbox import Outbox
from sync.plan import Prepared, free, kinds, profiles
from sync.result import DestinationResult, confirmed, counted, sentence
from sync.tally import Tally
from sync.wire import Stopping, Wire

TAKES_NO_EVENTS = "this destination takes no events"
VANISHED = "the customer is no longer in the shop's orders"
LOST = (
    "the vendor lost the job, and it is not sent again now: the customer is no longer in the "
    "shop's orders, or the move is held"
)


class Way:
    """The way of all changes of a run to one destination."""

    def __init__(self, run: Delivering, prepared: Prepared, snapshot: Path) -> None:
        self.run = run
        self.prepared = prepared
        self.snapshot = snapshot
        self.target = prepared.target
        self.name = prepared.target.name
        self.ledger = Ledger(run.store, self.name)
        self.outbox = Outbox(run.store, self.name)
        secrets = self.target.connector.secrets()
        self.wire = Wire(run.pace, run.clock, run.stop, secrets=secrets, on_wait=self._waits)
        if self.target.transport is not None:
            self.target.transport.stop = run.stop
            self.target.transport.on_wait = self._waits
        self.halted: ConnectorError | Stopping | None = None
        self._calls = self._done = self._total = self._refused = self._held_back = 0
        self._delivered_at: float | None = None
        self._touched = not run.fresh
        self._note = ""
        self._lost: dict[str, set[str]] = {}
        self._lists = Lists(run, self.target, self.wire, self._advance)

    async def go(self) -> DestinationResult:
        """Deliver what can be delivered; raises only what must stop the whole run."""
        transport = self.target.transport
        before = (0, 0) if transport is None else (transport.requests, transport.writes)
        await self._settle_earlier()
        due = self._due_now()
        counts = due.counts
        run = self.run
        stay = stays(run.brake, self.name, run.run_id, due.difference, due.roster, run.approved)
        held = stay.moves
        waiting = await self._profiles(due, held) + await self._events(due, held)
        waiting += await self._members(due)
        if waiting and self.run.stop.is_set():
            self.halted = self.halted or Stopping()
        requests = (self._calls, self._calls)
        if transport is not None:
            requests = (transport.requests - before[0], transport.writes - before[1])
        if due is not self.prepared:
            due.close()
        rows = self._rows()
        result = counted(
            self.name,
            chain(*rows.values()),
            waiting=(waiting, self._held_back + (0 if held is None else held.moves)),
            requests=requests,
            vanished=counts.vanished,
            held=held,
            stopped_because=sentence(self.name, self.halted),
        )
        return replace(
            confirmed(result, self.target.connector, rows),
            held_lists=stay.lists,
            lists=self._lists.told() if self._touched else {},
        )

    async def _settle_earlier(self) -> None:
        """First the jobs that an earlier run, or this one before it was killed, left behind."""
        rows = jobs_of(self.run.store, self.name)
        for lane in (self._profile_lane(self._profile_book()), self._event_lane()):
            if lane is None or self.halted is not None:
                continue
            tickets = [row.ticket for row in rows if row.channel == lane.book.channel]
            if tickets:
                lane.take_over(tickets)
                await self._run(lane, iter(()), 0, "jobs of an earlier run")
                self._lost[lane.book.channel] = lane.lost
        if self.halted is None:
            self._touched |= await self._lists.settle_earlier(rows)
            self.halted = self._lists.halted

    def _tell_lost(self, book: Book, left: set[str]) -> None:
        """Count in this run what was in a job that the vendor lost, and is not sent again now."""
        if left:
            book.answered({change_id: Unsure(LOST) for change_id in sorted(left)})

    def _look_back(self, book: Book, due: set[str], stuck: set[str]) -> None:
        """Find out what this run has left unsure already, so that each is counted once.

        It is unsure, and neither held back nor waiting, until it is sent again.
        """
        left = book.left_unsure() if self._touched else set[str]()
        self._held_back -= len(left & stuck)
        book.left = left & due

    def _due_now(self) -> Prepared:
        """What was prepared, or computed anew where jobs of an earlier run have told more."""
        same = self.prepared.counts.in_flight == 0 and not self._lists.settled
        if same or self.prepared.difference is None:
            return self.prepared
        store, snapshot = self.run.store, self.snapshot
        difference = self.target.difference(store, snapshot)
        return Prepared(self.target, difference, self.target.roster(store, snapshot))

    async def _members(self, due: Prepared) -> int:
        """Change lists, property first; gives how many were never put on the wire."""
        if due.roster is None:
            return 0
        self._held_back += due.roster.waiting()
        going = due.roster.going()
        if going == 0 or self.halted is not None:
            return going
        self._begin(going, "lists")
        left = await self._lists.deliver(due.roster)
        self._calls += self._lists.calls
        self.halted = self._lists.halted
        return left

    async def _profiles(self, due: Prepared, held: Held | None) -> int:
        """Send the profiles; gives how many were never put on the wire."""
        planned = profiles(due.counts, held)
        book = self._profile_book()
        lane = self._profile_lane(book)
        if self._touched and due.difference is not None:
            again = set[str]().union(*map(due.difference.ids, kinds(held)))
            stuck = set[str]() if held is None else due.difference.ids(Kind.MOVE)
            self._tell_lost(book, self._lost.get(book.channel, set()) - again)
            self._look_back(book, again, stuck)
        if lane is None or due.difference is None or planned == 0 or self.halted is not None:
            return planned - len(book.left)
        taken = due.difference.addresses if self.target.connector.by_address() else None
        changes = book.changes(due.difference.entries(kinds(held)), taken)
        parts = batches(self.target.connector, lane.delivery, changes)
        await self._run(lane, parts, planned, "profiles")
        if book.moved:
            await self._arrivals(book)
        self._delivered_at = self.run.clock.monotonic()
        return planned - lane.taken - len(book.left)

    async def _arrivals(self, book: Profiles) -> None:
        """Send those who have a new address, once they are cleared at the old one."""
        lane = self._profile_lane(book)
        if lane is not None and self.halted is None:
            parts = batches(self.target.connector, lane.delivery, book.arrivals())
            await self._run(lane, parts, len(book.moved), "profiles at a new address")
        book.arrived()

    async def _events(self, due: Prepared, held: Held | None) -> int:
        """Send the events of those whose profile is accepted; gives how many still wait."""
        lane = self._event_lane()
        if lane is None:
            self._refuse(dict.fromkeys(self.outbox.waiting(), TAKES_NO_EVENTS))
            return 0
        waiting = self.outbox.waiting()
        free_now = set(free(waiting, due.difference, held))
        stuck = waiting.keys() - free_now
        self._held_back += len(stuck)
        self._tell_lost(lane.book, self._lost.get(lane.book.channel, set()) & stuck)
        again = self._part_from_vanished(waiting, due.difference, free_now)
        self._look_back(lane.book, free_now, stuck)
        if free_now and self.halted is None and await self._visible():
            ready = self._ready(lane.book, free_now, again)
            parts = batches(self.target.connector, lane.delivery, ready)
            await self._run(lane, parts, len(free_now), "events")
        return len(free_now) - self._refused - lane.taken - len(lane.book.left)

    async def _visible(self) -> bool:
        """Wait until the properties can be seen by what an event starts; False: asked to stop."""
        seconds = self.target.connector.seconds_until_visible()
        if self._delivered_at is None or not seconds:
            return True
        try:
            await self.wire.pause(self._delivered_at + seconds - self.run.clock.monotonic())
        except Stopping as stopping:
            self.halted = stopping
            return False
        return True

    def _part_from_vanished(
        self, waiting: Mapping[str, str], difference: Difference | None, free_now: set[str]
    ) -> set[str]:
        """Refuse the events of vanished customers, for no profile will ever go before them.

        Gives those that were on the wire before: they go again, under the same id, to be sure.
        """
        if not waiting or difference is None:
            return set()
        vanished = difference.vanished(waiting.values())
        theirs = {event_id for event_id, customer in waiting.items() if customer in vanished}
        again = theirs.intersection(self.outbox.adrift())
        self._refuse(dict.fromkeys(sorted(theirs - again), VANISHED))
        free_now -= theirs - again
        return again

    def _ready(self, book: Book, free_now: set[str], again: set[str]) -> Iterator[Track]:
        """The events that may go now; those of refused profiles are refused on the way."""
        for page in self.outbox.due():
            ours = [
                event for event in page if event.change.id in (again if event.again else free_now)
            ]
            refused = {e.change.id: e.refused for e in ours if e.refused is not None}
            self._refused += len(refused)
            self._refuse(refused)
            book.left.difference_update(refused)
            yield from (event.change for event in ours if event.refused is None)

    def _refuse(self, reasons: dict[str, str]) -> None:
        if reasons:
            self._touched = True
            outcomes = {event_id: Rejected(why) for event_id, why in reasons.items()}
            self.outbox.answered(outcomes, self.run.run_id, self.run.clock.now())

    async def _run(self, lane: Lane, parts: Iterator[Batch[Any]], total: int, note: str) -> None:
        self._begin(total, note)
        await lane.run(parts)
        self._calls += lane.calls
        self.halted = self.halted or lane.halted

    def _begin(self, total: int, note: str) -> None:
        self._touched = True
        self._total, self._done, self._note = total, 0, note
        self._advance(0)

    def _advance(self, count: int) -> None:
        self._done += count
        self.run.progress.advance(self.name, self._done, self._total, self._note)

    def _waits(self, seconds: float) -> None:
        self.run.progress.wait(self.name, seconds)

    def _rows(self) -> dict[type[Change], list[Tally]]:
        if not self._touched:
            return {}
        run_id = self.run.run_id
        told, events = self.ledger.tally(run_id), self.outbox.tally(run_id)
        return {Identify: told, Track: events, Enter: self._lists.tally()}

    def _profile_book(self) -> Profiles:
        return Profiles(self.ledger, self.run.run_id, self.run.clock)

    def _profile_lane(self, book: Profiles) -> Lane | None:
        delivery = self.target.connector.delivery(Identify)
        if delivery is None:
            return None
        return Lane(self.target, delivery, book, self.wire, self.run.store, self._advance)

    def _event_lane(self) -> Lane | None:
        delivery = self.target.connector.delivery(Track)
        if delivery is None:
            return None
        book = Events(self.outbox, self.run.run_id, self.run.clock, repeatable=delivery.idempotent)
        if book.drift():
            self._touched = True
        return Lane(self.target, delivery, book, self.wire, self.run.store, self._advance)
