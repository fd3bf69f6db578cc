"""A database that is read and never written: one transaction, and rows as Arrow.

Who asks a query gets columns under their own names. What a database itself has as Arrow keeps its
types; of all others every value comes as text that means the same: an exact decimal, a moment as
ISO 8601. So nothing is lost on the way, and both are read as a file is.
"""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, TypeAlias

import pyarrow as pa

from connectors.errors import Misconfigured
from connectors.sources.sql_select import Select

#: Rows that are in memory at a time.
ROWS = 50_000
#: How a file begins that is a database, and what tells it from others.
SQLITE, DUCKDB = b"SQLite format 3\0", b"DUCK"
#: A DuckDB file has a checksum before its name.
DUCKDB_AT = 8

#: Values as Python has them, or an Arrow array.
Column: TypeAlias = Any


@dataclass(frozen=True, slots=True)
class Place:
    """Where a database is: an SQLAlchemy URL, which may hold a password, or a file's path."""

    url: str | None = field(default=None, repr=False)
    path: str | None = None


@dataclass(frozen=True, slots=True)
class Piece:
    """Some rows of a result, column by column."""

    columns: Sequence[Column]

    def values(self, place: int) -> Sequence[object]:
        """A column as Python has its values."""
        column = self.columns[place]
        found: Sequence[object] = column.to_pylist() if isinstance(column, pa.Array) else column
        return found

    def arrow(self, place: int) -> pa.Array:
        """A column as Arrow: as it came, or as text."""
        column = self.columns[place]
        return column if isinstance(column, pa.Array) else pa.array(texts(column), pa.string())


@dataclass(frozen=True, slots=True)
class Result:
    """What a query brings; the pieces can be read once, while the database is open."""

    names: tuple[str, ...]
    types: tuple[pa.DataType, ...]
    pieces: Iterator[Piece]


class Database(ABC):
    """An open database. Everything is read in one transaction, as of one moment.

    ``name`` says what and where it is, without user and password. Every method raises
    Misconfigured, Unauthorized or Unavailable with a sentence, and no value of a row in it.
    """

    name: str

    @abstractmethod
    def now(self) -> datetime:
        """The moment by the database's own clock, in UTC."""

    @abstractmethod
    def run(self, select: Select) -> Result:
        """Send a query."""

    @abstractmethod
    def close(self) -> None:
        """End the transaction and give the connection back."""

    def columns(self, query: str) -> tuple[str, ...]:
        """The names of a query's columns."""
        return self.run(Select(query, empty=True)).names


@contextmanager
def opened(place: Place) -> Generator[Database]:
    """Open a database for reading; raises as its methods do."""
    database = _open(place)
    try:
        yield database
    finally:
        database.close()


def _open(place: Place) -> Database:
    # a database costs its driver's import, and most have none
    from connectors.sources.sql_duckdb import DuckFile  # noqa: PLC0415
    from connectors.sources.sql_server import Served, file_url  # noqa: PLC0415

    if place.url is not None and not place.url.startswith("duckdb:///"):
        return Served(place.url)
    path = Path(place.path or (place.url or "").removeprefix("duckdb:///"))
    if not path.is_file():
        raise Misconfigured(f"there is no database file {path}")
    head = _beginning(path)
    if head.startswith(SQLITE):
        return Served(file_url(path))
    if head[DUCKDB_AT:].startswith(DUCKDB):
        return DuckFile(path)
    raise Misconfigured(
        f"{path} is neither a SQLite nor a DuckDB database; for a file of rows use type: files"
    )


def _beginning(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(16)
    except OSError as error:
        raise Misconfigured(f"{path} cannot be read: {error.strerror}") from error


def texts(values: Sequence[object]) -> Sequence[str | None]:
    """Each value as the text that means the same."""
    kinds = set(map(type, values)) - {type(None)}
    if kinds <= {str}:
        return values  # type: ignore[return-value]
    write = _WRITES.get(kinds.pop(), _text) if len(kinds) == 1 else _text
    return [None if value is None else write(value) for value in values]


def _text(value: object) -> str:
    return _WRITES.get(type(value), str)(value)


def _bytes(value: bytes) -> str:
    try:
        return bytes(value).decode()
    except UnicodeDecodeError:
        return bytes(value).hex()


_WRITES: dict[type, Callable[[Any], str]] = {
    str: str,
    int: str,
    float: repr,
    bool: lambda value: "true" if value else "false",
    Decimal: lambda value: format(value, "f"),
    datetime: lambda value: value.isoformat(" "),
    bytes: _bytes,
    memoryview: _bytes,
    dict: json.dumps,
    list: json.dumps,
}
