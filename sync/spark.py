"""Spark as an engine: what ibis leaves open there, so that the segmenter sees no difference."""

from __future__ import annotations

import re
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import ibis
import pyarrow as pa
import pyarrow.parquet as pq
from ibis.backends.pyspark import Backend
from ibis.backends.sql.compilers.pyspark import PySparkCompiler
from ibis.util import gen_name
from pyspark.errors import PySparkException, PySparkRuntimeError  # pyright: ignore[reportMissingImports]
from pyspark.sql import DataFrame, SparkSession  # pyright: ignore[reportMissingImports]
from pyspark.sql.types import TimestampType  # pyright: ignore[reportMissingImports]

from connectors.errors import Misconfigured
from segmenter.expr import Table

#: What the results depend on comes last, so that nobody sets it otherwise by mistake.
ALWAYS: Mapping[str, str] = {
    "spark.sql.ansi.enabled": "true",
    "spark.sql.parquet.outputTimestampType": "TIMESTAMP_MICROS",
}
USUAL: Mapping[str, str] = {
    "spark.ui.enabled": "false",
    "spark.ui.showConsoleProgress": "false",
    "spark.log.level": "ERROR",
}
#: One machine: nobody else may connect, and the 200 parts of Spark's default are too many.
LOCAL: Mapping[str, str] = {
    "spark.driver.bindAddress": "127.0.0.1",
    "spark.driver.host": "127.0.0.1",
    "spark.sql.shuffle.partitions": "8",
}


class Compiler(PySparkCompiler):  # type: ignore[misc]
    """ibis' own, with numbers that are what ibis takes them for."""

    def visit_NonNullLiteral(self, op: Any, *, value: Any, dtype: Any) -> Any:  # noqa: N802
        """A float64 as one: 0.1 alone is a decimal in Spark, and its sums and quotients too."""
        found = super().visit_NonNullLiteral(op, value=value, dtype=dtype)
        return self.cast(found, dtype) if dtype.is_floating() else found


class Spark(Backend):  # type: ignore[misc]
    """ibis' own backend with temporary tables, files of one piece, and Arrow on the way in and out.

    ``scratch`` is a folder that the driver and every worker see.
    """

    compiler = Compiler()
    scratch: Path
    _session: Any

    def get_schema(self, table_name: str, **kwargs: Any) -> Any:
        """As ibis has it, but a moment is one of UTC, not one of no zone."""
        found = dict(super().get_schema(table_name, **kwargs))
        for field in self._session.table(table_name).schema:
            if isinstance(field.dataType, TimestampType):
                found[field.name] = ibis.dtype("timestamp('UTC', 6)")
        return ibis.schema(found)

    def create_table(
        self, name: str, /, obj: Any = None, *, temp: bool | None = None, **kwargs: Any
    ) -> Table:
        """As ibis has it, and temporary tables too: worked out now, gone with the engine."""
        if not temp:
            return super().create_table(name, obj, temp=temp, **kwargs)
        # Cut from what it was made of: else each step would plan all the steps before it again.
        self._frame(obj).localCheckpoint(eager=True).createOrReplaceTempView(name)
        return self.table(name)

    def read_parquet(self, path: str | Path | Sequence[str | Path], /, **kwargs: Any) -> Table:
        """As ibis has it, and several files as one table."""
        paths = [path] if isinstance(path, str | Path) else path
        return self._named(self._session.read.parquet(*map(_place, paths), **kwargs))

    def read_csv(self, path: Any, /, **kwargs: Any) -> Table:
        """With a header, quotes doubled, and as text if ``all_varchar``, as in DuckDB."""
        inferred = not kwargs.pop("all_varchar", False)
        given = {"header": True, "escape": '"', "multiLine": True, "inferSchema": inferred}
        return self._named(self._session.read.csv(_place(path), **(given | kwargs)))

    def to_parquet(self, expr: Table, /, path: str | Path, **kwargs: Any) -> None:
        """One file; its rows pass through this process part by part."""
        compression = kwargs.pop("compression", "snappy")
        # any column may be empty, as in every other file here
        schema = pa.schema([f.with_nullable(True) for f in expr.schema().to_pyarrow()])
        self.scratch.mkdir(parents=True, exist_ok=True)
        folder = Path(tempfile.mkdtemp(prefix="spark-", dir=self.scratch))
        try:
            self._frame(expr, **kwargs).write.parquet(str(folder / "parts"))
            with pq.ParquetWriter(path, schema, compression=compression) as writer:
                for part in sorted((folder / "parts").glob("*.parquet")):
                    with pq.ParquetFile(part) as file:
                        for batch in file.iter_batches():
                            writer.write_table(pa.Table.from_batches([batch]).cast(schema))
        finally:
            shutil.rmtree(folder)

    def to_pyarrow(self, expr: Any, /, **kwargs: Any) -> Any:
        """By way of Arrow, where ibis goes by pandas, which knows no missing integer or date."""
        table = expr.as_table()
        found = self._frame(table, **kwargs).toArrow()
        return expr.__pyarrow_result__(found.cast(table.schema().to_pyarrow()))

    def _named(self, frame: DataFrame) -> Table:
        name = gen_name("spark")
        frame.createOrReplaceTempView(name)
        return self.table(name)

    def _frame(self, obj: Any, **kwargs: Any) -> DataFrame:
        self._run_pre_execute_hooks(obj)
        frame: DataFrame = self._session.sql(self.compile(obj, **kwargs))
        return frame

    def _register_in_memory_table(self, op: Any) -> None:
        rows = op.data.to_pyarrow(op.schema)
        self._session.createDataFrame(rows).createOrReplaceTempView(op.name)


def open_spark(
    timezone: str,
    master: str,
    *,
    memory: str | None = None,
    scratch: Path | None = None,
    options: Mapping[str, str] | None = None,
) -> Spark:
    """An engine whose days are those of ``timezone``, an IANA name.

    ``master`` as Spark has it: ``local[2]``, ``spark://host:7077``, ``yarn``, ``k8s://...``.
    ``memory`` is that of the driver; ``options`` are settings of Spark. The first call starts the
    session and later ones share it, each with tables of its own. Raises Misconfigured if Spark
    cannot be started.
    """
    settings = {**USUAL, **(LOCAL if master.startswith("local") else {}), **(options or {})}
    if memory is not None:
        settings["spark.driver.memory"] = memory.removesuffix("B").removesuffix("i").lower()
    builder = SparkSession.builder.master(master).appName("tidesman")
    for name, value in {**settings, **ALWAYS}.items():
        builder = builder.config(name, value)
    try:
        session = builder.getOrCreate()
    except (PySparkException, OSError) as error:
        why = (str(error).splitlines() or [type(error).__name__])[0]
        hint = "; it needs Java 17 or 21" if isinstance(error, PySparkRuntimeError) else ""
        raise Misconfigured(f"engine: Spark at {master} does not start: {why}{hint}") from error
    # a session of its own, so that the zone of one engine is not that of another
    Spark.register_options()
    engine = Spark()
    own: dict[str, Any] = {"spark.sql.session.timeZone": timezone, **ALWAYS}
    engine.do_connect(session.newSession(), **own)
    engine.scratch = scratch or Path(tempfile.gettempdir()) / "tidesman-engine"
    return engine


def _place(path: str | Path) -> str:
    """A path as Spark takes it, which reads stars and brackets as a pattern."""
    return re.sub(r"([\\*?\[\]{},])", r"\\\1", str(path))
