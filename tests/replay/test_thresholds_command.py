"""``tidesman thresholds``: from a proposal to a move for the cause "threshold"."""

import json
import sqlite3

import pytest

FIRST, NEXT = ("--as-of", "2024-12-01"), ("--as-of", "2025-01-25")


@pytest.fixture
def running(shop):
    """The shop after its first run, to files only."""
    shop.without("klaviyo")
    shop.tidesman("run", *FIRST)
    return shop


def rows(shop, query):
    with sqlite3.connect(shop.folder / "data" / "state.db") as state:
        return state.execute(query).fetchall()


def test_the_first_run_proposes_and_accepts(running):
    told = running.told("thresholds", "show")
    assert told["version"] == 1
    (only,) = told["history"]
    assert only["proposed_by"] == only["accepted_by"] == "proposed at the first run"
    assert told["edges"]["rfm.order_days"] == [2, 3, 5, 10]


def test_what_is_proposed_is_not_in_force_until_it_is_accepted(running):
    told = running.told("thresholds", "propose", *NEXT)
    assert (told["version"], told["as_of"], told["published"]) == (2, "2025-01-25", "2024-12-01")
    assert told["proposed"] != told["in_force"]
    shown = running.told("thresholds", "show")
    assert shown["version"] == 1
    assert [v["accepted_by"] is None for v in shown["history"]] == [False, True]
    assert running.told("run", *FIRST)["moves"] == []

    running.tidesman("thresholds", "accept", "2")
    shown = running.told("thresholds", "show")
    assert (shown["version"], shown["edges"]) == (2, told["proposed"])
    assert shown["history"][1]["accepted_by"] is not None
    moves = running.told("run", *FIRST)["moves"]
    assert {move["cause"] for move in moves} == {"threshold"}
    by_scheme: dict[str, int] = {}
    for move in moves:
        by_scheme[move["scheme"]] = by_scheme.get(move["scheme"], 0) + move["customers"]
    assert by_scheme == told["moved"]
    assert {(m["from"], m["to"], m["customers"]) for m in moves if m["scheme"] == "lifecycle"} == {
        (m["from"], m["to"], m["customers"]) for m in told["moves"] if m["scheme"] == "lifecycle"
    }


def test_a_version_of_before_comes_back_under_a_new_number(running):
    running.tidesman("thresholds", "propose", *NEXT)
    running.tidesman("thresholds", "accept", "2")
    before = running.told("thresholds", "show")["history"]
    assert "Version 3, with the numbers of version 1," in running.tidesman(
        "thresholds", "accept", "1"
    )
    after = running.told("thresholds", "show")
    assert (after["version"], after["history"][:2]) == (3, before)
    assert after["edges"] == before[0]["edges"]


def test_the_same_edges_again_are_no_proposal(running):
    assert running.told("thresholds", "propose")["version"] is None
    assert len(rows(running, "SELECT * FROM thresholds")) == 1


def test_what_cannot_be_is_said(shop):
    assert "nothing is published yet" in shop.tidesman("thresholds", "propose", code=2)
    assert "there is no version 7" in shop.tidesman("thresholds", "accept", "7", code=2)


def test_what_it_says_reads_well(running):
    said = running.tidesman("thresholds", "propose", *NEXT)
    assert "tidesman thresholds accept 2" in said
    assert "would move" in said
    shown = running.tidesman("thresholds", "show")
    assert "1 in force" in shown
    assert max(map(len, (said + shown).splitlines())) <= 100
    assert json.loads(rows(running, "SELECT body FROM thresholds")[0][0])["edges"]
