"""Rules in an evaluation: beside the other schemes, day by day, with the cause of each move."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date, timedelta

import pytest

from segmenter.evaluate import census, moves
from segmenter.schemes import problems
from segmenter.schemes.rules_settings import Rule, Rules
from segmenter.settings import Settings

END = date(2024, 6, 30)
VIP = Rules("Others", (Rule("VIP", "past_revenue >= 100 and orders > 1"),))


def rows():
    for number in range(30):
        for order in range(1 + number % 3):
            yield {
                "order_id": f"{number}-{order}",
                "customer_id": f"c{number}",
                "email": f"c{number}@example.com" if number % 2 else None,
                "ordered_at": END - timedelta(days=10 * order + number),
                "amount": 20 + 2 * number,
            }


def on(rules, *others):
    return Settings(schemes=(*others, "rules"), rules=rules)


@pytest.fixture
def begun(engine, shop, days_on):
    def begin(rules, *others):
        run = days_on(engine, on(rules, *others))
        basis = run.first_basis(shop(rows()), END)
        return run, basis, run.run(basis)

    return begin


def causes(result):
    return {r["rules_cause"] for r in result.values() if r["rules_changed"]}


def test_rules_are_off_unless_they_are_named():
    assert Settings().schemes == ("lifecycle", "rfm", "risk_value")


def test_everybody_is_in_one_and_first_seen(begun):
    _, _, result = begun(VIP)
    for row in result.values():
        vip = row["past_revenue"] >= 100 and row["orders"] > 1
        assert row["rules_segment"] == ("VIP" if vip else "Others")
    assert causes(result) == {"first seen"}


def test_a_rule_reads_the_segments_of_the_other_schemes(begun):
    rules = Rules(segments=(Rule("Ours", "lifecycle_segment = 'Lost' or r_score = 5"),))
    _, _, result = begun(rules, "lifecycle", "rfm")
    for row in result.values():
        ours = row["lifecycle_segment"] == "Lost" or row["r_score"] == 5
        assert (row["rules_segment"] == "Ours") == ours


def test_a_changed_rule_is_the_cause_and_a_changed_description_is_none(begun):
    run, basis, _ = begun(VIP)
    run.settings = on(replace(VIP, segments=(replace(VIP.segments[0], description="dear"),)))
    assert causes(run.run(replace(basis, settings=run.settings))) == set()
    run.settings = on(Rules("Others", (Rule("VIP", "past_revenue >= 60"),)))
    assert causes(run.run(replace(basis, settings=run.settings))) == {"rule"}


def test_a_renamed_segment_moves_everybody_in_it(begun):
    run, basis, one = begun(VIP)
    run.settings = on(Rules("Others", (replace(VIP.segments[0], name="Dear"),)))
    two = run.run(replace(basis, settings=run.settings))
    were = {c for c, row in one.items() if row["rules_segment"] == "VIP"}
    assert {c for c, row in two.items() if row["rules_changed"]} == were
    assert causes(two) == {"rule"}
    assert {two[c]["rules_previous"] for c in were} == {"VIP"}


def test_purchase_refund_and_silence_are_told_apart(begun, shop):
    rules = Rules("Quiet", (Rule("Lively", "days_since_order <= 9 and past_revenue > 0"),))
    run, basis, _ = begun(rules)
    quiet = {"customer_id": "c29", "order_id": "n", "ordered_at": END, "amount": 5}
    back = {"customer_id": "c0", "order_id": "r", "ordered_at": END, "amount": -20}
    orders = shop([*rows(), quiet, {**back, "kind": "refund"}])
    two = run.run(replace(basis, orders=orders, as_of=END + timedelta(days=1)))
    assert two["c29"]["rules_cause"] == "purchase"
    assert two["c0"]["rules_cause"] == "correction"
    assert two["c9"]["rules_cause"] == "silence"
    assert {c for c, row in two.items() if row["rules_changed"]} == {"c29", "c0", "c9"}


def test_a_rule_may_read_an_address_and_its_move_has_a_cause(begun, shop):
    run, basis, one = begun(Rules("Mute", (Rule("Reachable", "email like '%@example.com'"),)))
    assert one["c0"]["rules_segment"] == "Mute"
    told = {"customer_id": "c0", "order_id": "n", "ordered_at": END, "amount": 5}
    orders = shop([*rows(), {**told, "email": "c0@example.com"}])
    two = run.run(replace(basis, orders=orders, as_of=END + timedelta(days=1)))
    assert two["c0"]["rules_segment"] == "Reachable"
    assert two["c0"]["rules_cause"] == "purchase"


def test_switched_on_later_everybody_is_new_to_it_and_nobody_else_moves(engine, shop, days_on):
    run = days_on(engine, Settings())
    basis = run.first_basis(shop(rows()), END)
    run.run(basis)
    run.settings = on(VIP, *Settings().schemes)
    two = run.run(replace(basis, settings=run.settings))
    assert causes(two) == {"first seen"}
    assert not any(row["lifecycle_changed"] for row in two.values())


def test_moves_and_census_count_rules_as_any_scheme(begun):
    run, _, result = begun(VIP, "rfm")
    counted = census(run.previous, run.settings).to_pyarrow().to_pylist()
    found = {r["segment"]: r["customers"] for r in counted if r["scheme"] == "rules"}
    vips = sum(row["rules_segment"] == "VIP" for row in result.values())
    assert found == {"VIP": vips, "Others": len(result) - vips}
    seen = moves(run.previous, END, run.settings).to_pyarrow().to_pylist()
    assert sum(row["scheme"] == "rules" for row in seen) == len(result)


def test_settings_with_rules_come_back_from_json():
    given = on(replace(VIP, segments=(*VIP.segments, Rule("B", "true", "what", "do"))), "rfm")
    back = Settings.from_dict(json.loads(json.dumps(given.to_dict())))
    assert back == given
    assert back.rules.segments[1].action == "do"


def test_rules_that_are_on_but_empty_are_told():
    assert [path for path, _ in problems(on(Rules()))] == [("rules", "segments")]
    assert problems(Settings()) == []
