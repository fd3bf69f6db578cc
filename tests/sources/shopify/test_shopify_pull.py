"""Orders of a look-alike shop: all of them in bulk, then what changed, and what each row means."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from connectors.errors import Unauthorized
from connectors.sandbox.shopify_shop import customer, moment, order, refund

START = datetime(2026, 11, 1, 12, tzinfo=UTC)
DAY = timedelta(days=1)

Open = Callable[..., Any]


def test_first_all_orders_then_only_what_changed(open_shop: Open) -> None:
    orders = [order(n, START - n * DAY, Decimal(n)) for n in range(1, 31)]
    shop = open_shop(orders)
    first = shop.pull()
    assert len(shop.rows) == 30
    assert shop.total() == Decimal(sum(range(1, 31)))
    shop.clock.now += 3 * 86_400
    orders[4].update(updatedAt=shop.clock.text(), refunds=[refund(9, shop.clock.at(), Decimal(2))])
    shop.alike.orders.append(order(99, shop.clock.at(), Decimal(50)))
    second = shop.pull()
    assert {row["order_id"] for row in second} == {"5", "99", "refund-9"}
    assert shop.total() == Decimal(sum(range(1, 31)) + 50 - 2)
    assert len(first) == 30


def test_what_an_order_becomes(open_shop: Open) -> None:
    anna = customer(7, "anna@example.com", "+49301234567")
    later = START + timedelta(hours=1)
    shop = open_shop(
        [
            order(1, START, Decimal("19.90"), customer=anna, email="old@example.com"),
            order(2, START, Decimal(20), email="guest@example.com"),
            order(3, START, Decimal(30), phone="+49309999999", shown="USD"),
            order(4, START, Decimal(40), customer=customer(8, None)),
            order(5, START, Decimal(50), processedAt=moment(START - 400 * DAY)),
            order(6, START, Decimal(60), test=True),
            order(
                7,
                START,
                Decimal(70),
                cancelledAt=moment(later),
                refunds=[refund(1, later, Decimal(70))],
            ),
            order(8, START, Decimal(80), displayFinancialStatus="PENDING"),
            order(9, START, Decimal(90), displayFinancialStatus=None),
            order(10, START, Decimal(0), currency="CHF"),
            order(
                11,
                START,
                Decimal(100),
                customer=anna,
                displayFinancialStatus="PARTIALLY_REFUNDED",
                refunds=[refund(2, later, Decimal("10.50")), refund(3, later, Decimal(0))],
            ),
        ]
    )
    shop.pull()
    rows = shop.rows

    def who(name: str) -> tuple[Any, ...]:
        return tuple(rows[name][key] for key in ("customer_id", "email", "phone"))

    assert who("1") == ("7", "anna@example.com", "+49301234567")
    assert who("2") == (None, "guest@example.com", None)
    assert who("3") == (None, None, "+49309999999")
    assert who("4") == ("8", None, None)
    assert who("refund-2") == who("11") == who("1")
    assert (rows["3"]["amount"], rows["3"]["currency"]) == (Decimal(30), "EUR")
    assert rows["10"]["currency"] == "CHF"
    assert rows["5"]["ordered_at"] == START - 400 * DAY
    assert (rows["refund-2"]["amount"], rows["refund-2"]["ordered_at"]) == (Decimal("-10.5"), later)
    void = {name for name, row in rows.items() if row["kind"] == "void"}
    assert void == {"6", "7", "refund-1", "8", "refund-3"}
    assert {name for name, row in rows.items() if row["kind"] == "refund"} == {"refund-2"}
    assert all(rows[name]["amount"] == 0 for name in void)


def test_the_same_by_bulk_and_by_page(open_shop: Open) -> None:
    orders = [
        order(
            n,
            START + n * timedelta(seconds=1),
            Decimal(n),
            customer=customer(n % 5, f"{n % 5}@example.com") if n % 3 else None,
            email=f"guest{n}@example.com",
            test=n % 11 == 0,
            refunds=[
                refund(100 * n + k, START, Decimal(1)) for k in range(7 if n % 40 == 0 else n % 4)
            ],
        )
        for n in range(1, 121)
    ]
    shop = open_shop(orders)
    shop.pull()
    bulk = dict(shop.rows)
    shop.rows.clear()
    shop.cursor = '{"seen": "2026-10-01T00:00:00Z"}'
    shop.pull()
    assert shop.rows == bulk
    assert shop.statuses() == {200}


def test_statuses_that_count_are_the_operators(open_shop: Open) -> None:
    one = order(1, START, Decimal(5), displayFinancialStatus="PENDING")
    shop = open_shop([one], statuses=["PENDING", "PAID"])
    shop.pull()
    assert shop.total() == 5


def test_an_empty_shop_has_no_orders(open_shop: Open) -> None:
    shop = open_shop([])
    assert shop.pull() == []
    assert shop.pull() == []


def test_without_the_permission_for_all_orders_sixty_days_are_seen_and_told(
    open_shop: Open,
) -> None:
    orders = [order(1, START - 90 * DAY, Decimal(1)), order(2, START - 30 * DAY, Decimal(2))]
    shop = open_shop(orders, scopes={"read_orders", "read_customers"})
    shop.pull()
    coverage = shop.do(lambda source: source.probe())
    assert set(shop.rows) == {"2"}
    assert coverage.history == 60 * DAY
    assert "read_all_orders" in coverage.advice
    assert open_shop(orders).do(lambda source: source.probe()).history is None


def test_a_missing_permission_is_named(open_shop: Open) -> None:
    shop = open_shop([order(1, START, Decimal(1))], scopes={"read_orders"})
    with pytest.raises(Unauthorized, match="read_customers"):
        shop.do(lambda source: source.check())
    with pytest.raises(Unauthorized, match="read_customers"):
        shop.pull()
    shop.cursor = '{"seen": "2026-10-01T00:00:00Z"}'
    with pytest.raises(Unauthorized, match="read_customers"):
        shop.pull()


def test_an_order_that_changes_between_two_pages_hides_no_other(open_shop: Open) -> None:
    orders = [order(n, START + n * timedelta(seconds=1), Decimal(n)) for n in range(1, 121)]
    shop = open_shop(orders)
    shop.cursor = '{"seen": "2026-10-01T00:00:00Z"}'
    shop.pull(pages=1)
    for each in orders[:10]:
        each["updatedAt"] = moment(START + DAY)
    shop.pull()
    assert len(shop.rows) == 120


def test_more_orders_of_one_second_than_a_page_holds(open_shop: Open) -> None:
    orders = [order(n, START, Decimal(n)) for n in range(1, 121)]
    shop = open_shop(orders)
    shop.cursor = '{"seen": "2026-10-01T00:00:00Z"}'
    shop.pull()
    assert len(shop.rows) == 120
