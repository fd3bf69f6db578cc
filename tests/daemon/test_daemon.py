"""The daemon as a process: it runs, shows that it lives, and ends cleanly amid a run."""

import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from datetime import date, timedelta

import httpx
import pytest

from connectors.sandbox import serve
from connectors.sandbox.run import look_alikes

CONFIG = """\
timezone: Europe/London
currency: GBP
schedule: "0 0 1 1 *"
log_format: json
sources:
  shop:
    type: files
    path: ./orders.csv
    columns: {{order_id: order, customer_id: customer, ordered_at: day, amount: total}}
destinations:
  braze: {{type: braze, api_key: {{env: BRAZE_API_KEY}}, base_url: {braze}}}
"""
CUSTOMERS = 3_000


@pytest.fixture
def shop(tmp_path):
    with serve(look_alikes(limits=False)) as urls:
        (tmp_path / "tidesman.yaml").write_text(CONFIG.format(**urls))
        day = date(2024, 1, 1)
        rows = [
            f"o{c}-{n},c{c:04d},{day + timedelta(c % 90 + n * 30)},{10 + c % 70}.5"
            for c in range(CUSTOMERS)
            for n in range(c % 4 + 1)
        ]
        (tmp_path / "orders.csv").write_text("\n".join(["order,customer,day,total", *rows]) + "\n")
        yield tmp_path, urls["braze"]


def start(folder, *args):
    return subprocess.Popen(
        [sys.executable, "-c", "from sync.cli import main; main()", *args],
        cwd=folder,
        env={**os.environ, "BRAZE_API_KEY": "b-canary"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def healthy(folder):
    process = start(folder, "status", "--healthy")
    process.communicate(timeout=60)
    return process.returncode


def until(process, fact):
    deadline = time.monotonic() + 60
    while not fact():
        assert process.poll() is None, process.stderr.read()
        assert time.monotonic() < deadline
        time.sleep(0.05)


def ended(folder):
    with closing(sqlite3.connect(folder / "data" / "state.db")) as state:
        return state.execute("SELECT id, status FROM runs").fetchall()


def lines(text):
    return [json.loads(line) for line in text.splitlines()]


def test_it_runs_at_the_start_if_asked_and_shows_that_it_lives(shop):
    folder, url = shop
    daemon = start(folder, "daemon", "--now")
    until(daemon, lambda: httpx.get(f"{url}/sandbox/state").json()["profiles"] == CUSTOMERS)
    assert healthy(folder) == 0
    daemon.send_signal(signal.SIGTERM)
    _, err = daemon.communicate(timeout=60)
    assert daemon.returncode == 0
    said = {line["event"] for line in lines(err)}
    assert {"waiting", "run at once", "run ended", "stopping", "stopped"} <= said
    assert "canary" not in err
    assert [status for _, status in ended(folder)] == ["done"]
    assert healthy(folder) == 1


def test_a_signal_in_the_middle_of_a_run_ends_it_and_the_next_goes_on(shop):
    folder, url = shop
    # forty batches, thirteen of them at once; the third and all after it take a while
    stall = {"kind": "stall", "seconds": 0.5, "skip": 2, "times": None}
    httpx.post(f"{url}/sandbox/faults", json=stall).raise_for_status()
    daemon = start(folder, "daemon", "--now")
    until(daemon, lambda: httpx.get(f"{url}/sandbox/state").json()["profiles"] > 0)
    daemon.send_signal(signal.SIGTERM)
    _, err = daemon.communicate(timeout=60)
    assert daemon.returncode == 0, err
    assert "Traceback" not in err
    ((run_id, status),) = ended(folder)
    assert status == "stopped"
    there = httpx.get(f"{url}/sandbox/state").json()["profiles"]
    assert 0 < there < CUSTOMERS
    httpx.delete(f"{url}/sandbox/faults").raise_for_status()
    before = httpx.get(f"{url}/sandbox/state").json()["requests"]
    process = start(folder, "run", "--json")
    out, err = process.communicate(timeout=60)
    assert process.returncode == 0, err
    assert json.loads(out)["destinations"]["braze"]["delivered"] == CUSTOMERS
    assert ended(folder) == [(run_id, "done")]
    after = httpx.get(f"{url}/sandbox/state").json()
    assert after["profiles"] == CUSTOMERS
    # nothing that was acknowledged is sent again: a batch is 75
    assert after["requests"] - before == -(-(CUSTOMERS - there) // 75)
