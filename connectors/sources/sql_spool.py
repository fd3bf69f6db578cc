"""The rows of one query, put on this machine's disk in an order of their own.

So the transaction at the shop's database is short, the rows can be read as often as a file's, and
what becomes of them does not depend on the order in which the database gave them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from connectors.sources.files_open import open_rows
from connectors.sources.rows import Layout, Rows
from connectors.sources.sql_cursor import Newest
from connectors.sources.sql_database import Database, Result
from connectors.sources.sql_select import Select

#: Working memory of the sort; what is more goes to the folder.
MEMORY = "512MB"


@dataclass(frozen=True, slots=True)
class Spool:
    """``rows`` go by the cursor columns, then by all others; ``digest`` is equal for equal rows."""

    rows: Rows
    count: int
    digest: str


def spool(database: Database, select: Select, newest: Newest, folder: Path) -> Spool:
    """Bring the rows of a query into a folder, looking at their cursor columns on the way."""
    result = database.run(select)
    came, kept = folder / "came.parquet", folder / "rows.parquet"
    _write(came, result, newest)
    with duckdb.connect(
        config={"memory_limit": MEMORY, "temp_directory": str(folder / "sort")}
    ) as base:
        names = [f"c{place}" for place in range(len(result.names))]
        keys = [f"k{place} NULLS FIRST" for place in range(len(newest.columns))]
        rows = base.read_parquet(str(came))
        rows.order(", ".join([*keys, *names])).project(", ".join(names)).write_parquet(str(kept))
        told = base.read_parquet(str(kept)).aggregate(
            f"count(*), sum(hash({', '.join(names)})::HUGEINT)"
        )
        count, digest = told.fetchall()[0]
    came.unlink()
    opened = replace(
        open_rows(kept, Layout()),
        name=f"the query on {database.name}",
        short="the query",
        names=result.names,
        numbered=False,
    )
    return Spool(opened, count, f"{count}:{digest}")


def _write(path: Path, result: Result, newest: Newest) -> None:
    names = [f"c{place}" for place in range(len(result.names))]
    keys = [f"k{place}" for place in range(len(newest.columns))]
    schema = pa.schema(
        [*zip(names, result.types, strict=True), *((key, pa.int64()) for key in keys)]
    )
    with pq.ParquetWriter(path, schema, compression="lz4") as writer:
        for batch in _batches(result, newest, schema):
            writer.write_batch(batch)


def _batches(result: Result, newest: Newest, schema: pa.Schema) -> Iterator[pa.RecordBatch]:
    places = {column: result.names.index(column) for column in newest.columns}
    for piece in result.pieces:
        columns = [piece.arrow(place) for place in range(len(result.names))]
        keys = [newest.add(column, piece.values(place)) for column, place in places.items()]
        yield pa.record_batch([*columns, *keys], schema)
