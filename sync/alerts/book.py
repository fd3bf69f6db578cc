"""What each channel was told. Every method is one transaction."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from sync.alerts.message import Change
from sync.store import Store
from sync.store.dialect import upsert
from sync.store.tables import alerts


@dataclass(frozen=True, slots=True)
class Told:
    """A condition that a channel was told of (``told_at``), or that it still is to be told of.

    ``failure`` is why it could not be told last of what it says, or that it has ended.
    """

    channel: str
    condition: str
    says: str
    since: datetime
    told_at: datetime | None
    failure: str | None


def told(store: Store) -> list[Told]:
    """What every channel was told, or is to be."""
    columns = [alerts.c[name] for name in Told.__dataclass_fields__]
    with store.read() as connection:
        query = sa.select(*columns).order_by(alerts.c.channel, alerts.c.condition)
        return [Told(*row) for row in connection.execute(query)]


def unalerted(store: Store) -> dict[str, str]:
    """Channels that could not be told last, and why."""
    return {row.channel: row.failure for row in told(store) if row.failure is not None}


def sent(store: Store, channel: str, changes: Sequence[Change], at: datetime) -> None:
    """The channel was told of these; what has ended is forgotten."""
    with store.begin() as connection:
        for change in changes:
            if change.well:
                connection.execute(_delete(channel, change.condition))
                continue
            _put(connection, channel, change, told_at=at, failure=None)


def failed(store: Store, channel: str, changes: Sequence[Change], why: str) -> None:
    """The channel could not be told of these; they stay due."""
    with store.begin() as connection:
        for change in changes:
            if change.well:
                mine = (alerts.c.channel == channel, alerts.c.condition == change.condition)
                connection.execute(sa.update(alerts).where(*mine).values(failure=why))
                continue
            _put(connection, channel, change, told_at=None, failure=why)


def stands(store: Store, rows: Sequence[Told]) -> None:
    """Their channels need to be told nothing: it is as they know it."""
    with store.begin() as connection:
        for row in rows:
            mine = (alerts.c.channel == row.channel, alerts.c.condition == row.condition)
            connection.execute(sa.update(alerts).where(*mine).values(failure=None))


def forget(store: Store, rows: Sequence[Told]) -> None:
    """Nobody needs to be told of these any more."""
    with store.begin() as connection:
        for row in rows:
            connection.execute(_delete(row.channel, row.condition))


def _put(
    connection: sa.Connection,
    channel: str,
    change: Change,
    *,
    told_at: datetime | None,
    failure: str | None,
) -> None:
    columns = ("says", "since", "told_at", "failure")
    values = {
        "channel": channel,
        "condition": change.condition,
        "says": change.says,
        "since": change.since,
        "told_at": told_at,
        "failure": failure,
    }
    connection.execute(upsert(connection, alerts, ("channel", "condition"), columns), values)


def _delete(channel: str, condition: str) -> sa.Delete:
    return sa.delete(alerts).where(alerts.c.channel == channel, alerts.c.condition == condition)
