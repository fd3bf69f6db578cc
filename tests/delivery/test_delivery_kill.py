"""A real process, real adapters, look-alikes over HTTP: killed anywhere, the next one completes.

Nothing is lost, and no event comes twice where the vendor can tell; where it cannot, what may have
come is named and not sent again.
"""

from __future__ import annotations

import importlib.util
import json
import os
import signal
import subprocess
import sys
from collections import Counter
from datetime import timedelta
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from connectors.sandbox import Braze, Fault, Iterable, Klaviyo, KlaviyoDials, serve
from sync.store import Store

CHILD = Path(__file__).with_name("crash_child.py")
N = 160
MOVED = 130


class World:
    """Three look-alikes, a store, and processes that deliver."""

    def __init__(self, folder: Path, kit) -> None:
        self.kit = kit
        self.folder = folder
        self.apps = {
            "klaviyo": Klaviyo(limits=False, dials=KlaviyoDials(job_seconds=0.2)),
            "iterable": Iterable(limits=False),
            "braze": Braze(limits=False),
        }
        self.url = f"sqlite:///{folder}/state.db"
        self.days = 0

    def day(self, segments: list[str], moves: list[dict]) -> dict:
        """What a process is told for a new day."""
        self.days += 1
        as_of = self.kit.AS_OF + timedelta(days=self.days)
        store = Store(self.url)
        run = store.start_run(as_of, self.kit.NOW)
        store.close()
        path = self.folder / f"{run.id}.parquet"
        rows = [self.kit.row(f"{n:03d}", segment) for n, segment in enumerate(segments)]
        pq.write_table(self.kit.table(rows), path)
        return {
            "url": self.url,
            "run": run.id,
            "as_of": str(as_of),
            "path": str(path),
            "customers": len(rows),
            "moves": moves,
        }

    def killed(self, told: dict, failpoint: str) -> subprocess.CompletedProcess:
        env = os.environ | {"TIDESMAN_FAILPOINT": failpoint}
        return subprocess.run(
            [sys.executable, str(CHILD), json.dumps(told)],
            env=env,
            check=False,
            capture_output=True,
            text=True,
            timeout=120,
        )


def completed(told: dict) -> dict:
    """The same in this process, which nobody kills."""
    spec = importlib.util.spec_from_file_location("crash_child", CHILD)
    assert spec is not None
    assert spec.loader is not None
    child = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(child)
    return child.main(told)


@pytest.fixture(scope="module")
def loaded(tmp_path_factory, kit):
    """A world after its first load, as files to start from."""
    world = World(tmp_path_factory.mktemp("world"), kit)
    with serve(world.apps) as urls:
        told = world.day(["Promising"] * N, []) | {"urls": urls}
        assert all(r["delivered"] == N for r in completed(told).values())
        yield world, urls


PLACES = [
    "publish.half",
    "publish.done",
    "deliver.marked",
    "deliver.marked:4",
    "deliver.marked:7",
    "deliver.answered:1",
    "deliver.answered:5",
    "deliver.written:3",
    "deliver.ticketed",
    "deliver.polled",
    "deliver.settled",
    "deliver.lost",
]


@pytest.mark.parametrize("place", PLACES)
def test_a_kill_loses_nothing_and_repeats_nothing(loaded, place) -> None:
    world, urls = loaded
    before = {name: Counter(app.counts()) for name, app in world.apps.items()}
    came, went = [("Promising", "Lost"), ("Lost", "Promising")][world.days % 2 == 0]
    moves = [
        {
            "customer_id": f"{n:03d}",
            "scheme": "lifecycle",
            "from_segment": came,
            "to_segment": went,
            "cause": "purchase",
        }
        for n in range(MOVED)
    ]
    segments = [went] * MOVED + ["Promising"] * (N - MOVED)
    told = world.day(segments, moves) | {"urls": urls}
    if place == "deliver.lost":
        world.apps["klaviyo"].faults.add(Fault(kind="lose_job", part=0.5))
    if place == "deliver.polled":
        world.apps["klaviyo"].faults.add(Fault(kind="slow_job", polls=1))
    killed = world.killed(told, place)
    assert killed.returncode == -signal.SIGKILL, (killed.returncode, killed.stderr)
    results = completed(told)
    for name, app in world.apps.items():
        assert app.values("lifecycle_segment") == Counter(segments), name
        result = results[name]
        assert (result["rejected"], result["waiting"]) == (0, 0), (name, result)
        added = app.counts()["events"] - before[name]["events"]
        if name == "braze":
            assert MOVED - result["unknown"] <= added <= MOVED
        else:
            assert (added, result["unknown"], result["unsure"]) == (MOVED, 0, 0), name
        assert result["planned"] == 2 * MOVED
    assert {n: r["writes"] for n, r in completed(told).items()} == dict.fromkeys(world.apps, 0)
