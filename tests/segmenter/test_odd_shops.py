"""Whatever the orders look like: labels for every buyer, a named confidence, a plain sentence."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from segmenter.evaluate import census
from segmenter.schemes import ALL

END = date(2024, 12, 31)


def on(back: int) -> date:
    return END - timedelta(days=back)


def one_time(count: int, amount="20", back=None):
    return [
        {
            "customer_id": f"c{i}",
            "ordered_at": on(back if back is not None else 7 * i % 700),
            "amount": amount,
        }
        for i in range(count)
    ]


def regulars(count: int, amount=lambda i, k: 10 + i % 7 + k):
    """Customers with a few orders each, some of whom stop early."""
    return [
        {"customer_id": f"c{i:04}", "ordered_at": on(back), "amount": str(amount(i, k))}
        for i in range(count)
        for k in range(1 + (i * i) % 6)
        if (back := 700 - (i * 37) % 650 - k * (20 + 13 * (i % 11))) >= 0
    ]


def wholesale():
    return [{"customer_id": "big", "ordered_at": on(back), "amount": "900"} for back in range(700)]


SHOPS = {
    "nobody": [],
    "five customers": one_time(5),
    "all one-time buyers": one_time(300),
    "T = 0 for all": one_time(300, back=0),
    "all the same age": one_time(100, back=90)
    + [{"customer_id": f"c{i}", "ordered_at": on(i % 80), "amount": "20"} for i in range(60)],
    "a wholesale buyer": regulars(800) + wholesale(),
    "constant prices": regulars(800, lambda _i, _k: 25),
    "all for nothing": regulars(800, lambda _i, _k: 0),
    "only refunds": [{"customer_id": "a", "ordered_at": on(1), "amount": "-5", "kind": "refund"}],
    "more refunded than spent": [
        *regulars(80),
        {"customer_id": "c0001", "ordered_at": on(0), "amount": "-9999", "kind": "refund"},
    ],
    "ordinary": regulars(900),
    "small": regulars(120),
}
LEVELS = {
    "nobody": "rules only",
    "five customers": "rules only",
    "all one-time buyers": "rules only",
    "T = 0 for all": "rules only",
    "only refunds": "rules only",
    "small": "low confidence",
    "more refunded than spent": "low confidence",
    "ordinary": "full",
}


@pytest.mark.parametrize("name", list(SHOPS))
def test_every_buyer_gets_labels_and_doubt_is_told(name, shop, days):
    basis = days.first_basis(shop(SHOPS[name]), END)
    result = days.run(basis)
    buyers = {row["customer_id"] for row in SHOPS[name] if row.get("kind") != "refund"}
    assert set(result) == buyers
    few = basis.model.customers < 50 or basis.model.repeaters < 20
    for row in result.values():
        for scheme in ALL.values():
            assert row[f"{scheme.name}_segment"] in scheme.segments
            assert row[f"{scheme.name}_cause"] == "first seen"
        chance = row["churn_probability"]
        assert chance is None if few else 0 <= chance <= 1
        assert 1 <= row["rfm_score"] <= 5
    model = basis.model
    assert model.level == LEVELS.get(name, model.level)
    assert (model.level == "full") == (model.notes == ())
    assert all(note.endswith(".") for note in model.notes)
    counted = census(days.previous, days.settings).to_pyarrow().to_pylist()
    assert len(counted) == 9 + 10 + 4
    assert sum(row["customers"] for row in counted) == 3 * len(buyers)


@pytest.mark.parametrize("name", ["five customers", "ordinary"])
def test_values_and_dates_stand_only_where_a_model_supports_them(name, shop, days):
    basis = days.first_basis(shop(SHOPS[name]), END)
    supported = basis.model.level != "rules only"
    for row in days.run(basis).values():
        for column in (
            "p_alive",
            "expected_orders",
            "clv_3y",
            "expected_next_order",
            "intervention_date",
        ):
            assert (row[column] is not None) == supported
        if supported:
            assert row["clv_3y"] >= 0
            assert row["last_order_on"] < row["intervention_date"]


def test_from_too_few_customers_no_chance_is_published(shop, days):
    for row in days.run(days.first_basis(shop(SHOPS["five customers"]), END)).values():
        assert row["churn_probability"] is None
        assert row["lifecycle_segment"] is not None


def test_a_history_that_begins_later_than_the_shop_is_recognised(shop, days):
    # Everybody orders every few weeks for ever: what an old shop's regulars look like.
    rows = [
        {"customer_id": f"c{i}", "ordered_at": on(back), "amount": "20"}
        for i in range(600)
        for back in range((i * 7) % 40, 360, 25 + i % 30)
    ]
    model = days.first_basis(shop(rows), END).model
    assert model.level == "rules only"
    assert "begins later than the shop" in model.notes[0]


def test_equal_customers_are_in_equal_segments(shop, days):
    rows = regulars(200)
    twins = [{**row, "customer_id": "twin-" + row["customer_id"]} for row in rows]
    result = days.run(days.first_basis(shop(rows + twins), END))
    for customer in {row["customer_id"] for row in rows}:
        one, other = result[customer], result["twin-" + customer]
        assert {k: v for k, v in one.items() if k != "customer_id"} == {
            k: v for k, v in other.items() if k != "customer_id"
        }


def test_the_same_to_the_byte_whatever_the_rows_order_the_threads_and_the_zone_of_the_machine(
    fresh_engine, orders_in, days_on, monkeypatch
):
    import random

    rows = [{**row, "order_id": f"x{i}"} for i, row in enumerate(regulars(700))]
    shuffled = random.Random(5).sample(rows, len(rows))
    results = []
    for threads, given, zone in ((1, rows, "Asia/Tokyo"), (4, shuffled, "America/Lima")):
        monkeypatch.setenv("TZ", zone)
        engine = fresh_engine(threads=threads)
        run = days_on(engine)
        basis = run.first_basis(orders_in(engine, given), END)
        results.append((basis.model.to_json(), basis.thresholds.to_json(), run.run(basis)))
    assert results[0] == results[1]
