"""Any table of the operator's by a query: all of its rows, in a file under its own names."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from connectors.sources.sql_database import Place, opened
from connectors.sources.sql_select import Select


def fetch(place: Place, query: str, path: Path) -> None:
    """Write what a query brings as Parquet. Raises as ``Database`` does."""
    with opened(place) as database:
        result = database.run(Select(query))
        schema = pa.schema(list(zip(result.names, result.types, strict=True)))
        with pq.ParquetWriter(path, schema) as writer:
            for piece in result.pieces:
                columns = [piece.arrow(each) for each in range(len(result.names))]
                writer.write_batch(pa.record_batch(columns, schema))
