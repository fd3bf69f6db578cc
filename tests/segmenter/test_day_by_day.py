"""From one day to the next: who moves, since when, and why."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest

from segmenter.evaluate import moves
from segmenter.model import Model
from segmenter.settings import Settings
from segmenter.thresholds import Thresholds

END = date(2024, 12, 31)


def base():
    return [
        {
            "customer_id": f"c{i:04}",
            "order_id": f"o{i}-{k}",
            "ordered_at": END - timedelta(days=back),
            "amount": str(10 + i % 7 + k),
        }
        for i in range(600)
        for k in range(1 + (i * i) % 6)
        if (back := 700 - (i * 37) % 650 - k * (20 + 13 * (i % 11))) >= 0
    ]


@pytest.fixture
def first(shop, days):
    """The first day of a shop: its basis, and its result by customer."""
    basis = days.first_basis(shop(base()), END)
    return basis, days.run(basis)


def later(basis, orders, days=1, **changes):
    return replace(basis, orders=orders, as_of=END + timedelta(days=days), **changes)


def moved(result, scheme):
    return {
        key: row
        for key, row in result.items()
        if row[f"{scheme}_changed"] and row[f"{scheme}_previous"] is not None
    }


def test_the_same_day_again_moves_nobody(first, days):
    basis, one = first
    again = days.run(basis)
    assert not any(row[f"{s}_changed"] for row in again.values() for s in days.settings.schemes)
    for customer, row in again.items():
        for column, value in row.items():
            if not column.endswith("_changed"):
                assert value == one[customer][column], column


def test_a_purchase_moves_on_its_day_and_is_the_cause(first, days, shop):
    basis, one = first
    lost = [c for c, row in one.items() if row["lifecycle_segment"] == "Lost"][:5]
    assert lost
    day = END + timedelta(days=1)
    bought = [
        {"customer_id": c, "order_id": f"new-{c}", "ordered_at": day, "amount": "500"} for c in lost
    ]
    today = later(basis, shop(base() + bought))
    two = days.run(today)
    for customer in lost:
        row = two[customer]
        assert row["lifecycle_segment"] != "Lost"
        assert row["lifecycle_previous"] == "Lost"
        assert (row["lifecycle_cause"], row["lifecycle_since"]) == ("purchase", day)
        assert row["future_revenue"] == row["clv_3y"]
    told = moves(days.previous, day, days.settings).to_pyarrow().to_pylist()
    assert {m["customer_id"] for m in told if m["cause"] == "purchase"} >= set(lost)
    assert all(
        set(m) == {"customer_id", "scheme", "from_segment", "to_segment", "cause"} for m in told
    )


def test_silence_is_the_cause_when_only_time_passes(first, days):
    basis, _ = first
    result = days.run(later(basis, basis.orders, days=120))
    causes = {row["lifecycle_cause"] for row in moved(result, "lifecycle").values()}
    assert causes == {"silence"}


def test_silence_lowers_the_value_of_today_and_not_what_he_is_placed_by(first, days):
    basis, one = first
    two = days.run(later(basis, basis.orders, days=120))
    for customer, row in one.items():
        assert two[customer]["future_revenue"] == row["future_revenue"]
        assert two[customer]["clv_3y"] < row["clv_3y"] <= row["future_revenue"]
        # so silence leads along the churn axis only, never to and fro
        assert two[customer]["risk_value_segment"] in {
            row["risk_value_segment"],
            {"Nurture": "Retain Aggressively", "Automate": "Divest"}.get(row["risk_value_segment"]),
        }


def test_a_refund_is_a_correction(first, days, shop):
    basis, one = first
    champion = max(one.values(), key=lambda row: row["past_revenue"])["customer_id"]
    refund = {
        "customer_id": champion,
        "order_id": "back",
        "ordered_at": END,
        "amount": "-2000",
        "kind": "refund",
    }
    row = days.run(later(basis, shop([*base(), refund])))[champion]
    assert row["lifecycle_changed"]
    assert row["lifecycle_cause"] == "correction"


def test_an_order_that_vanishes_or_comes_late_is_a_correction(first, days, shop):
    basis, one = first
    gone = max(one.values(), key=lambda row: row["frequency"])["customer_id"]
    lost = next(c for c, row in one.items() if row["lifecycle_segment"] == "Lost")
    kept = [row for row in base() if row["customer_id"] != gone or row["order_id"].endswith("-0")]
    old = {
        "customer_id": lost,
        "order_id": "old",
        "ordered_at": END - timedelta(days=30),
        "amount": "500",
    }
    result = days.run(later(basis, shop([*kept, old])))
    assert result[gone]["rfm_cause"] == "correction"
    assert result[lost]["lifecycle_cause"] == "correction"


def test_new_thresholds_and_a_new_model_are_told_apart(first, days):
    basis, _ = first
    edges = dict(basis.thresholds.edges)
    edges["lifecycle.past_revenue"] = tuple(e * 3 for e in edges["lifecycle.past_revenue"])
    harder = replace(basis, thresholds=Thresholds(END, edges))
    causes = {row["lifecycle_cause"] for row in moved(days.run(harder), "lifecycle").values()}
    assert causes == {"threshold"}
    habits = replace(basis.model.orders, alpha=basis.model.orders.alpha * 4)
    slower = replace(harder, model=replace(basis.model, orders=habits))
    causes = {row["lifecycle_cause"] for row in moved(days.run(slower), "lifecycle").values()}
    assert causes == {"model"}


def test_a_changed_setting_is_a_rule(first, days):
    basis, _ = first
    days.settings = Settings(churn_horizon_days=10)
    result = days.run(replace(basis, settings=days.settings))
    causes = {row["lifecycle_cause"] for row in moved(result, "lifecycle").values()}
    assert causes == {"rule"}


def test_without_the_earlier_basis_the_results_alone_tell(first, days, shop):
    basis, one = first
    lost = next(c for c, row in one.items() if row["lifecycle_segment"] == "Lost")
    new = {"customer_id": lost, "order_id": "n", "ordered_at": END, "amount": "500"}
    days.before = None
    assert days.run(later(basis, shop([*base(), new])))[lost]["lifecycle_cause"] == "purchase"


def test_a_new_customer_is_first_seen_and_others_keep_their_story(first, days, shop):
    basis, one = first
    new = {
        "customer_id": "new",
        "order_id": "n",
        "ordered_at": END + timedelta(days=1),
        "amount": "50",
    }
    two = days.run(later(basis, shop([*base(), new])))
    assert two["new"]["lifecycle_cause"] == "first seen"
    assert two["new"]["lifecycle_previous"] is None
    stayed = next(c for c in one if not two[c]["lifecycle_changed"])
    assert two[stayed]["lifecycle_since"] == END


def test_dates_stand_still_in_silence_and_under_a_slightly_new_model(first, days):
    basis, one = first
    habits = replace(basis.model.orders, alpha=basis.model.orders.alpha * 1.01)
    two = days.run(later(basis, basis.orders, model=replace(basis.model, orders=habits)))
    for customer, row in two.items():
        for column in ("expected_next_order", "intervention_date"):
            shift = abs((row[column] - one[customer][column]).days)
            assert shift == 0 or shift > days.settings.keep_date_days


def test_a_scheme_that_is_switched_on_later_sees_everybody_for_the_first_time(
    engine, shop, days_on
):
    run = days_on(engine, Settings(schemes=("lifecycle",)))
    basis = run.first_basis(shop(base()), END)
    assert "rfm_segment" not in next(iter(run.run(basis).values()))
    run.settings = Settings(schemes=("lifecycle", "rfm"))
    result = run.run(basis)
    assert {row["rfm_cause"] for row in result.values()} == {"first seen"}
    assert not any(row["lifecycle_changed"] for row in result.values())


def test_model_and_thresholds_come_back_number_for_number(first):
    basis, _ = first
    assert Model.from_json(basis.model.to_json()) == basis.model
    assert Thresholds.from_json(basis.thresholds.to_json()) == basis.thresholds
    assert Settings.from_dict(basis.settings.to_dict()) == basis.settings
