"""What the database says when it fails, as a sentence for the operator."""

from __future__ import annotations

import sqlite3
from collections.abc import Generator
from contextlib import contextmanager

from sqlalchemy.engine import Engine
from sqlalchemy.exc import DBAPIError, OperationalError

from sync.store.errors import StoreError

#: What SQLite says, and what the reader can do about it.
SQLITE = (
    ("file is not a database", "is not a state database, or is damaged; put back a copy of it"),
    ("malformed", "is damaged; put back a copy of it"),
    ("disk is full", "cannot be written: the disk is full; free some space and run again"),
    ("readonly database", "cannot be written: the file, its folder or the disk is read-only"),
    ("disk i/o error", "cannot be read or written: the disk reports an error"),
    ("database is locked", "is being written by another process; try again when that has finished"),
    ("unable to open", "cannot be opened; check that the folder exists and may be written"),
)

#: What PostgreSQL or its driver says, in English whatever the server's language, by SQLSTATE or
#: by words where there is none (https://www.postgresql.org/docs/18/errcodes-appendix.html).
POSTGRESQL = (
    ("28P01", "refuses the password; check user and password in state_url"),
    ("28000", "refuses this user; check the user in state_url and the server's pg_hba.conf"),
    ("3D000", "does not exist on that server; make it with createdb"),
    ("42501", "may not be used so by this user; make the user the database's owner"),
    ("25006", "cannot be written: it is read-only, as on a standby server"),
    ("53100", "cannot be written: the server's disk is full; free some space and run again"),
    ("53300", "takes no more connections; raise max_connections or close some"),
    ("55P03", "is being written by another process; try again when that has finished"),
    ("25P03", "took the lock back from this process, which was paused; run again"),
    ("57P03", "is starting or stopping; try again in a moment"),
    (
        "password authentication failed",
        "refuses the password; check user and password in state_url",
    ),
    ("no password supplied", "wants a password; name one in state_url"),
    ("does not exist", "does not exist on that server; make database and user first"),
    ("resolve host", "cannot be found: no such host; check the host in state_url"),
    ("name or service not known", "cannot be found: no such host; check the host in state_url"),
    ("connection refused", "cannot be reached: nobody listens there; is the server running?"),
    ("timeout expired", "cannot be reached: no answer; check host, port and firewall"),
    ("starting up", "is starting or stopping; try again in a moment"),
    ("shutting down", "is starting or stopping; try again in a moment"),
    (
        "closed the connection",
        "was lost in the middle: the server closed the connection; run again",
    ),
    ("connection is lost", "was lost in the middle: the server closed the connection; run again"),
)


@contextmanager
def translated(engine: Engine) -> Generator[None, None, None]:
    """Turn what the database says into a sentence; what has none passes through as it is."""
    try:
        yield
    except DBAPIError as error:
        said = sentence(engine, error)
        if said is None:
            raise
        raise StoreError(said) from error
    except sqlite3.DatabaseError as error:
        said = sentence(engine, error)
        if said is None:
            raise
        raise StoreError(said) from error


def sentence(engine: Engine, error: BaseException) -> str | None:
    """What the operator shall read for an error of the database, None if it is a defect of ours."""
    cause = error.orig if isinstance(error, DBAPIError) else error
    text = str(cause).lower()
    if engine.dialect.name == "sqlite":
        found = next((meaning for sign, meaning in SQLITE if sign in text), None)
        return None if found is None else f"the state database {engine.url.database} {found}"
    where = f"the state database {place(engine)}"
    code = getattr(cause, "sqlstate", None)
    for sign, meaning in POSTGRESQL:
        if sign == code or sign in text:
            return f"{where} {meaning}"
    if isinstance(error, OperationalError):
        return f"{where} cannot be used: {' '.join(text.split())[:200]}"
    return None


def place(engine: Engine) -> str:
    """Where a database is: its name, host and port, and nothing of who may enter."""
    url = engine.url
    host = url.host or "this machine"
    return f"{url.database or ''} at {host}{'' if url.port is None else f':{url.port}'}"
