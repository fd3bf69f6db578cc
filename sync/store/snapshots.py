"""The published state: one row that points to a file, with the moves and events that go with it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import asdict
from datetime import datetime
from itertools import islice
from typing import Any, TypeVar

import pyarrow as pa
import pyarrow.compute as pc
import sqlalchemy as sa
from sqlalchemy.engine import Connection

from sync.failpoints import reach
from sync.store.database import Database
from sync.store.dialect import upsert
from sync.store.records import Moved, NewSnapshot, OutboxEvent, Snapshot, Transition
from sync.store.tables import outbox, snapshots, transitions

#: Rows that are handed to the database at a time.
CHUNK = 20_000

T = TypeVar("T")


class Snapshots(Database):
    """Publishing, and asking what was published."""

    def publish(
        self, snapshot: NewSnapshot, moves: pa.Table, events: Iterable[OutboxEvent]
    ) -> Snapshot:
        """Make a snapshot the published state, with its transitions and events, in one transaction.

        ``moves`` has the columns customer_id, scheme, from_segment (null if first seen),
        to_segment, cause. Those first seen are left out when nothing was published before: they
        stand in the snapshot. A run publishes once: when repeated, what stands is returned and
        nothing is written. An event whose id is known is not written again.
        """
        with self.begin() as connection:
            there = _one(connection, sa.select(snapshots).where(_is_of(snapshot.run_id)))
            if there is not None:
                return there
            first = connection.execute(sa.select(snapshots.c.id).limit(1)).scalar() is None
            key = connection.execute(
                sa.insert(snapshots).values(**asdict(snapshot))
            ).inserted_primary_key
            _insert(connection, sa.insert(transitions), _rows(snapshot, moves, first=first))
            reach("publish.half")
            new = upsert(connection, outbox, ("id",), None)
            _insert(connection, new, (_waiting(e, snapshot) for e in events))
        reach("publish.done")
        return Snapshot(**asdict(snapshot), id=int(key[0]) if key is not None else 0)

    def latest_snapshot(self) -> Snapshot | None:
        """The published state, None before the first."""
        with self.read() as connection:
            return _one(connection, sa.select(snapshots).order_by(snapshots.c.id.desc()).limit(1))

    def recent_snapshots(self, count: int) -> list[Snapshot]:
        """The published state and those before it, newest first."""
        query = sa.select(snapshots).order_by(snapshots.c.id.desc()).limit(count)
        with self.read() as connection:
            return [Snapshot(**row) for row in connection.execute(query).mappings()]

    def snapshot_of(self, run_id: str) -> Snapshot | None:
        """What that run published, None if it has not yet."""
        with self.read() as connection:
            return _one(connection, sa.select(snapshots).where(_is_of(run_id)))

    def snapshot_before(self, snapshot: Snapshot) -> Snapshot | None:
        """What was published before that one."""
        query = sa.select(snapshots).where(snapshots.c.id < snapshot.id)
        with self.read() as connection:
            return _one(connection, query.order_by(snapshots.c.id.desc()).limit(1))

    def some_moved(self, run_id: str, limit: int) -> list[Transition]:
        """Some customers who moved in a run, by id: who, where from and to, and why."""
        t = transitions.c
        query = (
            sa.select(t.customer_id, t.scheme, t.from_segment, t.to_segment, t.cause)
            .where(t.run_id == run_id)
            .order_by(t.customer_id, t.scheme)
            .limit(limit)
        )
        with self.read() as connection:
            return [Transition(*row) for row in connection.execute(query)]

    def transitions_of(self, run_id: str) -> list[Moved]:
        """The moves of a run counted by scheme, from, to and cause; the largest first."""
        t = transitions.c
        kinds = (t.scheme, t.from_segment, t.to_segment, t.cause)
        query = (
            sa.select(*kinds, sa.func.count().label("customers"))
            .where(t.run_id == run_id)
            .group_by(*kinds)
        )
        with self.read() as connection:
            found = [Moved(*row) for row in connection.execute(query)]
        return sorted(
            found,
            key=lambda m: (m.scheme, -m.customers, m.from_segment or "", m.to_segment, m.cause),
        )

    def history(self, customer_id: str) -> list[Transition]:
        """The stored moves of one customer, oldest first."""
        t = transitions.c
        query = (
            sa.select(
                t.customer_id,
                t.scheme,
                t.from_segment,
                t.to_segment,
                t.cause,
                t.run_id,
                t.as_of,
            )
            .where(t.customer_id == customer_id)
            .order_by(t.id)
        )
        with self.read() as connection:
            return [Transition(*row) for row in connection.execute(query)]


def _is_of(run_id: str) -> sa.ColumnElement[bool]:
    return snapshots.c.run_id == run_id


def _one(connection: Connection, query: sa.Select[Any]) -> Snapshot | None:
    row = connection.execute(query).mappings().one_or_none()
    return None if row is None else Snapshot(**row)


def _rows(snapshot: NewSnapshot, moves: pa.Table, *, first: bool) -> Iterator[dict[str, Any]]:
    fixed = {"run_id": snapshot.run_id, "as_of": snapshot.as_of}
    columns = ["customer_id", "scheme", "from_segment", "to_segment", "cause"]
    kept = moves.select(columns)
    if first:
        kept = kept.filter(pc.field("from_segment").is_valid())
    for batch in kept.to_batches(max_chunksize=CHUNK):
        for row in batch.to_pylist():
            yield fixed | row


def _waiting(event: OutboxEvent, snapshot: NewSnapshot) -> dict[str, Any]:
    at: datetime = snapshot.created_at
    return asdict(event) | {"mark": "new", "run_id": snapshot.run_id, "updated_at": at}


def _insert(connection: Connection, statement: sa.Insert, rows: Iterable[dict[str, Any]]) -> None:
    for chunk in _chunks(rows, CHUNK):
        connection.execute(statement, chunk)


def _chunks(rows: Iterable[T], size: int) -> Iterator[list[T]]:
    left = iter(rows)
    while chunk := list(islice(left, size)):
        yield chunk
