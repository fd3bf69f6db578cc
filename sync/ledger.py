"""The ledger: for each destination and customer what was sent last, and what became of it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from connectors.http import mask
from connectors.types import Delivered, Outcome, Rejected
from sync.jobs import begin_job, end_job
from sync.store import Store
from sync.store.dialect import execute_many, one_of, plain_moment, upsert
from sync.store.tables import ledger
from sync.tally import Tally, tally
from sync.values import Sent, load

#: The channel of properties; audiences and others get their own.
ATTRIBUTES = "attributes"
#: What marking a row as unsure overwrites; a ticket is not among it, as who has one is not due.
_PUT_BACK = ("wanted", "value", "mark", "reason", "run_id", "updated_at")
#: Keys that one query may name, below every database's limit of parameters.
KEYS = 5_000


class Mark(StrEnum):
    """What is known of a row."""

    #: The destination holds ``wanted``.
    ACKED = "acked"
    #: It may or may not: it was put on the wire and no answer stands here. Sent again.
    UNSURE = "unsure"
    #: The destination will not take this very value.
    REFUSED = "refused"


#: What many rows at once become; a run of None leaves each to its own.
_BECOMES: Mapping[str, Mapping[str, Any]] = MappingProxyType(
    {
        "acked": {
            "mark": Mark.ACKED.value,
            "accepted": ledger.c.value,
            "value": None,
            "reason": None,
            "ticket": None,
            "run_id": sa.func.coalesce(sa.bindparam("run", type_=sa.String()), ledger.c.run_id),
            "updated_at": sa.bindparam("now"),
        },
        "ticketed": {"ticket": sa.bindparam("taken_as")},
    }
)


@dataclass(frozen=True, slots=True)
class Entry:
    """What is about to be put on the wire for one customer; ``value`` as ``sync.values`` has it."""

    customer_id: str
    wanted: str
    value: str


@dataclass(frozen=True, slots=True)
class Standing:
    """A row as it stands before its customer is put on the wire."""

    wanted: str
    value: str | None
    mark: Mark
    accepted: str | None
    reason: str | None
    run_id: str
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class LedgerRow:
    """One customer at one destination, for a person to read."""

    destination: str
    channel: str
    mark: Mark
    accepted: Sent | None
    reason: str | None
    updated_at: datetime


class Ledger:
    """The rows of one channel of one destination. Every method that writes is one transaction."""

    def __init__(self, store: Store, destination: str, channel: str = ATTRIBUTES) -> None:
        self.store = store
        self.destination = destination
        self.channel = channel
        self.mine = (ledger.c.destination == destination, ledger.c.channel == channel)
        self._updates: dict[str, sa.Update] = {}

    # before the wire

    def unsure(self, entries: Sequence[Entry], run_id: str, at: datetime) -> None:
        """Write down what is about to be sent. Until an answer stands here it counts as unsure."""
        keys = ("destination", "channel", "customer_id")
        columns = ("wanted", "value", "mark", "reason", "ticket", "run_id", "updated_at")
        with self.store.begin() as connection:
            rows = {
                "destination": self.destination,
                "channel": self.channel,
                "customer_id": [entry.customer_id for entry in entries],
                "wanted": [entry.wanted for entry in entries],
                "value": [entry.value for entry in entries],
                "mark": Mark.UNSURE.value,
                "reason": None,
                "ticket": None,
                "run_id": run_id,
                "updated_at": plain_moment(connection, at),
            }
            execute_many(connection, upsert(connection, ledger, keys, columns), rows)

    # after the answer

    def answered(
        self,
        outcomes: Mapping[str, Outcome],
        run_id: str | None,
        at: datetime,
        *,
        settles: str | None = None,
    ) -> None:
        """Write down what became of them, by customer id; ``settles`` ends that job as well.

        ``run_id`` None leaves each to the run that sent it, whose report then counts it.
        """
        acked = [key for key, outcome in outcomes.items() if isinstance(outcome, Delivered)]
        with self.store.begin() as connection:
            columns = {"keys": acked, "run": run_id, "now": plain_moment(connection, at)}
            execute_many(connection, self._those(connection, "acked"), columns)
            self._others(connection, outcomes, run_id, at)
            if settles is not None:
                end_job(connection, self.destination, settles)

    def ticketed(self, ids: Iterable[str], ticket: str, kind: str, at: datetime) -> None:
        """The vendor took them as a job: write the ticket down, to ask again and not send again."""
        with self.store.begin() as connection:
            begin_job(connection, self.destination, ticket, kind, self.channel, at)
            columns = {"keys": list(ids), "taken_as": ticket}
            execute_many(connection, self._those(connection, "ticketed"), columns)

    def lost(self, ticket: str) -> None:
        """The vendor no longer knows the job: its rows are unsure and may be sent again."""
        with self.store.begin() as connection:
            connection.execute(
                sa.update(ledger).where(*self.mine, ledger.c.ticket == ticket).values(ticket=None)
            )
            end_job(connection, self.destination, ticket)

    def put_back(self, before: Mapping[str, Standing | None]) -> None:
        """Make the rows what they were before they were marked; None: there was no row."""
        gone = [key for key, row in before.items() if row is None]
        # a column's own name is taken by the statement that sets it
        rows = [
            {"key": key, **{f"was_{name}": getattr(row, name) for name in _PUT_BACK}}
            for key, row in before.items()
            if row is not None
        ]
        with self.store.begin() as connection:
            for some in slices(gone, KEYS):
                ours = (*self.mine, ledger.c.customer_id.in_(some))
                connection.execute(sa.delete(ledger).where(*ours))
            if rows:
                values: dict[str, Any] = {name: sa.bindparam(f"was_{name}") for name in _PUT_BACK}
                connection.execute(self._by_key().values(**values), rows)

    def _others(
        self,
        connection: Connection,
        outcomes: Mapping[str, Outcome],
        run_id: str | None,
        at: datetime,
    ) -> None:
        rows = [
            (key, Mark.REFUSED if isinstance(outcome, Rejected) else Mark.UNSURE, outcome.reason)
            for key, outcome in outcomes.items()
            if not isinstance(outcome, Delivered)
        ]
        if rows:
            statement = self._by_key().values(
                mark=sa.bindparam("becomes"),
                reason=sa.bindparam("why"),
                ticket=None,
                run_id=ledger.c.run_id if run_id is None else run_id,
                updated_at=at,
            )
            connection.execute(
                statement,
                [{"key": key, "becomes": m.value, "why": mask(why)} for key, m, why in rows],
            )

    def _those(self, connection: Connection, becomes: str) -> sa.Update:
        """Kept, as compiling such a statement takes as long as writing 75 rows by it."""
        if becomes not in self._updates:
            theirs = one_of(connection, ledger.c.customer_id, "keys")
            statement = sa.update(ledger).where(*self.mine, theirs).values(_BECOMES[becomes])
            self._updates[becomes] = statement
        return self._updates[becomes]

    def _by_key(self) -> sa.Update:
        return sa.update(ledger).where(*self.mine, ledger.c.customer_id == sa.bindparam("key"))

    # asking

    def accepted(self, ids: Sequence[str]) -> dict[str, str]:
        """What was last accepted of these customers, as ``sync.values`` has it."""
        query = sa.select(ledger.c.customer_id, ledger.c.accepted).where(
            *self.mine, ledger.c.accepted.is_not(None)
        )
        found: dict[str, str] = {}
        with self.store.read() as connection:
            for some in slices(ids, KEYS):
                rows = connection.execute(query.where(ledger.c.customer_id.in_(some)))
                found.update((row[0], row[1]) for row in rows)
        return found

    def standing(self, ids: Sequence[str]) -> dict[str, Standing]:
        """How these customers stand; who was never on the wire is not among them."""
        names = ("wanted", "value", "mark", "accepted", "reason", "run_id", "updated_at")
        query = sa.select(ledger.c.customer_id, *(ledger.c[name] for name in names))
        found: dict[str, Standing] = {}
        with self.store.read() as connection:
            for some in slices(ids, KEYS):
                ours = (*self.mine, ledger.c.customer_id.in_(some))
                rows: list[Any] = list(connection.execute(query.where(*ours)))
                found.update((r[0], Standing(r[1], r[2], Mark(r[3]), *r[4:])) for r in rows)
        return found

    def on_the_wire(self, ticket: str, ids: Sequence[str] | None = None) -> list[Entry]:
        """The rows of a job, by customer id; faster by far if it is known whose they are."""
        query = sa.select(ledger.c.customer_id, ledger.c.wanted, ledger.c.value).where(
            *self.mine, ledger.c.ticket == ticket
        )
        parts = [query]
        if ids is not None:
            parts = [query.where(ledger.c.customer_id.in_(some)) for some in slices(ids, KEYS)]
        with self.store.read() as connection:
            rows = [Entry(*row) for part in parts for row in connection.execute(part)]
        return sorted(rows, key=lambda entry: entry.customer_id)

    def adrift(self, run_id: str) -> set[str]:
        """Customers whom this run put on the wire without an answer since, in no job."""
        query = sa.select(ledger.c.customer_id).where(
            *self.mine,
            ledger.c.mark == Mark.UNSURE.value,
            ledger.c.ticket.is_(None),
            ledger.c.run_id == run_id,
        )
        with self.store.read() as connection:
            return set(connection.execute(query).scalars())

    def tally(self, run_id: str) -> list[Tally]:
        """What became of the rows that this run touched or that are still in a job."""
        return tally(self.store, ledger, sa.and_(*self.mine), run_id)


def rows_of(
    store: Store, customer_id: str, destinations: Sequence[str], channel: str = ATTRIBUTES
) -> list[LedgerRow]:
    """What these destinations last accepted of one customer, and how that stands."""
    query = (
        sa.select(ledger)
        .where(ledger.c.destination.in_(list(destinations)), ledger.c.channel == channel)
        .where(ledger.c.customer_id == customer_id)
        .order_by(ledger.c.destination, ledger.c.channel)
    )
    with store.read() as connection:
        return [
            LedgerRow(
                row.destination,
                row.channel,
                Mark(row.mark),
                None if row.accepted is None else load(row.accepted),
                row.reason,
                row.updated_at,
            )
            for row in connection.execute(query)
        ]


def slices(keys: Sequence[str], size: int) -> Iterator[Sequence[str]]:
    """The keys, so many at a time."""
    for start in range(0, len(keys), size):
        yield keys[start : start + size]
