"""Keep an intermediate result in the engine, so that it is computed once."""

from __future__ import annotations

from ibis.util import gen_name

from segmenter.expr import Engine, Table


def stage(engine: Engine, table: Table) -> Table:
    """Store the rows of ``table`` as a temporary table of the engine and return that."""
    return engine.create_table(gen_name("segmenter"), table, temp=True)


def rows_in(table: Table) -> int:
    """How many rows a table has."""
    return int(table.count().to_pyarrow().as_py())


def drop(engine: Engine, table: Table) -> None:
    """Forget what ``stage`` stored; else it stays as long as the engine."""
    # ibis' own drop_table writes what not every DuckDB understands; Spark keeps it as a view.
    kind = "VIEW" if engine.name == "pyspark" else "TABLE"
    engine.raw_sql(f"DROP {kind} {table.op().name}")
