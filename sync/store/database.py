"""Opening the state database, and the two ways to use it: one transaction to write, one to read."""

from __future__ import annotations

import threading
from collections.abc import Generator
from contextlib import contextmanager

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from sync.store import tables
from sync.store.dialect import open_engine, reading, writing
from sync.store.errors import LeaseLost, StoreError
from sync.store.migrate import migrate
from sync.store.records import Fence
from sync.store.sentences import translated


class Database:
    """A connection pool with rules: every write is one transaction, and a stale holder is fenced.

    ``url`` is an SQLAlchemy URL. Opening brings the schema up to date; ``read_only`` opens without
    touching anything, enforced by the database itself. Raises StoreError.
    """

    def __init__(self, url: str, *, read_only: bool = False) -> None:
        self.read_only = read_only
        self.engine = open_engine(url, read_only=read_only)
        self._fence: Fence | None = None
        #: The transaction that this thread has open by ``together``.
        self._open_here = threading.local()
        try:
            self._open()
        except BaseException:
            self.engine.dispose()
            raise

    def _open(self) -> None:
        with translated(self.engine):
            if self.read_only:
                with self.engine.connect() as connection:
                    migrate(connection, apply=False)
            else:
                with self._transaction() as connection:
                    migrate(connection, apply=True)

    @contextmanager
    def begin(self) -> Generator[Connection, None, None]:
        """One transaction that writes. Raises LeaseLost if the lease taken here is gone."""
        if self.read_only:
            raise StoreError("the state database was opened for reading only")
        shared: Connection | None = getattr(self._open_here, "connection", None)
        if shared is not None:
            yield shared
            return
        with translated(self.engine), self._transaction() as connection:
            if self._fence is not None:
                check_fence(connection, self._fence)
            yield connection

    @contextmanager
    def together(self) -> Generator[None, None, None]:
        """All that this thread writes inside is one transaction; it reads what was before."""
        with self.begin() as connection:
            self._open_here.connection = connection
            try:
                yield
            finally:
                self._open_here.connection = None

    @contextmanager
    def read(self) -> Generator[Connection, None, None]:
        """One transaction that reads: everything in it is from the same moment."""
        with translated(self.engine), self.engine.connect() as plain:
            connection = reading(plain)
            with connection.begin():
                yield connection

    def close(self) -> None:
        """Give the connections back. The store cannot be used afterwards."""
        self.engine.dispose()

    @contextmanager
    def _transaction(self) -> Generator[Connection, None, None]:
        with self.engine.connect() as plain:
            connection = writing(plain)
            with connection.begin():
                yield connection


def check_fence(connection: Connection, fence: Fence) -> None:
    """Raise LeaseLost unless the lease still has this token; the row stays locked until commit."""
    row = connection.execute(
        sa.select(tables.lease.c.token, tables.lease.c.owner)
        .where(tables.lease.c.name == fence.name)
        .with_for_update(read=True)
    ).one_or_none()
    if row is None or row.token != fence.token:
        holder = "nobody" if row is None else row.owner
        raise LeaseLost(f"the lease {fence.name!r} was lost to {holder}; nothing more is written")
