"""What the lake holds and how far each source was read."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from sync.store.database import Database
from sync.store.dialect import upsert
from sync.store.pulls import ended
from sync.store.records import Part, Rechecked
from sync.store.tables import cursors, parts


class Parts(Database):
    """Parts and cursors, which are committed together."""

    def cursor(self, source: str, *, stream: str = "orders") -> str | None:
        """Where the next pull of that source goes on, None at its first."""
        mine = sa.and_(cursors.c.source == source, cursors.c.stream == stream)
        with self.read() as connection:
            return connection.execute(sa.select(cursors.c.cursor).where(mine)).scalar()

    def save_cursor(
        self, source: str, cursor: str, at: datetime, *, stream: str = "orders"
    ) -> None:
        """Move the cursor alone, for a page that brought no rows."""
        with self.begin() as connection:
            _move(connection, source, stream, cursor, at)

    def save_part(  # noqa: PLR0913 - a part and its cursor are one fact
        self,
        source: str,
        path: str,
        rows: int,
        at: datetime,
        *,
        unit: str | None = None,
        cursor: str | None = None,
        run_id: str | None = None,
        replaces: Sequence[int] = (),
        stream: str = "orders",
        recheck: Rechecked | None = None,
    ) -> Part:
        """Commit a part that is safely on disk, and with it the cursor, in one transaction.

        With a ``unit`` it stands in the place of every earlier part of that unit; ``replaces``
        names further parts by seq whose place it takes, as compaction needs it. With a ``recheck``
        that one has come to its end.
        """
        with self.begin() as connection:
            written = connection.execute(
                sa.insert(parts).values(
                    source=source,
                    unit=unit,
                    path=path,
                    rows=rows,
                    run_id=run_id,
                    written_at=at,
                    stream=stream,
                )
            ).inserted_primary_key
            seq = int(written[0]) if written is not None else 0
            stands = sa.and_(parts.c.seq < seq, parts.c.replaced_by.is_(None))
            gone: sa.ColumnElement[bool] = parts.c.seq.in_(list(replaces))
            if unit is not None:
                same = (parts.c.source == source, parts.c.stream == stream, parts.c.unit == unit)
                gone = sa.or_(gone, sa.and_(*same))
            connection.execute(sa.update(parts).where(stands, gone).values(replaced_by=seq))
            if cursor is not None:
                _move(connection, source, stream, cursor, at)
            if recheck is not None:
                ended(connection, source, recheck, at)
        return Part(seq, source, unit, path, rows, run_id, at, None, stream)

    def parts(
        self, source: str | None = None, *, stream: str = "orders", up_to: int | None = None
    ) -> list[Part]:
        """The parts that count, by seq: now, or as they counted when ``up_to`` was the newest."""
        query = sa.select(parts).where(parts.c.stream == stream).order_by(parts.c.seq)
        if source is not None:
            query = query.where(parts.c.source == source)
        if up_to is None:
            query = query.where(parts.c.replaced_by.is_(None))
        else:
            still = sa.or_(parts.c.replaced_by.is_(None), parts.c.replaced_by > up_to)
            query = query.where(parts.c.seq <= up_to, still)
        with self.read() as connection:
            return [Part(*row) for row in connection.execute(query)]

    def rows_of(self, source: str, run_id: str, stream: str) -> int:
        """How many rows a run has brought so far."""
        parts_ = self.parts(source, stream=stream)
        return sum(part.rows for part in parts_ if part.run_id == run_id)

    def brought(self, stream: str) -> frozenset[str]:
        """The sources that ever brought anything of that stream."""
        query = sa.select(parts.c.source).where(parts.c.stream == stream).distinct()
        with self.read() as connection:
            return frozenset(connection.execute(query).scalars())

    def part_files(self) -> list[tuple[str, int | None]]:
        """Every part that ever was, replaced ones too: its path and the seq that replaced it."""
        with self.read() as connection:
            found = connection.execute(sa.select(parts.c.path, parts.c.replaced_by))
            return [(path, replaced_by) for path, replaced_by in found]

    def lake_version(self) -> int:
        """The seq of the newest part, 0 when there is none."""
        with self.read() as connection:
            return connection.execute(sa.select(sa.func.max(parts.c.seq))).scalar() or 0


def _move(connection: Connection, source: str, stream: str, cursor: str, at: datetime) -> None:
    connection.execute(
        upsert(connection, cursors, ("source", "stream"), ("cursor", "updated_at")),
        {"source": source, "stream": stream, "cursor": cursor, "updated_at": at},
    )
