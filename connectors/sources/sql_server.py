"""A database behind an SQLAlchemy URL: rows by a server-side cursor, in a read-only transaction.

PostgreSQL, MySQL and SQLite refuse a write themselves. Of other makes only the one SELECT is sent,
and nothing is ever committed; give such a connection a user who may only read. Tried on PostgreSQL
and SQLite; what stands here of other makes is from SQLAlchemy's documentation.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

import pyarrow as pa
import sqlalchemy as sa
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError, SQLAlchemyError

from connectors.errors import Misconfigured
from connectors.sources.sql_database import ROWS, Database, Piece, Result
from connectors.sources.sql_errors import meant
from connectors.sources.sql_select import Select

#: What to install for a kind of database.
DRIVERS: Final = {
    "postgresql": "'tidesman[postgres]'",
    "mysql": "pymysql",
    "mariadb": "pymysql",
    "mssql": "pyodbc",
    "oracle": "oracledb",
    "snowflake": "snowflake-sqlalchemy",
    "bigquery": "sqlalchemy-bigquery",
    "redshift": "sqlalchemy-redshift",
    "databricks": "databricks-sqlalchemy",
    "trino": "'trino[sqlalchemy]'",
}
#: Where SQLAlchemy's own choice of driver is another one than ours.
OURS: Final = {
    "postgres": "postgresql+psycopg",
    "postgresql": "postgresql+psycopg",
    "mysql": "mysql+pymysql",
    "mariadb": "mariadb+pymysql",
}
#: Seconds after which a server that cannot be reached is given up.
SILENCE = "10"


def file_url(path: Path) -> str:
    """The URL of a SQLite file that must not be written."""
    database = f"file:{quote(str(path.absolute()))}"
    return f"sqlite:///{database}?mode=ro&uri=true"


class Served(Database):
    """Everything that a connection reads is as of one moment, where the server can do that."""

    def __init__(self, url: str) -> None:
        target = _target(url)
        self.name = _name(target)
        self._secrets = () if target.password is None else (str(target.password),)
        self._engine = _engine(target)
        self._found: sa.CursorResult[Any] | None = None
        try:
            with self._told():
                self._connection = self._begun(target.get_backend_name())
        except BaseException:
            self._engine.dispose()
            raise

    def now(self) -> datetime:
        """The moment by the server's clock; one that bears no zone is taken for UTC."""
        with self._told():
            found: datetime = self._connection.execute(sa.select(sa.func.now())).scalar_one()
        return found.astimezone(UTC) if found.tzinfo else found.replace(tzinfo=UTC)

    def run(self, select: Select) -> Result:
        """Send a query; every column comes as text."""
        found = self._found = self._execute(select, {} if select.empty else {"yield_per": ROWS})
        names = tuple(found.keys())
        return Result(names, (pa.string(),) * len(names), self._pieces(found))

    def close(self) -> None:
        """Roll the transaction back and close the connection."""
        try:
            with self._told():
                if self._found is not None:
                    self._found.close()
                self._connection.close()
        finally:
            self._engine.dispose()

    def _execute(self, select: Select, how: dict[str, Any]) -> sa.CursorResult[Any]:
        quoted = self._engine.dialect.identifier_preparer.quote
        text = select.text(
            lambda name: _plain(quoted(name)), lambda place: f":value_{place}", _plain
        )
        values = {f"value_{place}": value for place, value in enumerate(select.values())}
        with self._told():
            return self._connection.execute(sa.text(text), values, execution_options=how)

    def _begun(self, kind: str) -> sa.Connection:
        connection = self._engine.connect()
        if kind == "postgresql":
            connection = connection.execution_options(
                isolation_level="REPEATABLE READ", postgresql_readonly=True
            )
        elif kind in {"mysql", "mariadb"}:
            connection.exec_driver_sql("SET SESSION TRANSACTION READ ONLY")
            connection.rollback()
        elif kind == "sqlite":
            # the module of Python begins no transaction for a SELECT
            connection.exec_driver_sql("BEGIN")
        return connection

    def _pieces(self, found: sa.CursorResult[Any]) -> Iterator[Piece]:
        with self._told():
            for rows in found.partitions():
                yield Piece(list(zip(*rows, strict=True)))

    @contextmanager
    def _told(self) -> Generator[None]:
        """Errors of a driver become sentences; their own text may hold customers, so no cause."""
        try:
            yield
        except DBAPIError as error:
            raise meant(error, self.name, self._secrets) from None
        except (SQLAlchemyError, ValueError, OverflowError) as error:
            raise Misconfigured(f"{self.name} cannot be read: {type(error).__name__}") from None


def _target(url: str) -> sa.URL:
    try:
        target = sa.make_url(url)
    except (ArgumentError, ValueError):
        # not shown: what cannot be read may hold a password all the same
        raise Misconfigured(
            "url is no database URL; it looks like postgresql://user:password@host:5432/database"
        ) from None
    target = target.set(drivername=OURS.get(target.drivername, target.drivername))
    if target.get_backend_name() == "sqlite" and not str(target.database).startswith("file:"):
        path = Path(target.database or "")
        if not path.is_file():
            raise Misconfigured(f"there is no database file {path.absolute()}")
        target = sa.make_url(file_url(path))
    if target.drivername == "postgresql+psycopg":
        told = {"application_name": "tidesman", "connect_timeout": SILENCE}
        target = target.update_query_dict({**told, **target.query})
    return target


def _name(target: sa.URL) -> str:
    kind = target.get_backend_name()
    if kind == "sqlite":
        path = str(target.database).removeprefix("file:")
        return f"the SQLite database {path}"
    return f"the {kind} database {target.database or ''} on {target.host or 'its server'}"


def _engine(target: sa.URL) -> sa.Engine:
    kind = target.get_backend_name()
    try:
        # an error never shows the values of a statement: customers are among them
        return sa.create_engine(target, hide_parameters=True, poolclass=sa.NullPool)
    except (NoSuchModuleError, ModuleNotFoundError) as error:
        package = DRIVERS.get(kind)
        how = f"pip install {package}" if package else f"install SQLAlchemy's dialect {kind!r}"
        raise Misconfigured(
            f"the driver {target.drivername} of {_name(target)} is not installed: {how}"
        ) from error
    except (SQLAlchemyError, ValueError, TypeError) as error:
        raise Misconfigured(f"the url of {_name(target)} cannot be used") from error


def _plain(text: str) -> str:
    """Text in which SQLAlchemy sees no parameters, as in 'at 10 :30'."""
    return text.replace(":", r"\:")
