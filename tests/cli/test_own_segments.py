"""Segments by the operator's names and thresholds, from a file to what the vendors hold."""

from __future__ import annotations

import csv
import json
from collections import Counter
from datetime import timedelta

import httpx
import pytest
from typer.testing import CliRunner

from sync.cli import app

VIPS = """
lifecycle:
  segments:
    Champions: {name: "VIP's", do: A call on their birthday.}
    Lost: {name: Champions}
"""
EDGES = """
lifecycle:
  thresholds: {churn_probability: [0.2, 0.9], past_revenue: [50, 90]}
"""


@pytest.fixture
def own(shop):
    def write(text):
        (shop.folder / "segments.yaml").write_text(text)
        config = shop.folder / "tidesman.yaml"
        if "segments_file" not in config.read_text():
            config.write_text(config.read_text() + "segments_file: ./segments.yaml\n")
        return shop

    return write


def thresholds(shop, *args):
    config = str(shop.folder / "tidesman.yaml")
    return CliRunner().invoke(app, ["thresholds", *args, "--config", config], env=shop.keys)


def held(shop):
    """Customers by segment: at each look-alike, and in the files."""
    found = {}
    for vendor in ("klaviyo", "iterable", "braze"):
        state = httpx.get(f"{shop.urls[vendor]}/sandbox/state?by=lifecycle_segment").json()
        found[vendor] = Counter(state["by"]["lifecycle_segment"])
    files = Counter()
    for place in (shop.folder / "out" / "segments" / "lifecycle").glob("*.csv"):
        with place.open(encoding="utf-8-sig") as lines:
            files.update(row["lifecycle_segment"] for row in csv.DictReader(lines))
    return {**found, "disk": files}


def test_another_name_reaches_everybody_and_moves_nobody(shop, own):
    first = shop.report(*shop.as_of())
    before = held(shop)
    own(VIPS)
    stopped = shop.report(*shop.as_of(), code=3)
    run = json.loads(shop.here("status", "--json").stdout)["last_run"]["id"]
    # all 300 known customers change a property: a person looks first
    waiting = {name: d["waiting"] for name, d in stopped["destinations"].items()}
    assert waiting == dict.fromkeys(("klaviyo", "iterable", "braze", "disk"), 300)
    assert shop.here("approve", run, "--up-to", "300").exit_code == 0
    second = shop.report(*shop.as_of())
    assert second["moves"] == []
    called = {"Champions": "VIP's", "Lost": "Champions"}
    now = {called.get(key, key): n for key, n in first["segments"]["lifecycle"].items()}
    assert second["segments"]["lifecycle"] == now
    for name, counts in held(shop).items():
        assert counts == {called.get(key, key): n for key, n in before[name].items()}, name
    for vendor in ("klaviyo", "iterable", "braze"):
        assert shop.state(vendor)["events"] == 0
    assert {d["planned"] for d in shop.report(*shop.as_of())["destinations"].values()} == {0}


def test_every_command_says_the_names(own):
    shop = own(VIPS)
    shop.report(*shop.as_of())
    gone = [(f"n{n}", f"c{n:04d}", shop.day + timedelta(1), 200.0) for n in range(60)]
    shop.write_orders("july-1", gone)
    plan = json.loads(shop.here("plan", "--json", "--sample", "99", *shop.as_of(1)).stdout)
    report = shop.report(*shop.as_of(1))
    moved = {(m["from"], m["to"]) for m in report["moves"] if m["scheme"] == "lifecycle"}
    assert "Lost" not in {name for pair in moved for name in pair}
    assert "VIP's" in {went for _, went in moved}
    sample = [m for m in plan["sample"] if (m["scheme"], m["to"]) == ("lifecycle", "VIP's")]
    (who,) = json.loads(shop.here("customer", sample[0]["customer_id"], "--json").stdout)
    (placed,) = [p for p in who["placed"] if p["scheme"] == "lifecycle"]
    assert placed["segment"] == "VIP's"
    assert "VIP's" in {each["to_segment"] for each in who["moves"]}
    assert "passed" in placed["told"], "the threshold is found by the name inside"
    assert {"Lost"}.isdisjoint(m["to_segment"] for m in who["coming"] if m["scheme"] == "lifecycle")
    assert "VIP's" in shop.here("run", *shop.as_of(1)).stdout
    told = json.loads(shop.here("segments", "--json").stdout)["lifecycle"]["segments"]
    assert (told[0]["key"], told[0]["name"]) == ("Champions", "VIP's")
    assert told[0]["do"] == "A call on their birthday."
    shown = shop.here("segments").stdout
    assert "(Champions)" in shown
    assert max(map(len, shown.splitlines())) <= 100


def test_events_say_the_names(own):
    shop = own(VIPS)
    shop.report(*shop.as_of())
    back = [(f"n{n}", f"c{n:04d}", shop.day + timedelta(1), 200.0) for n in range(60)]
    shop.write_orders("july-1", back)
    shop.report(*shop.as_of(1))
    said = httpx.get(f"{shop.urls['klaviyo']}/sandbox/events?limit=500").json()["events"]
    said = [each["properties"] for each in said]
    assert "VIP's" in {each["to"] for each in said}
    assert "Lost" not in {name for each in said for name in (each["from"], each["to"])}


def test_the_first_run_takes_pinned_edges_and_a_later_change_waits_for_a_person(own):
    shop = own(EDGES)
    assert "is pinned" not in shop.here("run", *shop.as_of()).stdout
    shown = json.loads(thresholds(shop, "show", "--json").stdout)
    assert shown["edges"]["lifecycle.churn_probability"] == [0.2, 0.9]
    assert shown["edges"]["lifecycle.past_revenue"] == [50, 90]
    rest = {k: v for k, v in shown["edges"].items() if k != "lifecycle.past_revenue"}

    own(EDGES.replace("[50, 90]", "[60, 400]"))
    note = (
        "lifecycle.past_revenue is pinned at 60, 400; 50, 90 are in force until you accept it:"
        " tidesman thresholds propose --pinned"
    )
    second = shop.here("run", "--json", *shop.as_of())
    assert json.loads(second.stdout)["moves"] == []
    assert note in " ".join(second.stderr.split())
    assert note in " ".join(thresholds(shop, "show").stdout.split())
    proposed = json.loads(thresholds(shop, "propose", "--pinned", "--json").stdout)
    assert proposed["proposed"] == {**rest, "lifecycle.past_revenue": [60, 400]}
    assert proposed["moved"]["lifecycle"] > 0
    assert shop.report(*shop.as_of())["moves"] == [], "nothing is in force before it is accepted"
    assert thresholds(shop, "accept", str(proposed["version"])).exit_code == 0
    third = shop.here("run", "--json", *shop.as_of())
    report = json.loads(third.stdout)
    assert {m["cause"] for m in report["moves"]} == {"threshold"}
    moved = sum(m["customers"] for m in report["moves"] if m["scheme"] == "lifecycle")
    assert moved == proposed["moved"]["lifecycle"]
    assert "is pinned" not in third.stderr


def test_other_proposals_take_pinned_edges_as_they_are(own):
    shop = own(EDGES)
    shop.report(*shop.as_of())
    own(EDGES.replace("[0.2, 0.9]", "[0.3, 0.8]"))
    proposed = json.loads(thresholds(shop, "propose", "--json").stdout)["proposed"]
    assert proposed["lifecycle.churn_probability"] == [0.3, 0.8]


def test_a_threshold_that_cannot_be_is_told_with_its_line(own):
    shop = own("lifecycle:\n  thresholds:\n    past_revnue: [2, 9]\n")
    done = shop.here("check")
    assert done.exit_code == 2
    assert " ".join(done.stderr.split()).endswith(
        "segments.yaml, line 3: lifecycle.thresholds.past_revnue: is no column that lifecycle cuts;"
        " did you mean 'past_revenue'?"
    )


def test_init_writes_a_file_that_can_be_named(shop):
    place = str(shop.folder / "segments.yaml")
    done = CliRunner().invoke(app, ["init", "--segments", place])
    assert done.exit_code == 0
    assert "segments_file:" in done.stdout
    again = CliRunner().invoke(app, ["init", "--segments", place])
    assert again.exit_code == 2
    config = shop.folder / "tidesman.yaml"
    config.write_text(config.read_text() + f"segments_file: {place}\n")
    assert shop.here("segments").exit_code == 0
