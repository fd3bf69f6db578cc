"""One shop on both engines: the same configuration but for the engine, and two days of it."""

from __future__ import annotations

import gc
import hashlib
import importlib
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from sync.app import open_app
from sync.run import publish
from sync.tenure import tenure

HERE = Path(__file__).parent


@pytest.fixture(scope="session")
def pyspark(request: pytest.FixtureRequest) -> None:
    """Spark for this process, installed once; skipped, loudly, where there can be none."""
    if shutil.which("java") is None:
        pytest.skip(
            "NOT TESTED ON SPARK: there is no Java (apt-get install openjdk-17-jre-headless)"
        )
    wanted = HERE / "requirements.txt"
    cache = Path(request.config.rootpath) / ".pytest_cache" / "servers"
    home = cache / f"spark-{hashlib.sha256(wanted.read_bytes()).hexdigest()[:12]}"
    if not (home / "complete").exists():
        shutil.rmtree(home, ignore_errors=True)
        pip = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        done = subprocess.run(
            [*pip, "--no-deps", "--require-hashes", "--target", home, "-r", wanted],
            capture_output=True,
            text=True,
            check=False,
            timeout=600,
        )
        if done.returncode != 0:
            why = (done.stderr.strip().splitlines() or ["pip failed"])[-1]
            pytest.skip(f"NOT TESTED ON SPARK, AS IT CANNOT BE INSTALLED: {why}")
        (home / "complete").touch()
    sys.path.append(str(home))
    importlib.invalidate_caches()


@pytest.fixture(autouse=True)
def swept() -> Iterator[None]:
    """What pyspark left open is closed here, not in somebody else's test."""
    yield
    gc.collect()


class Evening:
    """A clock that stands still on the evening of a day."""

    def __init__(self, day: date) -> None:
        self._now = datetime.combine(day, time(20), UTC)

    def now(self) -> datetime:
        return self._now

    def monotonic(self) -> float:
        return 0.0

    async def sleep(self, seconds: float) -> None:
        raise AssertionError(f"nothing here waits, but {seconds} were asked for")


Published = Callable[..., list[pa.Table]]


@pytest.fixture
def published() -> Published:
    """What each of these days publishes for the configuration in a folder."""

    def published(folder: Path, configuration: str, days: list[date]) -> list[pa.Table]:
        folder.mkdir(exist_ok=True)
        path = folder / "tidesman.yaml"
        path.write_text(configuration)
        found: list[pa.Table] = []
        for day in days:
            with (
                open_app(path, clock=Evening(day)) as app,  # type: ignore[arg-type]
                tenure(app.store, app.clock, lost=lambda: None),
            ):
                snapshot = publish(app, day, stop=threading.Event())
                assert snapshot is not None
                found.append(pq.read_table(app.loaded.data_dir / snapshot.path))
        return found

    return published


@pytest.fixture
def values() -> Callable[[pa.Table], dict[str, list[Any]]]:
    """The columns of a result as plain values, sorted by customer as they are."""
    return lambda table: {name: table[name].to_pylist() for name in table.column_names}
