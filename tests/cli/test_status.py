"""What status tells of the last run besides its status, and of events that nobody knows about."""

import json
import signal
import sqlite3
from contextlib import closing

import httpx


def said(shop):
    done = shop.here("status")
    assert done.exit_code == 0, done.stderr
    return " ".join(done.stdout.split())


def test_a_run_that_was_killed_was_cut_off(shop):
    killed = shop.tidesman("run", *shop.as_of(), TIDESMAN_FAILPOINT="deliver.marked:2")
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    assert "it was cut off; the next run goes on with it" in said(shop)
    shop.report(*shop.as_of())
    assert "cut off" not in said(shop)


def test_a_run_that_failed_tells_why(shop):
    (shop.folder / "orders" / "until-june.csv").unlink()
    assert shop.here("run", *shop.as_of()).exit_code == 2
    assert "no file matches" in said(shop)
    assert "no file matches" in json.loads(shop.here("status", "--json").stdout)["last_run"]["note"]


def test_what_a_run_left_behind_is_told(shop):
    fault = {"kind": "status", "status": 401, "times": None}
    httpx.post(f"{shop.urls['iterable']}/sandbox/faults", json=fault).raise_for_status()
    shop.report(*shop.as_of(), code=4)
    told = said(shop)
    assert "iterable stopped before the end" in told
    assert "check the key and its permissions" in told


def test_unknown_events_have_a_column_and_a_sentence(shop):
    shop.report(*shop.as_of())
    assert "unknown" not in said(shop)
    row = ("e1", "braze", "c0001", "moved", "{}", "2025-06-30", 0, "unknown", "r", "2025-06-30")
    columns = "id, destination, customer_id, name, payload, occurred_at, backfill, mark, run_id"
    with closing(sqlite3.connect(shop.folder / "data" / "state.db")) as state, state:
        marks = ", ".join("?" * len(row))
        state.execute(f"INSERT INTO outbox ({columns}, updated_at) VALUES ({marks})", row)
    told = said(shop)
    assert "events sent unknown" in told
    assert "1 events are unknown: nobody knows whether they arrived" in told


def test_a_path_that_cannot_be_is_told_at_once(shop):
    (shop.folder / "out").write_text("a file, not a folder")
    report = shop.here("run", "--json", *shop.as_of())
    assert report.exit_code == 4
    disk = json.loads(report.stdout)["destinations"]["disk"]
    assert disk["delivered"] == 0
    assert f"{shop.folder}/out cannot be written to" in said(shop)


def test_what_did_not_land_is_named(shop):
    poison = {"kind": "poison", "ids": ["c0007@example.com"], "times": None}
    httpx.post(f"{shop.urls['klaviyo']}/sandbox/faults", json=poison).raise_for_status()
    report = shop.report(*shop.as_of())
    assert report["destinations"]["klaviyo"]["rejected"] == 1
    named = json.loads(shop.here("status", "--undelivered", "--json").stdout)
    assert [
        (row["destination"], row["customer_id"], row["what"], row["mark"]) for row in named
    ] == [("klaviyo", "c0007", "profile", "refused")]
    assert named[0]["reason"]
    assert "klaviyo c0007 profile refused:" in " ".join(
        shop.here("status", "--undelivered").stdout.split()
    )


def test_nothing_is_named_when_all_landed(shop):
    shop.report(*shop.as_of())
    assert "every change was delivered" in shop.here("status", "--undelivered").stdout
