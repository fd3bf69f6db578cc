from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from segmenter.summary import summarize, summarize_with_contacts

END = date(2024, 3, 31)


def only(table):
    return {row["customer_id"]: row for row in table.to_pyarrow().to_pylist()}


def test_the_numbers_of_one_customer(shop):
    orders = shop(
        [
            {"customer_id": "a", "ordered_at": date(2024, 1, 1), "amount": "10"},
            {"customer_id": "a", "ordered_at": date(2024, 1, 1), "amount": "20"},
            {"customer_id": "a", "ordered_at": date(2024, 3, 1), "amount": "30"},
        ]
    )
    row = only(summarize(orders, END))["a"]
    assert (row["orders"], row["frequency"], row["recency"], row["T"]) == (3, 1, 60, 90)
    assert (row["past_revenue"], row["monetary_value"], row["days_since_order"]) == (60, 30, 30)
    assert (row["first_order_on"], row["last_order_on"]) == (date(2024, 1, 1), date(2024, 3, 1))


def test_refunds_reduce_money_and_are_no_orders(shop):
    orders = shop(
        [
            {"customer_id": "a", "ordered_at": date(2024, 1, 1), "amount": "10"},
            {"customer_id": "a", "ordered_at": date(2024, 3, 1), "amount": "-4", "kind": "refund"},
            {"customer_id": "b", "ordered_at": date(2024, 1, 1), "amount": "10"},
            {"customer_id": "b", "ordered_at": date(2024, 1, 2), "amount": "-50", "kind": "refund"},
            {"customer_id": "c", "ordered_at": date(2024, 1, 2), "amount": "-50", "kind": "refund"},
        ]
    )
    rows = only(summarize(orders, END))
    assert rows["a"]["past_revenue"] == 6
    assert rows["a"]["last_order_on"] == date(2024, 1, 1)
    assert (rows["b"]["past_revenue"], rows["b"]["monetary_value"]) == (-40, 0)
    assert "c" not in rows, "who only ever got money back never bought"


def test_orders_of_zero_count_and_later_ones_do_not(shop):
    orders = shop(
        [
            {"customer_id": "a", "ordered_at": date(2024, 1, 1), "amount": "0"},
            {"customer_id": "a", "ordered_at": date(2024, 4, 1), "amount": "5"},
        ]
    )
    row = only(summarize(orders, END))["a"]
    assert (row["orders"], row["past_revenue"]) == (1, 0)


def test_cents_add_up_exactly(shop):
    day = date(2024, 1, 1)
    orders = shop([{"customer_id": "a", "ordered_at": day, "amount": "0.1"}] * 30)
    assert only(summarize(orders, END))["a"]["past_revenue"] == 3.0


@pytest.mark.parametrize(("zone", "day"), [("UTC", 31), ("Asia/Tokyo", 1), ("America/Lima", 31)])
def test_a_day_is_the_shops_day(fresh_engine, orders_in, zone, day):
    engine = fresh_engine(zone)
    late = datetime(2024, 1, 31, 23, 30, tzinfo=UTC)
    orders = orders_in(engine, [{"customer_id": "a", "ordered_at": late, "amount": "1"}])
    assert only(summarize(orders, END))["a"]["first_order_on"].day == day


def test_guests_are_known_by_their_address(engine, shop):
    orders = shop(
        [
            {"email": " Ann@Example.com ", "ordered_at": date(2024, 1, 1), "amount": "1"},
            {"email": "ann@example.com", "ordered_at": date(2024, 1, 2), "amount": "1"},
            {"email": "nobody", "ordered_at": date(2024, 1, 2), "amount": "1"},
            {"customer_id": "", "email": None, "ordered_at": date(2024, 1, 2), "amount": "1"},
        ]
    )
    rows = only(summarize_with_contacts(engine, orders, END))
    assert list(rows) == ["ann@example.com"]
    assert rows["ann@example.com"]["orders"] == 2
    assert rows["ann@example.com"]["email"] == "ann@example.com"


@pytest.mark.parametrize("turned", [False, True])
def test_the_latest_usable_address_wins_whatever_the_order_of_rows(engine, shop, turned):
    rows = [
        {"customer_id": "a", "email": "old@x.com", "ordered_at": date(2024, 1, 1), "amount": "1"},
        {"customer_id": "a", "email": "b@x.com", "ordered_at": date(2024, 2, 1), "amount": "1"},
        {"customer_id": "a", "email": "NEW@x.com", "ordered_at": date(2024, 2, 1), "amount": "1"},
        {"customer_id": "a", "email": "not one", "ordered_at": date(2024, 3, 1), "amount": "1"},
        {"customer_id": "b", "email": "bad", "ordered_at": date(2024, 3, 1), "amount": "1"},
        {"customer_id": "c", "phone": "+4412", "ordered_at": date(2024, 3, 1), "amount": "1"},
    ]
    found = only(summarize_with_contacts(engine, shop(rows[::-1] if turned else rows), END))
    assert found["a"]["email"] == "new@x.com"
    assert found["b"]["email"] is None
    assert (found["c"]["email"], found["c"]["phone"]) == (None, "+4412")
