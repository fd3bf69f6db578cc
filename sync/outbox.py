"""The outbox: events that wait to be sent, each with a stable id, and what became of them."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

import pyarrow as pa
import pyarrow.compute as pc
import sqlalchemy as sa
from sqlalchemy.engine import Connection

from connectors.http import mask
from connectors.types import Delivered, Outcome, Person, Rejected, Track
from sync.jobs import begin_job, end_job
from sync.ledger import ATTRIBUTES, KEYS, Ledger, slices
from sync.names import Names
from sync.projection import Projection
from sync.store import OutboxEvent, Store
from sync.store.dialect import execute_many, one_of, plain_moment
from sync.store.tables import ledger, outbox
from sync.tally import Tally, tally
from sync.values import dump_properties, load, load_properties

#: What the moves of a scheme are called at a destination.
NAMES: Mapping[str, str] = {
    "lifecycle": "Lifecycle Segment Changed",
    "rfm": "RFM Segment Changed",
}

#: The namespace of our event ids: the same event has the same id on every machine.
NAMESPACE = uuid.UUID("6e1a2f0c-2f6e-5c1b-9d57-0f6f5a1d7a11")


#: Events that are read at a time.
PAGE = 10_000


class EventMark(StrEnum):
    """What is known of an event."""

    NEW = "new"
    #: It was put on the wire and no answer stands here; sent again under the same id.
    UNSURE = "unsure"
    ACKED = "acked"
    REFUSED = "refused"
    #: It may have arrived, and the vendor could not tell a repeat: a person decides.
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Due:
    """An event that may go, or why it may not.

    ``again`` was on the wire before, and its customer's profile is unsure by now.
    """

    change: Track
    refused: str | None = None
    again: bool = False


def events_for(
    store: Store,
    moves: pa.Table,
    projections: Mapping[str, Projection],
    as_of: date,
    occurred_at: datetime,
) -> Iterator[OutboxEvent]:
    """The events of these moves, for ``Store.publish``.

    ``moves`` is as ``publish`` takes it, ``projections`` by destination. No event is made for a
    customer who was never accepted by the destination, nor for one seen for the first time: a
    first load is silent, also that of a destination that joins later.
    """
    for destination, projection in projections.items():
        if not projection.events:
            continue
        told = pc.field("scheme").isin(list(projection.event_schemes))
        real = moves.filter(pc.field("from_segment").is_valid() & told)
        for batch in real.to_batches(max_chunksize=PAGE):
            rows = batch.to_pylist()
            known = Ledger(store, destination).accepted([row["customer_id"] for row in rows])
            for row in rows:
                if row["customer_id"] in known:
                    yield _event(destination, row, projection.names, as_of, occurred_at)


def _event(
    destination: str, row: Mapping[str, str], names: Names, as_of: date, occurred_at: datetime
) -> OutboxEvent:
    scheme, came, went = row["scheme"], row["from_segment"], row["to_segment"]
    called = {"from": names.of(scheme, came), "to": names.of(scheme, went)}
    said = dump_properties({**called, "cause": row["cause"], "scheme": scheme})
    identity = json.dumps([destination, scheme, row["customer_id"], came, went, str(as_of)])
    name = NAMES.get(scheme, f"{scheme.replace('_', ' ').title()} Segment Changed")
    event_id = str(uuid.uuid5(NAMESPACE, identity))
    return OutboxEvent(event_id, destination, row["customer_id"], name, said, occurred_at)


class Outbox:
    """The events of one destination. Every method that writes is one transaction."""

    def __init__(self, store: Store, destination: str) -> None:
        self.store = store
        self.destination = destination
        self._mine = outbox.c.destination == destination

    def unsure(self, ids: Sequence[str], run_id: str, at: datetime) -> None:
        """Write down what is about to be sent."""
        self._set(ids, EventMark.UNSURE, run_id, at)

    def never_sent(self, ids: Sequence[str]) -> set[str]:
        """Those of these events that were never on the wire."""
        found: set[str] = set()
        with self.store.read() as connection:
            for some in slices(ids, KEYS):
                fresh = (outbox.c.id.in_(some), outbox.c.mark == EventMark.NEW.value)
                found.update(connection.execute(sa.select(outbox.c.id).where(*fresh)).scalars())
        return found

    def untouched(self, ids: Sequence[str], run_id: str, at: datetime) -> None:
        """They surely had no effect: as if they had never been on the wire."""
        self._set(ids, EventMark.NEW, run_id, at)

    def _set(self, ids: Sequence[str], mark: EventMark, run_id: str, at: datetime) -> None:
        with self.store.begin() as connection:
            statement = self._those(connection).values(
                mark=mark.value, reason=None, run_id=run_id, updated_at=plain_moment(connection, at)
            )
            execute_many(connection, statement, {"keys": list(ids)})

    def answered(
        self,
        outcomes: Mapping[str, Outcome],
        run_id: str,
        at: datetime,
        *,
        unsure_as: EventMark = EventMark.UNSURE,
        settles: str | None = None,
    ) -> None:
        """Write down what became of them, by event id; ``settles`` ends that job as well.

        ``unsure_as`` is UNKNOWN where the vendor could not tell a repeat.
        """
        rows: list[dict[str, str | None]] = []
        for key, outcome in outcomes.items():
            mark, why = unsure_as, None
            if isinstance(outcome, Delivered):
                mark = EventMark.ACKED
            else:
                mark = EventMark.REFUSED if isinstance(outcome, Rejected) else unsure_as
                why = mask(outcome.reason)
            rows.append({"key": key, "becomes": mark.value, "why": why})
        with self.store.begin() as connection:
            if rows:
                statement = self._by_key().values(
                    mark=sa.bindparam("becomes"),
                    reason=sa.bindparam("why"),
                    ticket=None,
                    run_id=run_id,
                    updated_at=at,
                )
                connection.execute(statement, rows)
            if settles is not None:
                end_job(connection, self.destination, settles)

    def ticketed(self, ids: Sequence[str], ticket: str, kind: str, at: datetime) -> None:
        """The vendor took them as a job."""
        with self.store.begin() as connection:
            begin_job(connection, self.destination, ticket, kind, "events", at)
            statement = self._those(connection).values(ticket=ticket)
            execute_many(connection, statement, {"keys": list(ids)})

    def lost(self, ticket: str) -> None:
        """The vendor no longer knows the job; its events are unsure."""
        with self.store.begin() as connection:
            ours = (self._mine, outbox.c.ticket == ticket)
            connection.execute(sa.update(outbox).where(*ours).values(ticket=None))
            end_job(connection, self.destination, ticket)

    def adrift(self, run_id: str | None = None) -> list[str]:
        """Events that were on the wire when the process ended, and are in no job.

        With ``run_id`` those that this run put there.
        """
        query = sa.select(outbox.c.id).where(
            self._mine, outbox.c.mark == EventMark.UNSURE.value, outbox.c.ticket.is_(None)
        )
        if run_id is not None:
            query = query.where(outbox.c.run_id == run_id)
        with self.store.read() as connection:
            return list(connection.execute(query).scalars())

    def due(self) -> Iterator[list[Due]]:
        """The events whose customer's profile is accepted, or refused; the others wait for it.

        Of those others only the ones that were on the wire before are given, as ``again``. By time
        and id, some at a time, so that they can be sent while they are read. Those of a refused
        profile bear the reason why they are refused with it.
        """
        o, mine = outbox.c, ledger.c
        on_the_wire = o.mark == EventMark.UNSURE.value
        query = (
            sa.select(
                outbox, mine.accepted, mine.mark.label("profile"), mine.reason.label("because")
            )
            .select_from(outbox.join(ledger, _profile_of()))
            .where(self._mine, _waits(), sa.or_(mine.mark.in_(["acked", "refused"]), on_the_wire))
            .order_by(o.occurred_at, o.id)
            .limit(PAGE)
        )
        page = query
        while True:
            with self.store.read() as connection:
                rows = connection.execute(page).mappings().all()
            if not rows:
                return
            yield [_due(row) for row in rows]
            at, last = rows[-1]["occurred_at"], rows[-1]["id"]
            page = query.where(
                sa.or_(o.occurred_at > at, sa.and_(o.occurred_at == at, o.id > last))
            )

    def waiting(self) -> dict[str, str]:
        """Every event that still waits to be sent, with its customer."""
        query = sa.select(outbox.c.id, outbox.c.customer_id).where(self._mine, _waits())
        with self.store.read() as connection:
            return {row[0]: row[1] for row in connection.execute(query)}

    def on_the_wire(self, ticket: str) -> list[Due]:
        """The events of a job, by id."""
        query = (
            sa.select(outbox, ledger.c.accepted, sa.literal("acked").label("profile"))
            .select_from(outbox.outerjoin(ledger, _profile_of()))
            .where(self._mine, outbox.c.ticket == ticket)
        )
        with self.store.read() as connection:
            rows = [_due(row) for row in connection.execute(query).mappings()]
        return sorted(rows, key=lambda due: due.change.id)

    def in_flight(self) -> int:
        """How many events are in a job at the vendor."""
        query = sa.select(sa.func.count()).where(self._mine, outbox.c.ticket.is_not(None))
        with self.store.read() as connection:
            return connection.execute(query).scalar_one()

    def tally(self, run_id: str) -> list[Tally]:
        """What became of the events that this run touched or that are still in a job."""
        touched = sa.and_(self._mine, outbox.c.mark != EventMark.NEW.value)
        return tally(self.store, outbox, touched, run_id)

    def _those(self, connection: Connection) -> sa.Update:
        return sa.update(outbox).where(one_of(connection, outbox.c.id, "keys"))

    def _by_key(self) -> sa.Update:
        return sa.update(outbox).where(outbox.c.id == sa.bindparam("key"))


def _profile_of() -> sa.ColumnElement[bool]:
    return sa.and_(
        ledger.c.destination == outbox.c.destination,
        ledger.c.channel == ATTRIBUTES,
        ledger.c.customer_id == outbox.c.customer_id,
    )


def _waits() -> sa.ColumnElement[bool]:
    waiting = [EventMark.NEW.value, EventMark.UNSURE.value]
    return sa.and_(outbox.c.mark.in_(waiting), outbox.c.ticket.is_(None))


def _due(row: sa.RowMapping) -> Due:
    accepted = None if row["accepted"] is None else load(row["accepted"])
    email, phone = (None, None) if accepted is None else (accepted.email, accepted.phone)
    change = Track(
        row["id"],
        Person(row["customer_id"], email, phone),
        row["name"],
        row["occurred_at"],
        load_properties(row["payload"]),
        row["backfill"],
    )
    refused = None
    if row["profile"] == "refused":
        refused = f"the profile was refused: {row['because']}"
    return Due(change, refused, again=row["profile"] == "unsure")
