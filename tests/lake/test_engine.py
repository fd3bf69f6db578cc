"""The engine: days in the shop's zone, and limits that hold."""

from datetime import UTC, date, datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from sync.engine import open_engine


def setting(engine, name):
    return engine.raw_sql(f"SELECT current_setting('{name}')").fetchone()[0]


def test_a_day_is_the_shops_day_whatever_the_machines_zone(monkeypatch, tmp_path):
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    at = datetime(2020, 7, 1, 23, 30, tzinfo=UTC)
    moments = pa.table({"at": pa.array([at], pa.timestamp("us", "UTC"))})
    pq.write_table(moments, tmp_path / "moments.parquet")
    for zone, day in (("Europe/London", date(2020, 7, 2)), ("America/New_York", date(2020, 7, 1))):
        engine = open_engine(zone)
        shop = engine.read_parquet(tmp_path / "moments.parquet")
        [row] = shop.select(day=shop["at"].date()).to_pyarrow().to_pylist()
        assert row["day"] == day
        engine.disconnect()


def test_memory_threads_and_the_place_for_what_does_not_fit_can_be_set(tmp_path: Path):
    engine = open_engine("UTC", memory="123MiB", threads=1, scratch=tmp_path / "it's")
    assert setting(engine, "memory_limit") == "123.0 MiB"
    assert setting(engine, "threads") == 1
    assert setting(engine, "temp_directory") == str(tmp_path / "it's")
    engine.disconnect()


def test_engines_share_nothing():
    one, other = open_engine("UTC"), open_engine("UTC")
    one.raw_sql("CREATE TABLE t (a INTEGER)")
    assert other.raw_sql("SELECT count(*) FROM duckdb_tables()").fetchone() == (0,)
    one.disconnect()
    other.disconnect()
