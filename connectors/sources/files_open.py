"""Open one file of rows: CSV, compressed CSV, Parquet or JSON lines, told by its name."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from connectors.errors import Misconfigured
from connectors.sources.files_text import open_csv, open_jsonl
from connectors.sources.rows import ROWS, Layout, Rows, unreadable

PACKED = (".gz", ".bz2", ".zst")
#: How a file begins that is no text.
MAGIC = {b"PAR1": "Parquet", b"PK\x03\x04": "a spreadsheet or a zip archive", b"\x1f\x8b": "gzip"}


def kind_of(path: Path) -> str | None:
    """``csv``, ``parquet`` or ``jsonl`` by the name's ending, None if it is none of them."""
    name = path.name.lower()
    if name.endswith((".parquet", ".pq")):
        return "parquet"
    for packed in PACKED:
        name = name.removesuffix(packed)
    if name.endswith((".csv", ".tsv", ".txt")):
        return "csv"
    return "jsonl" if name.endswith((".jsonl", ".ndjson")) else None


def is_export(path: Path) -> bool:
    """Whether a file that nobody named is one of orders; a .txt is as likely a note to a reader."""
    name = path.name.lower()
    for packed in PACKED:
        name = name.removesuffix(packed)
    return kind_of(path) is not None and not name.endswith(".txt")


def open_rows(path: Path, layout: Layout) -> Rows:
    """Open a file. Raises Misconfigured with a sentence if it is not what its name says."""
    try:
        kind = kind_of(path)
        _check_beginning(path, kind)
        if kind == "parquet":
            return _parquet(path)
        return open_csv(path, layout) if kind == "csv" else open_jsonl(path, layout)
    except (pa.ArrowException, OSError, EOFError, UnicodeError) as error:
        raise unreadable(str(path), error) from error


def _check_beginning(path: Path, kind: str | None) -> None:
    if kind is None:
        raise Misconfigured(f"{path} is no .csv, .csv.gz, .parquet or .jsonl file")
    with path.open("rb") as file:
        head = file.read(4)
    if not head:
        raise Misconfigured(f"{path} is empty, without even a header; export it again")
    found = next((what for magic, what in MAGIC.items() if head.startswith(magic)), "text")
    if kind == "parquet" and found != "Parquet":
        raise Misconfigured(f"{path} is named as Parquet but is {found}; name it by what it holds")
    packed = path.name.lower().endswith(PACKED)
    if kind != "parquet" and not packed and found != "text":
        raise Misconfigured(f"{path} is {found}, not text; export it as CSV, or name it right")


def _parquet(path: Path) -> Rows:
    with pq.ParquetFile(path) as file:
        schema = file.schema_arrow
    types = tuple(plain_type(kind) for kind in schema.types)

    def batches(wanted: Sequence[int]) -> Iterator[pa.RecordBatch]:
        row = 1
        names = [schema.names[i] for i in wanted]
        plain = [types[i] for i in wanted]
        with pq.ParquetFile(path) as file:
            for batch in file.iter_batches(ROWS, columns=names):
                numbers = pa.array(range(row, row + batch.num_rows), pa.int64())
                row += batch.num_rows
                columns = [*map(plain_array, map(batch.column, names), plain)]
                yield pa.record_batch([numbers, *columns], ["row", *(f"c{i}" for i in wanted)])

    return Rows(str(path), path.name, tuple(schema.names), types, batches)


def plain_array(column: pa.Array, kind: pa.DataType) -> pa.Array:
    """The column in its plain type."""
    # nanoseconds are cut, not refused
    return column if column.type == kind else column.cast(kind, safe=False)


def plain_type(kind: pa.DataType) -> pa.DataType:
    """The type that means the same to every engine: there are many for text and for moments."""
    is_a = pa.types
    if is_a.is_dictionary(kind):
        return plain_type(kind.value_type)
    if is_a.is_timestamp(kind):
        return pa.timestamp("us", None if kind.tz is None else "UTC")
    text = (is_a.is_large_string, is_a.is_string_view, is_a.is_decimal256)
    binary = (is_a.is_binary, is_a.is_large_binary, is_a.is_binary_view)
    if any(holds(kind) for holds in (*text, *binary)):
        return pa.string()
    return pa.float32() if is_a.is_float16(kind) else kind
