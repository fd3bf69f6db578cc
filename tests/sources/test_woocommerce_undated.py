"""WooCommerce orders that bear no time of their last change, as some that were imported do."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime, timedelta

import httpx
import pytest

from connectors.errors import Misconfigured
from connectors.sandbox import Woocommerce as Account
from connectors.sources.woocommerce import Woocommerce, WoocommerceOptions

NOON = datetime(2026, 3, 27, 12, tzinfo=UTC)


@pytest.fixture
def account(monkeypatch):
    """Three orders, a minute apart; ``lacking`` takes the time of some away."""
    minutes = iter(range(1000))

    def clock():
        return (NOON + timedelta(minutes=next(minutes))).timestamp()

    account = Account(keys=["ck_1:cs_1"], clock=clock)
    shop, whole = account.shop, type(account.shop)._times
    account.placed = [shop.place("1.00", email="a@example.com") for _ in range(3)]

    def lacking(*numbers):
        moments = [shop.orders[number].modified for number in numbers]

        def times(self, name, moment):
            told = whole(self, name, moment)
            return dict.fromkeys(told) if name == "date_modified" and moment in moments else told

        monkeypatch.setattr(type(shop), "_times", times)

    account.lacking = lacking
    return account


async def pull(account):
    """The ids of what came, and the last cursor."""
    options = WoocommerceOptions(
        base_url="https://shop.test", consumer_key="ck_1", consumer_secret="cs_1"
    )
    source = Woocommerce(options, transport=httpx.ASGITransport(account))
    try:
        found = [page async for page in source.orders(None)]
    finally:
        await source.aclose()
    ids = [order_id for page in found for order_id in page.rows["order_id"].to_pylist()]
    return ids, json.loads(found[-1].cursor)


def test_they_are_taken_and_the_others_say_where_to_go_on(account):
    first, _, third = account.placed
    account.lacking(first, third)
    ids, cursor = asyncio.run(pull(account))
    assert sorted(ids) == sorted(map(str, account.placed))
    assert cursor["after"] is not None


def test_a_page_of_none_but_such_is_told(account):
    account.lacking(*account.placed)
    named = "lists order [0-9]+ and all others of its page without the time of their last change"
    with pytest.raises(Misconfigured, match=named):
        asyncio.run(pull(account))
