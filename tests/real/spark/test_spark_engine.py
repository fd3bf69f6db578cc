"""The engine by itself: what ibis' own backend for Spark does not do, or does otherwise."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import ibis
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from connectors.errors import Misconfigured
from segmenter.portable import rounded
from segmenter.stage import drop, rows_in, stage
from sync.engine import open_engine

pytestmark = [
    pytest.mark.long,
    pytest.mark.usefixtures("pyspark"),
    pytest.mark.filterwarnings("ignore:unclosed <socket:ResourceWarning"),
]
AT = datetime(2020, 7, 1, 23, 30, tzinfo=UTC)
ROWS = pa.table(
    {
        "at": pa.array([AT, None], pa.timestamp("us", "UTC")),
        "amount": pa.array([Decimal("1.0050"), None], pa.decimal128(18, 4)),
        "whole": pa.array([2**53 + 1, None], pa.int64()),
        "day": pa.array([date(2020, 1, 1), None]),
        "name": pa.array(["a", None]),
    }
)


@pytest.fixture(scope="module")
def spark(pyspark: None, tmp_path_factory: pytest.TempPathFactory) -> Any:  # noqa: ARG001 - installed
    from sync.spark import open_spark

    return open_spark("Europe/London", "local[2]", scratch=tmp_path_factory.mktemp("scratch"))


def test_rows_come_back_as_they_went(spark: Any, tmp_path: Path) -> None:
    pq.write_table(ROWS, tmp_path / "rows [1] {2}*.parquet")
    for table in (
        stage(spark, ibis.memtable(ROWS)),
        spark.read_parquet(tmp_path / "rows [1] {2}*.parquet"),
    ):
        assert spark.to_pyarrow(table.order_by("name")).to_pylist() == ROWS.to_pylist()
        spark.to_parquet(table.order_by("name"), tmp_path / "out.parquet")
        assert pq.read_table(tmp_path / "out.parquet").to_pylist() == ROWS.to_pylist()
    nothing = stage(spark, ibis.memtable(ROWS.schema.empty_table()))
    assert rows_in(nothing) == 0
    drop(spark, nothing)
    assert nothing.op().name not in spark.list_tables()


def test_each_engine_has_its_own_zone(spark: Any, tmp_path: Path) -> None:
    from sync.spark import open_spark

    pq.write_table(ROWS, tmp_path / "rows.parquet")
    other = open_spark("America/New_York", "local[2]")
    for engine, day in ((spark, date(2020, 7, 2)), (other, date(2020, 7, 1))):
        table = engine.read_parquet(tmp_path / "rows.parquet").filter(ibis._.name == "a")
        found = engine.to_pyarrow(table.select(day=table["at"].date(), at="at"))
        assert found.to_pylist() == [{"day": day, "at": AT}]


def test_numbers_are_the_same_to_the_last_bit(spark: Any) -> None:
    given = pa.table(
        {"x": [1.005, 2.675, -0.125, 0.1 + 0.2, 1e6 / 3, 8.5], "n": [1, 2, 3, 4, 5, 6]}
    )
    found = []
    for engine in (open_engine("UTC"), spark):
        table = stage(engine, ibis.memtable(given))
        asked = table.select(
            rounded(table.x, 2).name("rounded"),
            product=table.n.cast("float64") * 0.1,
            share=table.x / 3.0,
            spread=table.x.cast("float64") * (1.0 / 7.0),
        )
        found.append(sorted(engine.to_pyarrow(asked).to_pylist(), key=str))
    assert found[0] == found[1]


def test_a_spark_that_cannot_start_is_one_sentence(monkeypatch: Any) -> None:
    from sync import spark as module

    def refuses(_: object) -> None:
        raise module.PySparkRuntimeError(errorClass="JAVA_GATEWAY_EXITED", messageParameters={})

    monkeypatch.setattr(module.SparkSession.Builder, "getOrCreate", refuses)
    with pytest.raises(Misconfigured, match=r"Spark at local\[3\] does not start.*Java 17"):
        module.open_spark("UTC", "local[3]")
