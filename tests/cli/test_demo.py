"""The demo as a newcomer runs it: the whole log, the look-alikes, nine runs."""

import json
import socket
import subprocess
import sys

import httpx
import pytest

KEYS = {"as_of", "orders", "customers", "segments", "moves", "destinations", "seconds"}
COUNTS = {"planned", "requests", "delivered", "rejected", "unsure", "waiting", "unconfirmed"}


@pytest.fixture(scope="module")
def shown(tmp_path_factory):
    return subprocess.run(
        [sys.executable, "-c", "from sync.cli import main; main()", "demo", "--json"],
        cwd=tmp_path_factory.mktemp("empty"),
        capture_output=True,
        text=True,
        check=True,
        timeout=300,
    )


def test_the_demo_tells_nine_runs_as_json(shown):
    told = json.loads(shown.stdout)
    assert set(told) == {"runs"}
    runs = told["runs"]
    assert [run["as_of"] for run in runs] == [
        "1998-03-31",
        *(f"1998-04-0{day}" for day in range(1, 8)),
        "1998-04-07",
    ]
    for run in runs:
        assert set(run) == KEYS
        assert run["customers"] == 23_570
        assert set(run["destinations"]) == {"klaviyo", "iterable", "braze"}
        for scheme in run["segments"].values():
            assert sum(scheme.values()) == 23_570
        for result in run["destinations"].values():
            assert set(result) == COUNTS
            assert result["planned"] == result["delivered"]
            assert (result["rejected"], result["unsure"]) == (0, 0)


def test_the_first_load_is_whole_and_the_days_after_are_small(shown):
    first, *days, again = json.loads(shown.stdout)["runs"]
    assert {r["delivered"] for r in first["destinations"].values()} == {23_570}
    assert {(m["from"], m["cause"]) for m in first["moves"]} == {(None, "first seen")}
    assert {(m["scheme"], m["to"]): m["customers"] for m in first["moves"]} == {
        (scheme, name): count
        for scheme, counts in first["segments"].items()
        for name, count in counts.items()
        if count
    }
    assert first["orders"] == 63_753
    for day in days:
        assert {m["cause"] for m in day["moves"]} <= {"purchase", "silence"}
        for result in day["destinations"].values():
            assert 0 < result["delivered"] < 0.05 * 23_570
    assert again["orders"] == days[-1]["orders"]
    assert again["segments"] == days[-1]["segments"]
    assert again["moves"] == []
    assert {r["requests"] for r in again["destinations"].values()} == {0}


def test_what_a_person_reads_goes_to_standard_error_in_100_columns(shown):
    said = shown.stderr
    assert max(map(len, said.splitlines())) <= 100
    for part in ("the first load: properties, and no events", "0 write calls", "tidesman init"):
        assert part in said
    assert "Traceback" not in said


def test_the_sandbox_serves_all_look_alikes_until_it_is_stopped(tmp_path):
    first = _free_ports()
    command = [sys.executable, "-c", "from sync.cli import main; main()", "sandbox"]
    process = subprocess.Popen(
        [*command, "--port", str(first)], cwd=tmp_path, stdout=subprocess.PIPE, text=True
    )
    told = [process.stdout.readline() for _ in range(7)]
    assert [line.split()[:2] for line in told[:6]] == [
        [name, f"http://127.0.0.1:{first + n}"]
        for n, name in enumerate(
            ("klaviyo", "iterable", "braze", "hubspot", "mailchimp", "customerio")
        )
    ]
    assert httpx.get(f"http://127.0.0.1:{first + 2}/sandbox/state").json()["profiles"] == 0
    process.terminate()
    process.communicate(timeout=30)
    assert process.returncode == 0


def test_a_port_that_is_taken_is_told(cli):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        done = cli("sandbox", "--port", str(taken.getsockname()[1]))
    assert done.exit_code == 2
    assert "cannot listen on 127.0.0.1:" in done.stderr


def _free_ports() -> int:
    for first in range(21_000, 60_000, 7):
        try:
            for port in range(first, first + 6):
                with socket.socket() as trial:
                    trial.bind(("127.0.0.1", port))
        except OSError:
            continue
        return first
    raise AssertionError("no six ports in a row are free")
