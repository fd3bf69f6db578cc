"""A short campaign on each database; the long one is ``make torture``."""

from __future__ import annotations

import json
import os
import re
import select
import signal
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent


@pytest.mark.parametrize("database", ["sqlite", "postgresql"])
def test_a_day_of_kills_and_faults_ends_as_it_should(root, database) -> None:
    few = ["--kills", "1", "--days", "1", "--each", "10"]
    done = subprocess.run(
        [sys.executable, str(HERE), *few, "--database", database],
        env={**os.environ, "PYTHONPATH": str(root)},
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-2000:]
    told = re.search(r"(\d+) kills, seeds 1 to 1, \d+ s: 0 findings", done.stdout)
    assert told is not None
    assert int(told[1]) >= 5, "hardly a kill came at a moment that counts"


def test_a_database_server_ends_with_the_process_that_started_it() -> None:
    work = (
        "import os, signal, postgres\n"
        "with postgres.postgresql() as it: print(it.folder, flush=True), signal.pause()"
    )
    started = subprocess.Popen(
        [sys.executable, "-c", work],
        env={**os.environ, "PYTHONPATH": str(HERE)},
        stdout=subprocess.PIPE,
        text=True,
    )
    kept = Path(started.stdout.readline().strip(), "own", "data", "postmaster.pid")
    server = os.pidfd_open(int(kept.read_text().partition("\n")[0]))
    started.send_signal(signal.SIGKILL)
    started.communicate()
    assert select.select([server], [], [], 60)[0] == [server]
    os.close(server)
    started.stdout.close()


def test_every_place_that_the_engine_names_is_killed_at(root) -> None:
    named = set()
    for path in (root / "sync").rglob("*.py"):
        named |= set(re.findall(r'reach\(f?"([\w.{}]+)"\)', path.read_text()))
    steps = {f"run.{step}" for step in ("ingest", "segment", "plan", "deliver", "report")}
    named = {place for place in named if "{" not in place} | steps
    script = (HERE / "script.py").read_text()
    killed_at = set(re.findall(r'^    "([a-z]+\.[a-z]+)": \d', script, re.MULTILINE))
    # forgetting and lists are killed at in tests of their own, as a campaign has neither
    elsewhere = ("forget.", "lists.")
    assert {place for place in named if not place.startswith(elsewhere)} == killed_at


def test_a_thousand_kills_miss_no_place_no_fault_and_no_mishap() -> None:
    show = (
        "import json, random\n"
        "from script import FAULTS, PLACES, days\n"
        "steps = [s for seed in (1, 2, 3) for day in days(random.Random(seed), seed, 4, 20)\n"
        "         for part in day for s in part]\n"
        "print(json.dumps([sorted(PLACES), sorted(FAULTS),\n"
        "  sorted({s.kill.place for s in steps if s.kill and s.kill.place}),\n"
        "  sorted({f['name'] for s in steps for each in s.faults.values() for f in each\n"
        "          if 'name' in f}),\n"
        "  sorted({s.conditions.name for s in steps if str(s.conditions) != 'all is well'})]))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", show],
        env={**os.environ, "PYTHONPATH": str(HERE)},
        capture_output=True,
        text=True,
        check=True,
    )
    places, faults, killed_at, struck, mishaps = json.loads(done.stdout)
    assert (killed_at, struck) == (places, faults)
    assert mishaps == ["clock set back", "disk full", "disk read-only"]
