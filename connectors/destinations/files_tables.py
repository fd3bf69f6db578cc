"""Tables of text as CSV files: read back as they were written, and put in place whole."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from pathlib import Path
from urllib.parse import unquote

import pyarrow as pa
import pyarrow.csv as pa_csv

from connectors.disk import whole_file
from connectors.errors import Misconfigured
from connectors.spreadsheet import compute, restored, safe
from connectors.types import Value

#: Signs that some file system does not allow in a name, and the one that marks them.
UNSAFE = frozenset('/\\:*?"<>|%')


def file_name(text: str) -> str:
    """A name for a file, from which ``name_of`` gives the text back."""
    marked = "".join(f"%{ord(c):02X}" if c in UNSAFE or c < " " else c for c in text)
    return f"%2E{marked[1:]}.csv" if marked.startswith(".") else f"{marked}.csv"


def name_of(path: Path) -> str:
    """The text that a file was named for."""
    return unquote(path.name.removesuffix(".csv"))


def text_of(value: Value) -> str | None:
    """A value as it stands in a file: dates in ISO 8601, moments with their offset."""
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    return value.isoformat() if isinstance(value, (date, datetime)) else str(value)


def table(rows: Iterable[Mapping[str, str | None]], columns: Sequence[str]) -> pa.Table:
    """Rows as a table of text; what a row lacks is null."""
    schema = pa.schema({name: pa.string() for name in columns})
    return pa.Table.from_pylist([dict(row) for row in rows], schema)


def read(path: Path, only: Sequence[str] = ()) -> pa.Table:
    """A file that ``write`` wrote; ``only`` some of its columns (none named: all).

    Raises Misconfigured if somebody has made something else of it.
    """
    try:
        found = _read(path, only)
    except (pa.ArrowException, UnicodeError, StopIteration) as error:
        raise Misconfigured(f"{path} is not as it was written; put it back as it was") from error
    return pa.table([restored(column) for column in found.columns], names=found.column_names)


def _read(path: Path, only: Sequence[str]) -> pa.Table:
    with path.open(newline="", encoding="utf-8") as file:
        names = next(csv.reader(file))
    return pa_csv.read_csv(
        path,
        parse_options=pa_csv.ParseOptions(newlines_in_values=True),
        convert_options=pa_csv.ConvertOptions(
            column_types={name: pa.string() for name in names},
            include_columns=list(only),
            null_values=[""],
            strings_can_be_null=True,
            quoted_strings_can_be_null=False,
        ),
    )


def write(path: Path, rows: pa.Table, by: Sequence[str]) -> None:
    """Put the rows into the file, sorted ``by`` these columns, safe for a spreadsheet."""
    ordered = rows.sort_by([(name, "ascending") for name in by])
    columns = [safe(column) for column in ordered.columns]
    with whole_file(path) as unfinished:
        pa_csv.write_csv(pa.table(columns, names=ordered.column_names), unfinished)


def without(rows: pa.Table, column: str, values: pa.ChunkedArray) -> pa.Table:
    """The rows whose column is none of the values."""
    return rows.filter(compute.invert(compute.is_in(rows[column], values.combine_chunks())))
