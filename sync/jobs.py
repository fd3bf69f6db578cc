"""Jobs at a vendor, as rows: after a restart they are asked for, and not sent again."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from sync.store import Store
from sync.store.dialect import upsert
from sync.store.tables import jobs


@dataclass(frozen=True, slots=True)
class JobRow:
    """A job that the vendor has not yet answered for."""

    ticket: str
    kind: str
    channel: str
    submitted_at: datetime
    polls: int


def jobs_of(store: Store, destination: str) -> list[JobRow]:
    """The jobs of a destination, oldest first."""
    j = jobs.c
    query = (
        sa.select(j.ticket, j.kind, j.channel, j.submitted_at, j.polls)
        .where(j.destination == destination)
        .order_by(j.submitted_at, j.ticket)
    )
    with store.read() as connection:
        return [JobRow(*row) for row in connection.execute(query)]


def polled(store: Store, destination: str, ticket: str, polls: int, next_at: datetime) -> None:
    """Write down that a job was asked for and is still going on."""
    with store.begin() as connection:
        connection.execute(
            sa.update(jobs)
            .where(jobs.c.destination == destination, jobs.c.ticket == ticket)
            .values(polls=polls, next_poll_at=next_at)
        )


def begin_job(
    connection: Connection, destination: str, ticket: str, kind: str, channel: str, at: datetime
) -> None:
    """Add the row of a job, to be asked for from now on."""
    keys, columns = ("destination", "ticket"), ("kind", "channel", "next_poll_at")
    connection.execute(
        upsert(connection, jobs, keys, columns),
        {
            "destination": destination,
            "ticket": ticket,
            "kind": kind,
            "channel": channel,
            "submitted_at": at,
            "polls": 0,
            "next_poll_at": at,
        },
    )


def end_job(connection: Connection, destination: str, ticket: str) -> None:
    """Take the row of a job away."""
    connection.execute(
        sa.delete(jobs).where(jobs.c.destination == destination, jobs.c.ticket == ticket)
    )
