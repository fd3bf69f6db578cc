"""Open text files: CSV with any delimiter, JSON lines; packed or not."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.csv as pa_csv

from connectors.errors import Misconfigured
from connectors.sources.rows import ROWS, Layout, Rows

#: Bytes of CSV that are read at a time; the longest row must fit in it.
BLOCK = 4_000_000
DELIMITERS = ",;\t|"


def open_csv(path: Path, layout: Layout) -> Rows:
    """A CSV with a header in row 1. Every cell is text. Raises Misconfigured without a header."""
    names, delimiter = _header(path, layout)
    own = [f"c{i}" for i in range(len(names))]
    rows = Rows(str(path), path.name, names, (pa.string(),) * len(names), lambda _: iter(()))

    def skip(bad: Any) -> str:  # noqa: ANN401 - pyarrow gives it no type
        rows.broken[bad.number] = bad.text
        return "skip"

    def batches(wanted: Sequence[int]) -> Iterator[pa.RecordBatch]:
        # one thread: only then does pyarrow tell the number of a broken row
        reading = pa_csv.ReadOptions(
            use_threads=False, block_size=BLOCK, encoding=layout.encoding,
            column_names=own, skip_rows_after_names=1,
        )  # fmt: skip
        parsing = pa_csv.ParseOptions(
            delimiter=delimiter, newlines_in_values=True, ignore_empty_lines=False,
            invalid_row_handler=skip,
        )  # fmt: skip
        converting = pa_csv.ConvertOptions(
            column_types=dict.fromkeys(own, pa.string()), strings_can_be_null=False,
            include_columns=[own[i] for i in wanted],
        )  # fmt: skip
        with pa.input_stream(str(path)) as stream:
            yield from _numbered(pa_csv.open_csv(stream, reading, parsing, converting), rows.broken)

    rows.batches = batches
    return rows


def _numbered(
    batches: Iterator[pa.RecordBatch], broken: dict[int, str]
) -> Iterator[pa.RecordBatch]:
    """Give each row its number, leaving out those of the rows that were skipped."""
    row = 2
    for batch in batches:
        numbers: list[int] = []
        while len(numbers) < batch.num_rows:
            missing = batch.num_rows - len(numbers)
            numbers.extend(n for n in range(row, row + missing) if n not in broken)
            row += missing
        columns = [pa.array(numbers, pa.int64()), *batch.columns]
        yield pa.record_batch(columns, ["row", *batch.schema.names])


def _header(path: Path, layout: Layout) -> tuple[tuple[str, ...], str]:
    encoding = "utf-8-sig" if layout.encoding.lower() in {"utf-8", "utf8"} else layout.encoding
    with _lines(path, encoding) as lines:
        delimiter = layout.delimiter or max(DELIMITERS, key=lines.readline().count)
    with _lines(path, encoding) as lines:
        names = next(csv.reader(lines, delimiter=delimiter), [])
    if not any(name.strip() for name in names):
        raise Misconfigured(f"{path}, row 1: there is no header; the first row must name columns")
    return tuple(name.strip() for name in names), delimiter


def _lines(path: Path, encoding: str) -> io.TextIOWrapper:
    return io.TextIOWrapper(pa.input_stream(str(path)), encoding=encoding, newline="")


def open_jsonl(path: Path, layout: Layout) -> Rows:
    """JSON lines; a column is a key of one of the first 1,000 objects. Every cell is text."""
    first = (record for _, record in _records(path, layout, 1_000))
    names = tuple(sorted({name for record in first for name in record}))

    def batches(wanted: Sequence[int]) -> Iterator[pa.RecordBatch]:
        keep = pa.schema([("row", pa.int64()), *((f"c{i}", pa.string()) for i in wanted)])
        waiting: list[dict[str, object]] = []
        for row, record in _records(path, layout, None):
            waiting.append({"row": row, **{f"c{i}": _cell(record.get(names[i])) for i in wanted}})
            if len(waiting) == ROWS:
                yield pa.RecordBatch.from_pylist(waiting, keep)
                waiting = []
        yield pa.RecordBatch.from_pylist(waiting, keep)

    return Rows(str(path), path.name, names, (pa.string(),) * len(names), batches)


def _cell(value: object) -> str | None:
    return value if value is None or isinstance(value, str) else json.dumps(value)


def _records(
    path: Path, layout: Layout, most: int | None
) -> Iterator[tuple[int, dict[str, object]]]:
    """Each line's object by its row number; a number stays the text that it is in the file."""
    with _lines(path, layout.encoding) as lines:
        for row, line in enumerate(lines, 1):
            if most is not None and row > most:
                return
            if not line.strip():
                continue
            try:
                record = json.loads(line, parse_float=str, parse_int=str)
            except ValueError as error:
                raise Misconfigured(f"{path}, row {row} is no JSON object ({error})") from error
            if not isinstance(record, dict):
                raise Misconfigured(f"{path}, row {row} is JSON but no object")
            yield row, record
