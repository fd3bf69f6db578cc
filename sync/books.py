"""The two books of a destination, with one face: profiles in the ledger, events in the outbox."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any, Protocol

from connectors.types import Batch, Change, Identify, Outcome, Person, Track, Unsure
from sync.clock import Clock
from sync.difference import Kind
from sync.ledger import Entry, Ledger, Mark, Standing
from sync.left_behind import ON_THE_WAY, Taken, at, cleared, departures
from sync.left_behind import left as leaving
from sync.outbox import EventMark, Outbox
from sync.values import Sent, load

#: Customers whose last accepted values are looked up at a time.
LOOKUP = 5_000

FORGOTTEN = "the vendor no longer knows the job, and cannot tell a repeat"
ENDED = "the process ended while it was on the wire, and this destination cannot tell a repeat"


class Book(Protocol):
    """Where the protocol of delivery is written down; each method is one transaction."""

    channel: str
    kind: type[Change]
    #: Changes that an earlier process of this run left unsure, and that were not sent again since.
    left: set[str]

    def left_unsure(self) -> set[str]:
        """Changes that this run put on the wire without an answer until now, in no job."""
        ...

    def unsure(self, batch: Batch[Any]) -> None:
        """Step 1: before the wire."""
        ...

    def answered(self, outcomes: Mapping[str, Outcome], *, settles: str | None = None) -> None:
        """Step 3: after the answer, by change id."""
        ...

    def ticketed(self, ids: Sequence[str], ticket: str) -> None:
        """Step 3, when the answer is a ticket."""
        ...

    def lost(self, ticket: str) -> None:
        """The ticket is worth nothing any more."""
        ...

    def untouched(self, ids: Iterable[str]) -> int:
        """They were not sent, or surely without effect: they stand as they stood before.

        Gives how many wait thereby. What may have arrived in an earlier attempt stays unsure.
        """
        ...

    def batch_of(self, ticket: str, ids: Sequence[str] | None = None) -> Batch[Any]:
        """What went out under that ticket, in the same order; ``ids``: whose it is, if known."""
        ...

    def again(self, ticket: str, ids: Sequence[str]) -> Batch[Any]:
        """What went out under that ticket, outstanding again: it will be sent once more."""
        ...


class Profiles:
    """Changes of properties; what is outstanding stays in memory until its answer is written.

    An answer may be a ticket: a job that takes an hour is not waited for with all its values.
    """

    channel = "attributes"
    kind: type[Change] = Identify

    def __init__(self, ledger: Ledger, run_id: str, clock: Clock) -> None:
        self.ledger = ledger
        #: Whether what is answered is left to the runs that sent it.
        self.others = False
        self.run_id = run_id
        self.clock = clock
        self._entries: dict[str, Entry] = {}
        #: How those stood who have never been on the wire in this run; None: without a row.
        self._before: dict[str, Standing | None] = {}
        #: Those who are first cleared at the address that they have left.
        self.moved: list[Entry] = []
        self.left: set[str] = set()

    def left_unsure(self) -> set[str]:
        """Changes that this run put on the wire without an answer until now, in no job."""
        return self.ledger.adrift(self.run_id)

    def changes(
        self, due: Iterable[tuple[Entry, Kind]], taken: Taken | None = None
    ) -> Iterator[Identify]:
        """The changes for what is due, each with what the destination is known to hold.

        ``taken`` where people are known by their address: who has left one is cleared there, and
        stands in ``moved``; ``arrivals`` are then the changes at the new one.
        """
        left = iter(due)
        while some := [entry for entry, _ in islice(left, LOOKUP)]:
            standing = self.ledger.standing([entry.customer_id for entry in some])
            parting = {} if taken is None else departures(some, standing, taken)
            for entry in some:
                key = entry.customer_id
                before = self._before[key] = standing.get(key)
                sent = parting[key] if key in parting else cleared(entry, before)
                if sent.wanted != entry.wanted:
                    self.moved.append(entry)
                self._entries[key] = sent
                yield _due(sent, before, by_address=taken is not None)

    def arrivals(self) -> Iterator[Identify]:
        """Of those who have moved the ones of whom it is known what became of the old address."""
        moved = iter(self.moved)
        while some := list(islice(moved, LOOKUP)):
            standing = self.ledger.standing([entry.customer_id for entry in some])
            for entry in some:
                before = standing.get(entry.customer_id)
                if before is not None and before.mark is not Mark.UNSURE:
                    self._before[entry.customer_id] = before
                    self._entries[entry.customer_id] = entry
                    yield _identify(entry, None)

    def arrived(self) -> None:
        """Those who were cleared where they were, and not written where they are, are unsure."""
        standing = self.ledger.standing([entry.customer_id for entry in self.moved])
        late = [
            key
            for key, row in standing.items()
            if row.mark is Mark.ACKED and row.wanted == leaving(key)
        ]
        if late:
            self.answered({key: Unsure(ON_THE_WAY) for key in late})

    def unsure(self, batch: Batch[Any]) -> None:
        """Step 1: before the wire."""
        entries = [self._entries[change.id] for change in batch]
        self.ledger.unsure(entries, self.run_id, self.clock.now())
        self.left.difference_update(change.id for change in batch)

    def answered(self, outcomes: Mapping[str, Outcome], *, settles: str | None = None) -> None:
        """Step 3: after the answer, by change id."""
        run_id = None if self.others else self.run_id
        self.ledger.answered(outcomes, run_id, self.clock.now(), settles=settles)
        for change_id in outcomes:
            self._entries.pop(change_id, None)
            self._before.pop(change_id, None)

    def ticketed(self, ids: Sequence[str], ticket: str) -> None:
        """Step 3, when the answer is a ticket."""
        self.ledger.ticketed(ids, ticket, self.kind.__name__, self.clock.now())
        for change_id in ids:
            self._entries.pop(change_id, None)
            self._before.pop(change_id, None)

    def lost(self, ticket: str) -> None:
        """The ticket is worth nothing any more."""
        self.ledger.lost(ticket)

    def untouched(self, ids: Iterable[str]) -> int:
        """They were not sent, or surely without effect: they stand as they stood before."""
        back = {change_id: self._before[change_id] for change_id in self._before.keys() & ids}
        sure = {
            change_id: before
            for change_id, before in back.items()
            if before is None or before.mark is not Mark.UNSURE
        }
        self.ledger.put_back(sure)
        return len(sure)

    def batch_of(self, ticket: str, ids: Sequence[str] | None = None) -> Batch[Any]:
        """What went out under that ticket, in the same order; ``ids``: whose it is, if known."""
        return _batch(self.ledger.on_the_wire(ticket, ids))

    def again(self, ticket: str, ids: Sequence[str]) -> Batch[Any]:
        """What went out under that ticket, outstanding again: it will be sent once more."""
        entries = self.ledger.on_the_wire(ticket, ids)
        self._entries.update({entry.customer_id: entry for entry in entries})
        return _batch(entries)


class Events:
    """Events. Where the vendor cannot tell a repeat, what is unsure becomes unknown."""

    channel = "events"
    kind: type[Change] = Track

    def __init__(
        self, outbox: Outbox, run_id: str, clock: Clock, *, repeatable: bool = True
    ) -> None:
        self.outbox = outbox
        self.run_id = run_id
        self.clock = clock
        self.repeatable = repeatable
        self._fresh: set[str] = set()
        self.left: set[str] = set()

    def left_unsure(self) -> set[str]:
        """Changes that this run put on the wire without an answer until now, in no job."""
        return set(self.outbox.adrift(self.run_id))

    def unsure(self, batch: Batch[Any]) -> None:
        """Step 1: before the wire."""
        ids = [change.id for change in batch]
        self._fresh |= self.outbox.never_sent(ids)
        self.outbox.unsure(ids, self.run_id, self.clock.now())
        self.left.difference_update(ids)

    def answered(self, outcomes: Mapping[str, Outcome], *, settles: str | None = None) -> None:
        """Step 3: after the answer, by change id."""
        lost = EventMark.UNSURE if self.repeatable else EventMark.UNKNOWN
        now = self.clock.now()
        self.outbox.answered(outcomes, self.run_id, now, unsure_as=lost, settles=settles)
        self._fresh -= outcomes.keys()

    def ticketed(self, ids: Sequence[str], ticket: str) -> None:
        """Step 3, when the answer is a ticket."""
        self.outbox.ticketed(ids, ticket, self.kind.__name__, self.clock.now())
        self._fresh.difference_update(ids)

    def lost(self, ticket: str) -> None:
        """The ticket is worth nothing any more."""
        if self.repeatable:
            self.outbox.lost(ticket)
            return
        ids = [due.change.id for due in self.outbox.on_the_wire(ticket)]
        self.answered({event_id: Unsure(FORGOTTEN) for event_id in ids}, settles=ticket)

    def untouched(self, ids: Iterable[str]) -> int:
        """They were not sent, or surely without effect: they may go again."""
        back = sorted(self._fresh.intersection(ids))
        self.outbox.untouched(back, self.run_id, self.clock.now())
        return len(back)

    def batch_of(self, ticket: str, ids: Sequence[str] | None = None) -> Batch[Any]:  # noqa: ARG002
        """What went out under that ticket, in the same order."""
        return Batch(tuple(due.change for due in self.outbox.on_the_wire(ticket)))

    def again(self, ticket: str, ids: Sequence[str]) -> Batch[Any]:
        """What went out under that ticket, outstanding again: it will be sent once more."""
        return self.batch_of(ticket, ids)

    def drift(self) -> int:
        """Give up what an earlier process left on the wire, if a repeat would count; how many."""
        adrift = [] if self.repeatable else self.outbox.adrift()
        if adrift:
            self.answered({event_id: Unsure(ENDED) for event_id in adrift})
        return len(adrift)


def _due(entry: Entry, before: Standing | None, *, by_address: bool) -> Identify:
    """The change, with what its destination is known to hold."""
    if before is None:
        return _identify(entry, None, first=True)
    known = before.accepted if before.mark is Mark.ACKED else None
    if by_address and known is not None and not at(known, entry.value):
        known = None
    return _identify(entry, None if known is None else load(known))


def _batch(entries: Sequence[Entry]) -> Batch[Identify]:
    return Batch(tuple(_identify(entry, None) for entry in entries))


def _identify(entry: Entry, known: Sent | None, *, first: bool = False) -> Identify:
    sent = load(entry.value)
    person = Person(entry.customer_id, sent.email, sent.phone)
    held = None if known is None else known.properties
    return Identify(entry.customer_id, person, sent.properties, held, first)
