"""A DuckDB file, opened for reading; it gives Arrow itself."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

from connectors.errors import ConnectorError, Misconfigured, Unavailable
from connectors.http import mask
from connectors.sources.files_open import plain_array, plain_type
from connectors.sources.sql_database import ROWS, Database, Piece, Result
from connectors.sources.sql_select import Select


class DuckFile(Database):
    """A query of it reads this file and nothing else: no other file, and nothing from the net."""

    def __init__(self, path: Path) -> None:
        self.name = f"the DuckDB database {path}"
        try:
            self._base = duckdb.connect(
                path, read_only=True, config={"enable_external_access": False}
            )
            self._base.execute("SET TimeZone = 'UTC'")
            self._base.begin()
        except duckdb.Error as error:
            raise self._told(error) from None

    def now(self) -> datetime:
        """The moment by this machine's clock, as the database tells it."""
        found = self._base.execute("SELECT epoch_us(now())").fetchall()
        return datetime.fromtimestamp(found[0][0] / 1_000_000, UTC)

    def run(self, select: Select) -> Result:
        """Send a query; its columns keep their types."""
        statement = select.text(_quoted, lambda place: f"${place + 1}", str)
        try:
            reader: Any = self._base.sql(statement, params=select.values()).to_arrow_reader(ROWS)
        except duckdb.Error as error:
            raise self._told(error) from None
        types = tuple(map(plain_type, reader.schema.types))
        return Result(tuple(reader.schema.names), types, self._pieces(reader, types))

    def close(self) -> None:
        """Close the file."""
        self._base.close()

    def _pieces(
        self, reader: pa.RecordBatchReader, types: tuple[pa.DataType, ...]
    ) -> Iterator[Piece]:
        try:
            for batch in reader:
                yield Piece(list(map(plain_array, batch.columns, types)))
        except (duckdb.Error, pa.ArrowException, OSError) as error:
            raise self._told(error) from None

    def _told(self, error: Exception) -> ConnectorError:
        said = mask(str(error).splitlines()[0])
        if isinstance(error, duckdb.IOException) and "lock" in said:
            return Unavailable(
                f"{self.name} is open for writing in another process; close it there, or copy it",
                maybe_applied=False,
            )
        return Misconfigured(f"{self.name} cannot be read by this query: {said}")


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
