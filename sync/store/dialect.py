"""The one place that knows which database it is: settings, upserts, and what its errors mean."""

from __future__ import annotations

import sqlite3
from collections.abc import Generator, Iterable, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from itertools import repeat
from pathlib import Path
from typing import cast
from urllib.parse import quote

import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import URL, Connection, Engine, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError

from sync.store.errors import StoreError, StoreMissing
from sync.store.tables import moment_text

#: Seconds that a write waits for another process's write before it gives up.
BUSY_SECONDS = 15.0
#: Pages of 4 kB that may gather in the write-ahead log before they are copied back: 64 MB.
WAL_PAGES = 16_384

#: What SQLite says, and what the reader can do about it.
SENTENCES = (
    ("file is not a database", "is not a state database, or is damaged; put back a copy of it"),
    ("malformed", "is damaged; put back a copy of it"),
    ("disk is full", "cannot be written: the disk is full; free some space and run again"),
    ("readonly database", "cannot be written: the file, its folder or the disk is read-only"),
    ("disk i/o error", "cannot be read or written: the disk reports an error"),
    ("database is locked", "is being written by another process; try again when that has finished"),
    ("unable to open", "cannot be opened; check that the folder exists and may be written"),
)


def open_engine(url: str, *, read_only: bool) -> Engine:
    """An engine whose connections have the settings that the protocol relies on.

    Raises StoreError for a URL that cannot be used, StoreMissing if there is nothing to read.
    """
    try:
        target = make_url(url)
    except ArgumentError as error:
        raise StoreError(f"state_url {url!r} is no database URL") from error
    try:
        if target.get_backend_name() == "sqlite":
            return _sqlite(target, read_only=read_only)
        return _postgresql(target, read_only=read_only)
    except (NoSuchModuleError, ModuleNotFoundError) as error:
        raise StoreError(
            f"state_url names {target.drivername!r}, which is not installed: {error}"
        ) from error


def _sqlite(url: URL, *, read_only: bool) -> Engine:
    if url.database is None or url.database == ":memory:":
        raise StoreError("state_url needs a file: sqlite:///./data/state.db")
    path = Path(url.database).absolute()
    if read_only and not path.is_file():
        raise StoreMissing(f"there is no state database at {path} yet; a first run makes it")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StoreError(
            f"the folder {path.parent} of the state database cannot be made: {error.strerror}"
        ) from error
    mode = "ro" if read_only else "rwc"

    def connect() -> sqlite3.Connection:
        raw = sqlite3.connect(
            f"file:{quote(str(path))}?mode={mode}",
            uri=True,
            timeout=BUSY_SECONDS,
            isolation_level=None,
            check_same_thread=False,
        )
        raw.execute("PRAGMA foreign_keys=ON")
        if not read_only:
            raw.execute("PRAGMA journal_mode=WAL")
            raw.execute("PRAGMA synchronous=FULL")
            raw.execute(f"PRAGMA wal_autocheckpoint={WAL_PAGES}")
        return raw

    engine = sa.create_engine(f"sqlite:///{path}", creator=connect)
    event.listen(engine, "begin", _begin)
    return engine


def _begin(connection: Connection) -> None:
    """A writer takes the lock at once, so that it never has to upgrade and fail in the middle."""
    writes = connection.get_execution_options().get("writes", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def _postgresql(url: URL, *, read_only: bool) -> Engine:
    return sa.create_engine(
        url, pool_pre_ping=True, execution_options={"postgresql_readonly": read_only}
    )


def upsert(
    connection: Connection, table: sa.Table, keys: Sequence[str], update: Sequence[str] | None
) -> sa.Insert:
    """An insert that updates those columns (None: nothing) if a row with those keys is there."""
    if connection.dialect.name == "sqlite":
        lite = sqlite.insert(table)
        if update is None:
            return lite.on_conflict_do_nothing(index_elements=list(keys))
        return lite.on_conflict_do_update(
            index_elements=list(keys), set_={name: lite.excluded[name] for name in update}
        )
    post = postgresql.insert(table)
    if update is None:
        return post.on_conflict_do_nothing(index_elements=list(keys))
    return post.on_conflict_do_update(
        index_elements=list(keys), set_={name: post.excluded[name] for name in update}
    )


def plain_moment(connection: Connection, at: datetime) -> str | datetime:
    """A moment as ``execute_many`` wants it."""
    return moment_text(at) if connection.dialect.name == "sqlite" else at


def execute_many(
    connection: Connection, statement: sa.UpdateBase, columns: Mapping[str, object]
) -> None:
    """One statement over many rows, given as columns: lists, or one value for all rows.

    SQLite gets the values as they are, past the type conversion that costs SQLAlchemy four times
    as long as the write: they must be plain, moments already by ``plain_moment``.
    """
    names = list(columns)
    compiled = statement.compile(dialect=connection.dialect, column_keys=names)
    given = {name: value for name, value in compiled.params.items() if name not in columns}
    if connection.dialect.name == "sqlite":
        order = compiled.positiontup or []
        rows = list(zip(*(_column({**given, **columns}[name]) for name in order), strict=False))
        if rows:
            connection.exec_driver_sql(str(compiled), rows)
        return
    rows = list(zip(*map(_column, columns.values()), strict=False))
    if rows:
        connection.execute(statement, [dict(zip(names, row, strict=True)) for row in rows])


def _column(value: object) -> Iterable[object]:
    return cast("list[object]", value) if isinstance(value, list) else repeat(value)


@contextmanager
def translated(engine: Engine) -> Generator[None, None, None]:
    """Turn what the database says into a sentence; what has none passes through as it is."""
    try:
        yield
    except DBAPIError as error:
        said = sentence(engine, error.orig)
        if said is None:
            raise
        raise StoreError(said) from error
    except sqlite3.DatabaseError as error:
        said = sentence(engine, error)
        if said is None:
            raise
        raise StoreError(said) from error


def sentence(engine: Engine, error: BaseException | None) -> str | None:
    """What the operator shall read for an error of the database, None if it is a defect of ours."""
    text = str(error).lower()
    where = engine.url.render_as_string(hide_password=True)
    if engine.dialect.name == "sqlite":
        for sign, meaning in SENTENCES:
            if sign in text:
                return f"the state database {engine.url.database} {meaning}"
        return None
    if isinstance(error, Exception) and type(error).__name__ == "OperationalError":
        return f"the state database {where} cannot be used: {' '.join(text.split())[:200]}"
    return None
