"""The book of one list: who joins it or leaves it, by the protocol of delivery."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Any

import sqlalchemy as sa

from connectors.types import Batch, Change, Enter, Exit, Person
from sync.audiences import channel_of
from sync.books import LOOKUP, Profiles
from sync.clock import Clock
from sync.ledger import ATTRIBUTES, Entry, Ledger, Mark
from sync.store import Store
from sync.store.tables import ledger
from sync.values import load


class Members(Profiles):
    """Changes of one kind to one list. ``vendor_id`` is by what the vendor knows the list."""

    def __init__(
        self,
        store: Store,
        destination: str,
        name: str,
        kind: type[Enter | Exit],
        vendor_id: str,
        run_id: str,
        clock: Clock,
    ) -> None:
        super().__init__(Ledger(store, destination, channel_of(name)), run_id, clock)
        self.channel = channel_of(name)
        self.kind: type[Change] = kind
        self._make = kind
        self._vendor_id = vendor_id

    def moves(self, due: Iterable[Entry]) -> Iterator[Enter | Exit]:
        """The changes that may go now: property first, list second.

        To join a list the customer's profile must be accepted as it is wanted; to leave it is
        enough that nothing of the profile is under way.
        """
        left = iter(due)
        while some := list(islice(left, LOOKUP)):
            ids = [entry.customer_id for entry in some]
            marks, standing = self._profiles(ids), self.ledger.standing(ids)
            for entry in some:
                mark = marks.get(entry.customer_id)
                if mark is Mark.UNSURE or (self.kind is Enter and mark is not Mark.ACKED):
                    continue
                self._entries[entry.customer_id] = entry
                self._before[entry.customer_id] = standing.get(entry.customer_id)
                yield self._change(entry)

    def batch_of(self, ticket: str, ids: Sequence[str] | None = None) -> Batch[Any]:
        """What went out under that ticket, in the same order; ``ids``: whose it is, if known."""
        return self._batch(self.ledger.on_the_wire(ticket, ids))

    def again(self, ticket: str, ids: Sequence[str]) -> Batch[Any]:
        """What went out under that ticket, outstanding again: it will be sent once more."""
        entries = self.ledger.on_the_wire(ticket, ids)
        self._entries.update({entry.customer_id: entry for entry in entries})
        return self._batch(entries)

    def _batch(self, entries: Sequence[Entry]) -> Batch[Any]:
        return Batch(tuple(map(self._change, entries)))

    def _change(self, entry: Entry) -> Enter | Exit:
        sent = load(entry.value)
        person = Person(entry.customer_id, sent.email, sent.phone)
        return self._make(entry.customer_id, person, self._vendor_id)

    def _profiles(self, ids: Sequence[str]) -> dict[str, Mark]:
        """How the profiles of these customers stand; at most as many as one query may name."""
        query = sa.select(ledger.c.customer_id, ledger.c.mark).where(
            ledger.c.destination == self.ledger.destination,
            ledger.c.channel == ATTRIBUTES,
            ledger.c.customer_id.in_(ids),
        )
        with self.ledger.store.read() as connection:
            return {row[0]: Mark(row[1]) for row in connection.execute(query)}
