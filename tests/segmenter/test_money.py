"""Several currencies: each order by the rate of its day, equal to the cent to exact arithmetic."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from segmenter.money import Unpriced, converted, foreign, unpriced
from segmenter.summary import summarize

DAY = date(2024, 6, 1)
RATES = {
    "USD": ((None, Decimal("0.79")),),
    "EUR": ((date(2024, 1, 1), Decimal("0.86")), (DAY, Decimal("0.83333333"))),
    "JPY": ((None, Decimal("0.00523")),),
}
spent = st.builds(
    dict,
    customer_id=st.sampled_from(["a", "b"]),
    amount=st.decimals("-99999999", "99999999", places=4),
    currency=st.sampled_from(["", "GBP", "USD", "EUR", "JPY"]),
    ordered_at=st.sampled_from([DAY - timedelta(days=1), DAY, DAY + timedelta(days=9)]),
)


def by_hand(row: dict[str, Any]) -> Decimal:
    if row["currency"] in {"", "GBP"}:
        return row["amount"]
    fit = [rate for day, rate in RATES[row["currency"]] if day is None or day <= row["ordered_at"]]
    return row["amount"] * fit[-1]


@settings(
    max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.lists(spent, min_size=1, max_size=20))
def test_what_was_spent_is_exact_whatever_the_currencies(
    engine: Any, orders_in: Any, rows: list[dict[str, Any]]
) -> None:
    orders = converted(orders_in(engine, rows), "GBP", RATES)
    total = engine.to_pyarrow(orders.amount.sum()).as_py()
    assert total == sum(map(by_hand, rows))
    for row in engine.to_pyarrow(summarize(orders, DAY + timedelta(days=30))).to_pylist():
        mine = sum(by_hand(r) for r in rows if r["customer_id"] == row["customer_id"])
        assert row["past_revenue"] == float(mine)


def test_a_currency_or_a_day_without_a_rate_is_named(engine: Any, shop: Any) -> None:
    early = date(2023, 12, 30)
    rows = [
        {"customer_id": "a", "amount": 1, "currency": "CHF", "ordered_at": DAY},
        {"customer_id": "a", "amount": 1, "currency": "EUR", "ordered_at": early},
        {"customer_id": "a", "amount": 1, "currency": "EUR", "ordered_at": early},
        {"customer_id": "a", "amount": 1, "currency": "EUR", "ordered_at": DAY},
    ]
    assert unpriced(engine, shop(rows), "GBP", RATES) == [
        Unpriced("EUR", "shop", 2, early, early),
        Unpriced("CHF", "shop", 1, DAY, DAY),
    ]


def test_an_order_without_a_currency_is_in_the_shops(shop: Any) -> None:
    rows = [
        {"customer_id": "a", "amount": 1, "currency": c, "ordered_at": DAY} for c in ("", "GBP")
    ]
    assert not foreign(shop(rows), "GBP")
    assert foreign(shop(rows), "EUR")
