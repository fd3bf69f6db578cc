"""Forgetting and giving out: nothing is left, nobody comes back, and a kill only delays it."""

import json
import signal
import sqlite3
from datetime import timedelta

import httpx
import pyarrow.parquet as pq
import pytest

WHO = "c0004"
ADDRESS = "c0004@example.com"
ODD = 'o-odd,c0004,C0004@Example.com,not a day,"12,0"\n'


@pytest.fixture
def loaded(shop):
    """Two days, so that there are moves, events, two snapshots, and rows that were set aside."""
    ids = [f"c{n:04d}" for n in range(300)]
    httpx.post(f"{shop.urls['braze']}/sandbox/users", json=ids).raise_for_status()
    with (shop.folder / "orders" / "until-june.csv").open("a") as file:
        file.write(ODD + "g1,,C0004@Example.com,2025-05-01,20.00\n")
    shop.report(*shop.as_of())
    new = [(f"n{n}", f"c{n:04d}", shop.day + timedelta(1), 180.0) for n in range(0, 60, 4)]
    shop.write_orders("july-1", new)
    shop.report(*shop.as_of(1))
    return shop


def traces(shop, who=WHO):
    """Every file below data and out, and every table, that still holds something of the person."""
    found = []
    for path in sorted(shop.folder.rglob("*.*")):
        kept = path.relative_to(shop.folder).parts[0] in ("data", "out")
        if not kept or not path.is_file():
            continue
        if path.suffix == ".parquet":
            text = str(pq.read_table(path).to_pylist())
        else:
            text = path.read_bytes().decode("utf-8", "replace")
        if who in text.lower():
            found.append(str(path.relative_to(shop.folder)))
    with sqlite3.connect(shop.folder / "data" / "state.db") as base:
        names = [
            row[0] for row in base.execute("SELECT name FROM sqlite_master WHERE type='table'")
        ]
        held = [n for n in names if who in str(base.execute(f"SELECT * FROM {n}").fetchall())]
    base.close()
    return found + held


def profiles(shop, who=WHO):
    """What the vendors hold of the person: the profile stays, nothing of ours in it."""
    held = {}
    for name, key in (
        ("klaviyo", "properties"),
        ("iterable", "dataFields"),
        ("braze", "custom_attributes"),
    ):
        known_as = who if name == "braze" else f"{who}@example.com"
        found = (
            httpx.get(f"{shop.urls[name]}/sandbox/profiles/{known_as}").raise_for_status().json()
        )
        held[name] = {k: v for k, v in found[key].items() if v is not None}
    return held


def test_one_person_is_forgotten_everywhere_and_does_not_come_back(loaded):
    others = loaded.state("klaviyo")["profiles"]
    assert {"ledger", "transitions"} <= set(traces(loaded))
    given = loaded.here("export", ADDRESS)
    assert given.exit_code == 0, given.stderr
    exported = json.loads(given.stdout)
    assert exported["goes_by"]["ids"] == [WHO]
    assert {order["order_id"] for order in exported["orders"]} >= {"n4", "g1"}
    assert {row["destination"] for row in exported["destinations"]} >= set(loaded.urls)
    assert exported["moves"]
    assert exported["scores_and_segments"][0]["customer_id"] == WHO
    assert exported["destinations"][0]["accepted"]["properties"]["lifecycle_segment"]

    done = loaded.here("forget", ADDRESS)
    assert done.exit_code == 0, done.stderr
    assert "Nothing is left here" in done.stdout
    assert ADDRESS not in done.output
    assert traces(loaded) == []
    assert profiles(loaded) == {"klaviyo": {}, "iterable": {}, "braze": {}}
    assert loaded.state("klaviyo")["profiles"] == others

    # the source still has the orders: touched, it is read again as a whole
    for name in ("until-june", "july-1"):
        path = loaded.folder / "orders" / f"{name}.csv"
        path.write_text(path.read_text() + "\n")
    later = loaded.here("run", *loaded.as_of(1))
    assert later.exit_code == 0, later.stderr
    assert "forgotten people" in " ".join(later.output.split())
    assert traces(loaded) == []
    assert profiles(loaded)["klaviyo"] == {}
    report = json.loads(loaded.here("status", "--json").stdout)
    assert report["customers"] == 299
    assert loaded.here("customer", ADDRESS).exit_code == 2
    again = loaded.here("forget", ADDRESS.upper())
    assert again.exit_code == 0
    assert "that person is forgotten" in again.stderr
    nobody = loaded.here("forget", "nobody@example.com")
    assert nobody.exit_code == 2
    assert "nobody is known by that" in nobody.stderr
    assert "nobody left" in loaded.here("forget").stderr


PLACES = {
    "c0008": "forget.begun",
    "c0012": "forget.part_written",
    "c0016": "forget.part",
    "c0020": "forget.snapshot",
    "c0024": "forget.files",
    "c0028": "deliver.marked",
    "c0032": "deliver.ticketed",
    "c0036": "deliver.settled",
    "c0040": "forget.cleared",
    "c0044": "forget.ended",
}


def test_cut_off_anywhere_it_goes_on(loaded):
    for who, place in PLACES.items():
        dead = loaded.tidesman("forget", who, TIDESMAN_FAILPOINT=place)
        assert dead.returncode == -signal.SIGKILL, (place, dead.stderr)
        if place == "forget.begun":
            # a run in between does not bring the person to anybody
            loaded.report(*loaded.as_of(1))
            assert "forgetting" in traces(loaded, who)
            assert not [place for place in traces(loaded, who) if place.endswith("parquet")]
        done = loaded.here("forget")
        assert done.exit_code == 0, (place, done.stderr)
        assert traces(loaded, who) == [], place
        assert profiles(loaded, who) == {"klaviyo": {}, "iterable": {}, "braze": {}}, place
    # of the 300; the guest is one of them by his address
    assert loaded.report(*loaded.as_of(1))["customers"] == 300 - len(PLACES)


def test_a_destination_that_cannot_be_reached_is_cleared_later(loaded):
    fault = {"kind": "status", "status": 401, "times": None}
    httpx.post(f"{loaded.urls['iterable']}/sandbox/faults", json=fault).raise_for_status()
    done = loaded.here("forget", WHO, "--json")
    assert done.exit_code == 4
    assert not json.loads(done.stdout)["forgotten"]
    assert profiles(loaded)["klaviyo"] == {}
    assert profiles(loaded)["iterable"] != {}
    httpx.delete(f"{loaded.urls['iterable']}/sandbox/faults").raise_for_status()
    # a run in between sends nothing of the person
    loaded.report(*loaded.as_of(1))
    assert profiles(loaded)["klaviyo"] == {}
    assert loaded.here("forget").exit_code == 0
    assert profiles(loaded)["iterable"] == {}
    assert traces(loaded) == []


def test_ids_that_were_found_to_be_one_person_are_forgotten_together(loaded):
    path = loaded.folder / "orders" / "shared.csv"
    path.write_text(f"order,customer,mail,day,total\ns1,twin,{ADDRESS},2025-06-01,10.00\n")
    loaded.report(*loaded.as_of(1))
    assert loaded.here("forget", "twin").exit_code == 0
    assert traces(loaded) == traces(loaded, "twin") == []
