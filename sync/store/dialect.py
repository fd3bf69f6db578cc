"""The one place that knows which database it is: settings, transactions, upserts, bulk writes."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from itertools import repeat
from pathlib import Path
from typing import Any, cast
from urllib.parse import quote

import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import URL, Connection, Engine, make_url
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import ArgumentError

from sync.store.errors import StoreError, StoreMissing
from sync.store.tables import moment_text

#: Seconds that a write waits for another process's write before it gives up.
BUSY_SECONDS = 15.0
#: Pages of 4 kB that may gather in the write-ahead log before they are copied back: 64 MB.
WAL_PAGES = 16_384

#: Seconds after which a connection that cannot be made, or has gone silent, is given up.
SILENCE_SECONDS = 10
#: Seconds after which PostgreSQL ends the transaction of a process that was paused in its middle,
#: as long as the lease lives: then nobody waits for its locks.
IDLE_SECONDS = 60
#: PostgreSQL's advisory lock under which the schema is brought up to date: any number of ours.
MIGRATING = 7_165_305_177


def open_engine(url: str, *, read_only: bool) -> Engine:
    """An engine whose connections have the settings that the protocol relies on.

    Raises StoreError for a URL that cannot be used, StoreMissing if there is nothing to read.
    """
    try:
        target = make_url(url)
    except (ArgumentError, ValueError) as error:
        # not shown: what cannot be read may hold a password all the same
        raise StoreError(
            "state_url is no database URL; it looks like sqlite:///./data/state.db "
            "or postgresql+psycopg://user:password@host:5432/database"
        ) from error
    if target.drivername in {"postgres", "postgresql"}:
        target = target.set(drivername="postgresql+psycopg")
    if target.drivername == "postgresql+psycopg":
        return _postgresql(target, read_only=read_only)
    if target.get_backend_name() == "sqlite":
        return _sqlite(target, read_only=read_only)
    raise StoreError(
        f"state_url names {target.drivername!r}; the state is kept in sqlite or postgresql+psycopg"
    )


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
        raw.execute("PRAGMA secure_delete=ON")
        if not read_only:
            raw.execute("PRAGMA journal_mode=WAL")
            raw.execute("PRAGMA synchronous=FULL")
            raw.execute(f"PRAGMA wal_autocheckpoint={WAL_PAGES}")
        return raw

    # an error never shows the values of a statement: customers are among them
    engine = sa.create_engine(f"sqlite:///{path}", creator=connect, hide_parameters=True)
    event.listen(engine, "begin", _begin)
    return engine


def _begin(connection: Connection) -> None:
    """A writer takes the lock at once, so that it never has to upgrade and fail in the middle."""
    writes = connection.get_execution_options().get("writes", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def _postgresql(url: URL, *, read_only: bool) -> Engine:
    given = {
        "application_name": "tidesman",
        "connect_timeout": str(SILENCE_SECONDS),
        "keepalives_idle": str(SILENCE_SECONDS),
        "tcp_user_timeout": str(SILENCE_SECONDS * 1000),
    }
    try:
        engine = sa.create_engine(
            url.update_query_dict({**given, **url.query}),
            pool_pre_ping=True,
            hide_parameters=True,
            execution_options={"postgresql_readonly": read_only},
        )
    except ModuleNotFoundError as error:
        raise StoreError(
            "state_url names PostgreSQL, whose driver psycopg is not installed: "
            "pip install 'tidesman[postgres]'"
        ) from error
    event.listen(engine, "connect", _settings)
    return engine


def _settings(raw: DBAPIConnection, _record: object) -> None:
    """Each wait has an end, and an answered commit is on the disk."""
    cursor = raw.cursor()
    cursor.execute(f"SET lock_timeout = {BUSY_SECONDS * 1000:.0f}")
    cursor.execute(f"SET idle_in_transaction_session_timeout = {IDLE_SECONDS * 1000}")
    cursor.close()
    raw.commit()


def reading(connection: Connection) -> Connection:
    """A connection whose next transaction sees everything as of one moment, and cannot write."""
    if connection.dialect.name == "sqlite":
        return connection
    return connection.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)


def writing(connection: Connection) -> Connection:
    """A connection whose next transaction writes."""
    return connection.execution_options(writes=True)


def one_at_a_time(connection: Connection) -> None:
    """Let no other process bring the schema up to date until this transaction ends."""
    # on SQLite whoever writes is alone
    if connection.dialect.name == "postgresql":
        connection.execute(sa.select(sa.func.pg_advisory_xact_lock(MIGRATING)))


@lru_cache(64)
def _upsert(
    backend: str, table: sa.Table, keys: tuple[str, ...], update: tuple[str, ...] | None
) -> sa.Insert:
    if backend == "sqlite":
        lite = sqlite.insert(table)
        if update is None:
            return lite.on_conflict_do_nothing(index_elements=keys)
        return lite.on_conflict_do_update(
            index_elements=keys, set_={name: lite.excluded[name] for name in update}
        )
    post = postgresql.insert(table)
    if update is None:
        return post.on_conflict_do_nothing(index_elements=keys)
    return post.on_conflict_do_update(
        index_elements=keys, set_={name: post.excluded[name] for name in update}
    )


def upsert(
    connection: Connection, table: sa.Table, keys: Sequence[str], update: Sequence[str] | None
) -> sa.Insert:
    """An insert that updates those columns (None: nothing) if a row with those keys is there."""
    columns = None if update is None else tuple(update)
    return _upsert(connection.dialect.name, table, tuple(keys), columns)


def plain_moment(connection: Connection, at: datetime) -> str | datetime:
    """A moment as ``execute_many`` wants it."""
    return moment_text(at) if connection.dialect.name == "sqlite" else at


def one_of(connection: Connection, column: sa.Column[str], name: str) -> sa.ColumnElement[bool]:
    """That a column is one of the keys that ``execute_many`` is given as the list ``name``."""
    if connection.dialect.name == "sqlite":
        return column == sa.bindparam(name)
    return column == sa.any_(sa.bindparam(name, type_=postgresql.ARRAY(sa.String())))


def execute_many(
    connection: Connection, statement: sa.Insert | sa.Update, columns: Mapping[str, object]
) -> None:
    """One statement over many rows, given as columns: lists of text, or one value for all rows.

    An update finds its rows by ``one_of``. SQLite gets the values as they are, past the type
    conversion that costs SQLAlchemy four times as long as the write: they must be plain, moments
    already by ``plain_moment``. PostgreSQL gets whole columns, as arrays, in one statement.
    """
    if not all(value for value in columns.values() if isinstance(value, list)):
        return
    if connection.dialect.name == "sqlite":
        _each(connection, statement, columns)
    elif isinstance(statement, sa.Update):
        connection.execute(statement, dict(columns))
    else:
        connection.execute(statement.from_select(list(columns), _unnested(statement, columns)))


def _each(
    connection: Connection, statement: sa.Insert | sa.Update, columns: Mapping[str, object]
) -> None:
    text, names, constants = _compiled(statement, connection.dialect, tuple(columns))
    given = {**constants, **columns}
    rows = zip(*(_column(given[name]) for name in names), strict=False)
    connection.exec_driver_sql(text, list(rows))


# a statement that is kept is compiled once: it took longer than to write 75 rows
@lru_cache(64)
def _compiled(
    statement: sa.Insert | sa.Update, dialect: sa.Dialect, names: tuple[str, ...]
) -> tuple[str, tuple[str, ...], Mapping[str, Any]]:
    compiled = statement.compile(dialect=dialect, column_keys=list(names))
    return str(compiled), tuple(compiled.positiontup or ()), dict(compiled.params)


def _unnested(statement: sa.Insert, columns: Mapping[str, object]) -> sa.Select[Any]:
    lists = {name: value for name, value in columns.items() if isinstance(value, list)}
    texts = postgresql.ARRAY(sa.String())
    arrays = [sa.literal(value, texts) for value in lists.values()]
    rows = sa.func.unnest(*arrays).table_valued(*lists, name="rows").render_derived()
    types = statement.table.c
    return sa.select(
        *(
            rows.c[name] if name in lists else sa.literal(value, types[name].type)
            for name, value in columns.items()
        )
    )


def _column(value: object) -> Iterable[object]:
    return cast("list[object]", value) if isinstance(value, list) else repeat(value)


def scrub(engine: Engine) -> None:
    """Leave nothing of deleted rows in free pages or in the log; PostgreSQL's vacuum does that."""
    if engine.dialect.name == "sqlite":
        raw = engine.raw_connection()
        try:
            raw.cursor().execute("VACUUM")
            raw.cursor().execute("PRAGMA wal_checkpoint(TRUNCATE)")
        finally:
            raw.close()
