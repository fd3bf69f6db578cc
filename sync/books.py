"""The two books of a destination, with one face: profiles in the ledger, events in the outbox."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any, Protocol

from connectors.types import Batch, Change, Identify, Outcome, Person, Track, Unsure
from sync.clock import Clock
from sync.difference import Kind
from sync.ledger import Entry, Ledger
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

    def untouched(self, ids: Sequence[str]) -> int:
        """They were not sent, or surely without effect; how many thereby wait as before."""
        ...

    def batch_of(self, ticket: str) -> Batch[Any]:
        """What went out under that ticket, in the same order."""
        ...


class Profiles:
    """Changes of properties; what is outstanding stays in memory until its answer is written."""

    channel = "attributes"
    kind: type[Change] = Identify

    def __init__(self, ledger: Ledger, run_id: str, clock: Clock) -> None:
        self.ledger = ledger
        self.run_id = run_id
        self.clock = clock
        self._entries: dict[str, Entry] = {}

    def changes(self, due: Iterable[tuple[Entry, Kind]]) -> Iterator[Identify]:
        """The changes for what is due, each with what the destination is known to hold."""
        left = iter(due)
        while some := list(islice(left, LOOKUP)):
            held = [entry.customer_id for entry, kind in some if kind is not Kind.ENTRY]
            known = self.ledger.accepted(held, acked_only=True) if held else {}
            for entry, _ in some:
                self._entries[entry.customer_id] = entry
                last = known.get(entry.customer_id)
                yield _identify(entry, None if last is None else load(last))

    def unsure(self, batch: Batch[Any]) -> None:
        """Step 1: before the wire."""
        entries = [self._entries[change.id] for change in batch]
        self.ledger.unsure(entries, self.run_id, self.clock.now())

    def answered(self, outcomes: Mapping[str, Outcome], *, settles: str | None = None) -> None:
        """Step 3: after the answer, by change id."""
        self.ledger.answered(outcomes, self.run_id, self.clock.now(), settles=settles)
        for change_id in outcomes:
            self._entries.pop(change_id, None)

    def ticketed(self, ids: Sequence[str], ticket: str) -> None:
        """Step 3, when the answer is a ticket."""
        self.ledger.ticketed(ids, ticket, self.kind.__name__, self.clock.now())

    def lost(self, ticket: str) -> None:
        """The ticket is worth nothing any more."""
        self.ledger.lost(ticket)

    def untouched(self, ids: Sequence[str]) -> int:  # noqa: ARG002 - see Book
        """A profile may go again at any time: it stays unsure."""
        return 0

    def batch_of(self, ticket: str) -> Batch[Any]:
        """What went out under that ticket, in the same order."""
        entries = self.ledger.on_the_wire(ticket)
        return Batch(tuple(_identify(entry, None) for entry in entries))


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

    def unsure(self, batch: Batch[Any]) -> None:
        """Step 1: before the wire."""
        self.outbox.unsure([change.id for change in batch], self.run_id, self.clock.now())

    def answered(self, outcomes: Mapping[str, Outcome], *, settles: str | None = None) -> None:
        """Step 3: after the answer, by change id."""
        lost = EventMark.UNSURE if self.repeatable else EventMark.UNKNOWN
        now = self.clock.now()
        self.outbox.answered(outcomes, self.run_id, now, unsure_as=lost, settles=settles)

    def ticketed(self, ids: Sequence[str], ticket: str) -> None:
        """Step 3, when the answer is a ticket."""
        self.outbox.ticketed(ids, ticket, self.kind.__name__, self.clock.now())

    def lost(self, ticket: str) -> None:
        """The ticket is worth nothing any more."""
        if self.repeatable:
            self.outbox.lost(ticket)
            return
        ids = [due.change.id for due in self.outbox.on_the_wire(ticket)]
        self.answered({event_id: Unsure(FORGOTTEN) for event_id in ids}, settles=ticket)

    def untouched(self, ids: Sequence[str]) -> int:
        """They were not sent, or surely without effect: they may go again."""
        if self.repeatable:
            return 0
        self.outbox.untouched(ids, self.run_id, self.clock.now())
        return len(ids)

    def batch_of(self, ticket: str) -> Batch[Any]:
        """What went out under that ticket, in the same order."""
        return Batch(tuple(due.change for due in self.outbox.on_the_wire(ticket)))

    def drift(self) -> int:
        """Give up what an earlier process left on the wire, if a repeat would count; how many."""
        adrift = [] if self.repeatable else self.outbox.adrift()
        if adrift:
            self.answered({event_id: Unsure(ENDED) for event_id in adrift})
        return len(adrift)


def _identify(entry: Entry, known: Sent | None) -> Identify:
    sent = load(entry.value)
    person = Person(entry.customer_id, sent.email, sent.phone)
    held = None if known is None else known.properties
    return Identify(entry.customer_id, person, sent.properties, held)
