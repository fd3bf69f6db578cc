"""Rows as a stream, whatever they come from: a file of any kind, or a query.

The stream has a column ``row`` (int64) and columns ``c0``, ``c1`` ... that stand for the own names
of the file, so that no name can break a query. A row's number is the one a spreadsheet shows: the
header of a CSV is row 1; in Parquet and JSON lines the first row is 1.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

import pyarrow as pa

from connectors.errors import Misconfigured

#: Rows that are in memory at a time.
ROWS = 50_000

Batches = Callable[[Sequence[int]], Iterator[pa.RecordBatch]]


@dataclass(frozen=True, slots=True)
class Layout:
    """How the text of a file is written. ``delimiter`` None: the likeliest in the header."""

    encoding: str = "utf-8"
    delimiter: str | None = None


@dataclass(slots=True)
class Rows:
    """An opened file: its column names, and its rows as often as they are asked for.

    ``name`` says where they are from, ``short`` the same beside an example.
    """

    name: str
    short: str
    names: tuple[str, ...]
    types: tuple[pa.DataType, ...]
    batches: Batches
    #: Rows with too many or too few cells, left out of the stream: the text by row number.
    broken: dict[int, str] = field(default_factory=dict[int, str])
    #: Whether a row has a number that its reader can look up; else it is known by its order id.
    numbered: bool = True
    #: Why the last stream ended early; a query engine in between would blur it.
    failure: Misconfigured | None = None

    def stream(self, columns: Sequence[int] | None = None) -> pa.RecordBatchReader:
        """The rows with these columns (None: all), by position."""
        wanted = range(len(self.names)) if columns is None else columns
        fields = [("row", pa.int64()), *((f"c{i}", self.types[i]) for i in wanted)]
        return pa.RecordBatchReader.from_batches(pa.schema(fields), self._guarded(list(wanted)))

    def _guarded(self, wanted: Sequence[int]) -> Iterator[pa.RecordBatch]:
        self.failure = None
        try:
            yield from self.batches(wanted)
        except Misconfigured as failure:
            self.failure = failure
            raise
        except (pa.ArrowException, OSError, EOFError) as error:
            self.failure = unreadable(self.name, error)
            raise self.failure from error


def unreadable(name: str, error: Exception) -> Misconfigured:
    """The sentence for a file that breaks off or is not what its name says."""
    if isinstance(error, UnicodeError) or "UTF8" in str(error):
        return Misconfigured(
            f"{name} is not written in the expected encoding ({error}); set encoding, such as"
            " windows-1252 or utf-16, or export it as UTF-8"
        )
    return Misconfigured(f"{name} cannot be read to its end ({error}); export or upload it again")
