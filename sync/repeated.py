"""An id stands in a part of the lake once, as who reads one part takes every row of it."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from connectors.errors import BrokenConnector
from connectors.spreadsheet import compute
from sync.feeds import Feed
from sync.overlap import SMALL

#: Rows of a page that is looked at in memory.
FEW = 100_000
REPEATED = "SELECT id FROM ids GROUP BY id HAVING count(*) > 1 ORDER BY 1 LIMIT 1"


def refuse_repeated(path: Path, source: str, feed: Feed) -> None:
    """Raise BrokenConnector, with the first such id, if a page brought one twice."""
    with pq.ParquetFile(path) as file:
        few = file.metadata.num_rows <= FEW
        twice = (_of_few if few else _of_many)(file, feed.key)
    if twice is not None:
        raise BrokenConnector(
            f"the source {source!r} sent the {feed.name.removesuffix('s')} {twice!r} twice in "
            "one page"
        )


def _of_few(file: pq.ParquetFile, key: str) -> str | None:
    # a shop may have thousands of pages, and to open a database takes longer than a small page
    counted = compute.value_counts(file.read(columns=[key]).column(0))
    ids, counts = counted.field("values"), counted.field("counts")
    twice: str | None = compute.min(ids.filter(compute.greater(counts, 1))).as_py()
    return twice


def _of_many(file: pq.ParquetFile, key: str) -> str | None:
    with duckdb.connect(config=SMALL) as base:
        batches = (b.rename_columns(["id"]) for b in file.iter_batches(columns=[key]))
        ids = pa.schema([("id", pa.string())])
        base.register("ids", pa.RecordBatchReader.from_batches(ids, batches))
        twice = base.execute(REPEATED).fetchone()
    return None if twice is None else str(twice[0])
