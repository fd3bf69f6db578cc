"""The daily job as a process of its own, against look-alikes on loopback."""

import json
import os
import signal
import sqlite3
from contextlib import closing
from datetime import timedelta

import httpx
import pytest

from sync.clock import SystemClock
from sync.store import Store
from sync.tenure import tenure

VENDORS = ("klaviyo", "iterable", "braze")


def dial(shop, vendor, **fault):
    httpx.post(f"{shop.urls[vendor]}/sandbox/faults", json=fault).raise_for_status()


def test_a_run_and_the_same_once_more(shop):
    first = shop.report(*shop.as_of())
    assert first["as_of"] == "2025-06-30"
    assert first["customers"] == 300
    assert set(first["segments"]) == {"lifecycle", "rfm", "risk_value"}
    assert all(sum(scheme.values()) == 300 for scheme in first["segments"].values())
    for name, result in first["destinations"].items():
        assert (result["planned"], result["delivered"]) == (300, 300), name
        assert result["requests"] > 0
    for vendor in VENDORS:
        state = shop.state(vendor)
        assert state["events"] == 0, "the first load is silent"
    again = shop.report(*shop.as_of())
    assert again["segments"] == first["segments"]
    assert again["moves"] == []
    assert {d["requests"] for d in again["destinations"].values()} == {0}
    assert {d["planned"] for d in again["destinations"].values()} == {0}


def test_only_who_moved_is_updated_the_next_day(shop):
    shop.report(*shop.as_of())
    calls = {vendor: shop.state(vendor)["requests"] for vendor in VENDORS}
    new = [(f"n{n}", f"c{n:04d}", shop.day + timedelta(1), 180.0) for n in range(0, 60, 4)]
    shop.write_orders("july-1", new)
    report = shop.report(*shop.as_of(1))
    moved = {move["scheme"]: 0 for move in report["moves"]}
    for move in report["moves"]:
        moved[move["scheme"]] += move["customers"]
        assert move["cause"] in ("purchase", "silence")
    assert 0 < moved["lifecycle"] < 100
    for vendor in VENDORS:
        result = report["destinations"][vendor]
        assert moved["lifecycle"] <= result["planned"] < 200
        assert result["delivered"] == result["planned"]
        state = shop.state(vendor)
        assert state["events"] == moved["lifecycle"]
        assert state["requests"] > calls[vendor]


def test_tables_on_standard_output_and_json_alone(shop):
    done = shop.tidesman("run", *shop.as_of())
    assert done.returncode == 0, done.stderr
    assert "Champions" in done.stdout
    assert done.stderr == ""
    done = shop.tidesman("run", "--json", *shop.as_of())
    assert list(json.loads(done.stdout))[:3] == ["as_of", "orders", "customers"]
    assert "0 write calls" in done.stderr
    for text in (done.stdout, done.stderr):
        assert "canary" not in text
        assert "@example.com" not in text


def test_a_wrong_key_stops_that_destination_alone(shop):
    dial(shop, "iterable", kind="status", status=401, times=None)
    report = shop.report(*shop.as_of(), code=4)
    assert report["destinations"]["iterable"]["delivered"] == 0
    for name in ("klaviyo", "braze", "disk"):
        assert report["destinations"][name]["delivered"] == 300
    told = shop.here("status").stdout
    assert "POST /api/users/bulkUpdate answered 401" in " ".join(told.split())
    httpx.delete(f"{shop.urls['iterable']}/sandbox/faults").raise_for_status()
    mended = shop.report(*shop.as_of())["destinations"]
    assert mended["iterable"]["delivered"] == 300
    assert mended["braze"]["requests"] == 0


def test_a_missing_file_publishes_nothing(shop):
    (shop.folder / "orders" / "until-june.csv").unlink()
    done = shop.here("run", *shop.as_of())
    assert done.exit_code == 2
    assert "no file matches" in done.stderr
    assert "Traceback" not in done.stderr
    assert shop.state("braze")["requests"] == 0


def test_an_empty_source_publishes_nothing(shop):
    shop.write_orders("until-june", [])
    done = shop.here("run", *shop.as_of())
    assert done.exit_code == 2
    assert "there is no order" in done.stderr


def test_an_order_that_stands_in_two_files_otherwise_is_told_by_name(shop):
    shop.write_orders("z-more", [("o000000", "c0000", shop.day, 9.0)])
    told = " ".join(shop.here("run", *shop.as_of()).stdout.split())
    assert "shop: order ids that stand in several files: 1; the first: o000000" in told
    assert "the file read later, z-more.csv, counts alone" in told
    assert "all lines of an order must stand in one file" in told
    again = shop.here("run", *shop.as_of()).stdout
    assert "several files" not in again


def test_the_folder_of_rows_that_were_set_aside_is_named(shop):
    shop.write_orders("z-nobody", [("n1", "", shop.day, 9.0)])
    planned = shop.here("plan", *shop.as_of()).stdout
    assert "not an e-mail address: 1" in planned
    assert "set aside" not in planned, "it stood in a copy that is gone"
    told = shop.here("run", *shop.as_of()).stdout
    folder = shop.folder / "data" / "set_aside" / "shop"
    assert f"setasidearein{folder}" in "".join(told.split())
    assert [path.suffix for path in folder.iterdir()] == [".csv"]
    assert "set aside" not in shop.here("run", *shop.as_of()).stdout


def test_an_order_in_the_future_waits_for_its_day(shop):
    shop.write_orders("typo", [("x1", "c0001", shop.day.replace(year=2225), 10.0)])
    done = shop.here("run", *shop.as_of())
    assert done.exit_code == 0, done.stderr
    assert "orders in the future: 1" in done.stdout


def test_days_that_cannot_be(shop):
    done = shop.here("run", "--as-of", "2199-01-01")
    assert (done.exit_code, "lies in the future" in done.stderr) == (2, True)
    done = shop.here("run", "--as-of", "tomorrow")
    assert done.exit_code == 2
    assert done.stderr == "--as-of needs a day such as 2026-11-21, not 'tomorrow'\n"
    shop.report(*shop.as_of())
    done = shop.here("run", *shop.as_of(-1))
    assert (done.exit_code, "never goes back" in done.stderr) == (2, True)


def test_a_source_that_shrank_is_held_until_approved(shop):
    shop.report(*shop.as_of())
    file = shop.folder / "orders" / "until-june.csv"
    lines = file.read_text().splitlines()
    file.write_text("\n".join(lines[: len(lines) // 4]) + "\n")
    done = shop.here("run", *shop.as_of(1))
    assert done.exit_code == 3
    assert "the source shop now has" in done.stdout
    assert "tidesman approve 2025-07-01-1 --up-to" in shop.here("status").stdout
    assert shop.here("approve", "2025-07-01-1", "--up-to", "300").exit_code == 0
    assert shop.here("run", *shop.as_of(1)).exit_code == 0


def test_more_moves_than_usual_are_held_and_new_customers_go_on(shop):
    shop.report(*shop.as_of())
    new = [(f"n{n}", f"c{n:04d}", shop.day + timedelta(1), 500.0) for n in range(300)]
    new += [(f"m{n}", f"d{n:04d}", shop.day + timedelta(1), 50.0) for n in range(5)]
    shop.write_orders("july-1", new)
    report = shop.report(*shop.as_of(1), code=3)
    assert report["destinations"]["braze"]["delivered"] == 5
    done = shop.here("status")
    assert "tidesman approve 2025-07-01-1 --up-to" in done.stdout
    assert shop.here("approve", "2025-07-01-1", "--up-to", "300").exit_code == 0
    after = shop.report(*shop.as_of(1))
    assert after["destinations"]["braze"]["delivered"] > 100
    assert shop.here("approve", "2025-07-01-1", "--up-to", "300").exit_code == 2


def test_an_approval_of_yesterday_is_a_ceiling_today(shop):
    shop.report(*shop.as_of())
    new = [(f"n{n}", f"c{n:04d}", shop.day + timedelta(1), 500.0) for n in range(300)]
    shop.write_orders("july-1", new)
    shop.report(*shop.as_of(1), code=3)
    # nobody looked on that day; on the next it is held again, and then approved by either name
    held = shop.report(*shop.as_of(2), code=3)["destinations"]["braze"]
    assert held["planned"] == held["waiting"] > 100
    approve = shop.here("approve", "2025-07-01-1", "--up-to", "10")
    assert "Let it go on now: tidesman run;" in approve.stdout
    shop.report(*shop.as_of(3), code=3)
    assert shop.here("approve", "2025-07-01-1", "--up-to", "300").exit_code == 0
    assert shop.report(*shop.as_of(4))["destinations"]["braze"]["waiting"] == 0


@pytest.mark.parametrize("place", ["ingest.page", "segment.written", "publish.half", "run.plan"])
def test_a_kill_costs_nothing(shop, place):
    killed = shop.tidesman("run", *shop.as_of(), TIDESMAN_FAILPOINT=place)
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    resumed = shop.report(*shop.as_of())
    with closing(sqlite3.connect(shop.folder / "data" / "state.db")) as state:
        assert state.execute("SELECT id, status FROM runs").fetchall() == [("2025-06-30-1", "done")]
        assert state.execute("SELECT count(*) FROM snapshots").fetchone() == (1,)
        state.executescript("DELETE FROM outbox; DELETE FROM transitions; DELETE FROM snapshots;")
        state.executescript("DELETE FROM steps; DELETE FROM runs; DELETE FROM ledger;")
    whole = shop.report(*shop.as_of())
    for key in ("orders", "customers", "segments", "moves", "destinations"):
        assert resumed[key] == whole[key]


def test_a_kill_in_the_middle_of_delivery_is_made_up(shop):
    killed = shop.tidesman("run", *shop.as_of(), TIDESMAN_FAILPOINT="deliver.marked:2")
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    shop.report(*shop.as_of())
    for vendor in VENDORS:
        assert shop.state(vendor)["profiles"] == 300
    assert {d["requests"] for d in shop.report(*shop.as_of())["destinations"].values()} == {0}


def test_two_at_a_time_are_refused(shop):
    (shop.folder / "data").mkdir()
    store = Store(f"sqlite:///{shop.folder}/data/state.db")
    with tenure(store, SystemClock(), lost=lambda: None):
        second = shop.here("run", *shop.as_of())
    assert second.exit_code == 5
    assert f"another run is under way (process {os.getpid()} on" in second.stderr
    assert shop.here("run", *shop.as_of()).exit_code == 0
