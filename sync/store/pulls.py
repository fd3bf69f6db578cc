"""When a source was pulled to its end, and how far it is with looking at all orders anew."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from sync.store.database import Database
from sync.store.dialect import upsert
from sync.store.records import LastPull, Rechecked
from sync.store.tables import cursors, pulls

#: What a full recheck that is under way is known by.
_BEGAN = ("began_at", "began_version", "began_history", "began_unread")


class Pulls(Database):
    """One row a source. A full recheck begins by taking its cursor away, so it needs no other."""

    def last_pull(self, source: str) -> LastPull:
        """What is known of the pulls of a source; all None before the first."""
        query = sa.select(pulls).where(pulls.c.source == source)
        with self.read() as connection:
            row = connection.execute(query).one_or_none()
        if row is None:
            return LastPull()
        return LastPull(
            row.pulled_at,
            row.began_at,
            row.began_version,
            row.began_history,
            row.rechecked_at,
            None if row.gone is None else Rechecked(row.gone, row.changed, row.found),
            row.began_unread or 0,
        )

    def pulled(self, source: str, at: datetime) -> None:
        """The source was pulled to its end."""
        with self.begin() as connection:
            _set(connection, source, pulled_at=at)

    def begin_recheck(self, source: str, version: int, history: float | None, at: datetime) -> None:
        """From now on all orders are pulled once more; those up to ``version`` stood before.

        ``history``: days back to which the source can see.
        """
        mine = sa.and_(cursors.c.source == source, cursors.c.stream == "orders")
        began = {"began_at": at, "began_version": version, "began_history": history}
        began["began_unread"] = 0
        with self.begin() as connection:
            connection.execute(sa.delete(cursors).where(mine))
            _set(connection, source, **began)

    def could_not_read(self, source: str, count: int) -> None:
        """So many rows of the full recheck that is under way, if one is, could not be read."""
        counted = sa.func.coalesce(pulls.c.began_unread, 0) + count
        mine = sa.and_(pulls.c.source == source, pulls.c.began_version.is_not(None))
        with self.begin() as connection:
            connection.execute(sa.update(pulls).where(mine).values(began_unread=counted))

    def leave_recheck(self, source: str) -> None:
        """As if it had not begun; the cursor stays where it is."""
        with self.begin() as connection:
            _set(connection, source, **dict.fromkeys(_BEGAN))

    def end_recheck(self, source: str, found: Rechecked, at: datetime) -> None:
        """It came to its end, and nothing is to be taken away."""
        with self.begin() as connection:
            ended(connection, source, found, at)


def ended(connection: Connection, source: str, found: Rechecked, at: datetime) -> None:
    """A full recheck came to its end; in the transaction of whoever stores what it found."""
    told = {"gone": found.gone, "changed": found.changed, "found": found.found}
    _set(connection, source, **dict.fromkeys(_BEGAN), rechecked_at=at, **told)


def _set(connection: Connection, source: str, **values: Any) -> None:  # noqa: ANN401 - columns differ
    statement = upsert(connection, pulls, ("source",), tuple(values))
    connection.execute(statement, {"source": source, **values})
