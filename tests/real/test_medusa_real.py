"""Every order of a real Medusa shop is found to the cent."""

from __future__ import annotations

import asyncio
from decimal import Decimal
from typing import Any

import pytest

from connectors.errors import Unauthorized
from connectors.sources.medusa import Medusa, MedusaOptions

# the first of them waits for npm
pytestmark = [pytest.mark.long, pytest.mark.timeout(700)]


@pytest.fixture
def source(medusa, network):
    """The connector, told where the shop is, with a cursor that overlaps nothing."""

    def source(**options: Any) -> Medusa:
        given = {"base_url": medusa.url, "api_key": medusa.key, "overlap_minutes": 0, **options}
        return Medusa(MedusaOptions.model_validate(given), transport=network())

    return source


@pytest.fixture
def pull(source, pages):
    """All rows since a cursor by id, the later version of each, and the cursor at the end."""

    def pull(since: str | None = None, **options: Any) -> tuple[dict[str, Any], str]:
        found = pages(source(**options), since)
        rows = [row for page in found for row in page.rows.to_pylist()]
        return {row["order_id"]: row for row in rows}, found[-1].cursor

    return pull


def net(rows: dict[str, Any], email: str) -> Decimal:
    """What somebody spent, by all rows."""
    hers = [row for row in rows.values() if row["email"] == email and row["kind"] != "void"]
    return sum((row["amount"] for row in hers), Decimal(0))


def test_what_is_placed_and_paid_is_found(medusa, pull):
    medusa.draft("draft@example.com", 9.99)
    order = medusa.place("guest@example.com", 12.55)
    rows, _ = pull()
    assert rows[order]["kind"] == "void"
    assert "draft@example.com" not in {row["email"] for row in rows.values()}
    changed = medusa.order(order, "updated_at")["updated_at"]
    medusa.pay(order, 37.65)
    # why all has to be pulled anew each day; once this fails, it need not be
    assert medusa.order(order, "updated_at")["updated_at"] == changed
    assert Medusa.recheck_days == 1
    row = pull()[0][order]
    assert (row["amount"], row["currency"], row["kind"]) == (Decimal("37.65"), "EUR", "order")
    assert (row["customer_id"], row["email"]) == (None, "guest@example.com")


def test_what_counts_before_it_is_paid_is_the_operators_choice(medusa, pull):
    order = medusa.place("invoice@example.com", 10)
    assert pull(not_orders=[])[0][order]["kind"] == "order"


def test_who_has_an_account_keeps_its_id(medusa, pull):
    member = medusa.member("member@example.com")
    order = medusa.place("member@example.com", 10, customer_id=member)
    assert pull()[0][order]["customer_id"] == member


def test_a_refund_is_found_by_the_next_pull_and_counts_once(medusa, pull):
    order = medusa.place("back@example.com", 33.33)
    payment = medusa.pay(order, 99.99)
    _, cursor = pull()
    refunds = {medusa.refund(payment, amount): amount for amount in (0.1, 20)}
    assert medusa.order(order, "total")["total"] == 79.89
    rows, _ = pull(cursor)
    assert rows[order]["amount"] == Decimal("99.99")
    for refund, amount in refunds.items():
        assert rows[refund]["amount"] == -Decimal(str(amount))
        assert rows[refund]["kind"] == "refund"
        assert rows[refund]["ordered_at"] > rows[order]["ordered_at"]
    assert net(rows, "back@example.com") == Decimal("79.89")


def test_what_is_cancelled_goes_with_its_refunds(medusa, pull):
    order = medusa.place("gone@example.com", 5)
    medusa.pay(order, 15)
    _, cursor = pull()
    medusa.post(f"/admin/orders/{order}/cancel")
    hers = [row for row in pull(cursor)[0].values() if row["email"] == "gone@example.com"]
    assert [row["kind"] for row in hers] == ["void", "void"]


def test_yen_have_no_decimals(medusa, pull):
    order = medusa.place("yen@example.com", 1500, currency="jpy")
    medusa.pay(order, 4500)
    row = pull()[0][order]
    assert (row["amount"], row["currency"]) == (Decimal(4500), "JPY")


@pytest.mark.parametrize("at_once", [False, True])
def test_a_kill_at_any_page_loses_nothing_while_the_shop_goes_on(medusa, source, pages, at_once):
    mine = [medusa.place("many@example.com", 1) for _ in range(9)]
    if at_once:
        # as after somebody changed them all by hand: more than a page bear one moment
        medusa.execute("""UPDATE "order" SET updated_at = '2026-01-01T00:00:00.1234Z'""")
    found: dict[str, Any] = {}
    cursor = None
    for step in range(30):
        (page,) = pages(source(page_size=4, not_orders=[]), cursor, most=1)
        cursor = page.cursor
        found |= {row["order_id"]: row for row in page.rows.to_pylist()}
        if step < 2:
            medusa.post(f"/admin/orders/{mine[step]}/cancel")
            mine.append(medusa.place("many@example.com", 1))
        if '"over":true' in cursor:
            break
    assert set(mine) <= set(found)
    assert [order for order in mine if found[order]["kind"] == "void"] == mine[:2]


def test_a_wrong_key_is_told_without_it(source):
    wrong = source(api_key="sk_wrong_key_canary")

    async def check() -> None:
        try:
            await wrong.check()
        finally:
            await wrong.aclose()

    with pytest.raises(Unauthorized) as raised:
        asyncio.run(check())
    assert "canary" not in str(raised.value)
