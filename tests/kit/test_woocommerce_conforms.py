"""The WooCommerce source keeps every law, with orders kept in either way and by either key."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import ClassVar

import httpx

from connectors import sandbox
from connectors.sources.woocommerce import Woocommerce
from connectors.testing import ADDRESS, Sale, SourceSuite


class Shop:
    """The look-alike, as the kit asks it."""

    posts: ClassVar[bool] = False

    def __init__(self, key: str) -> None:
        self.seconds = datetime(2024, 1, 31, 22, 59, tzinfo=UTC).timestamp()
        keys = [f"ck_1:{key}"]
        self.app = sandbox.Woocommerce(keys=keys, clock=lambda: self.seconds, posts=self.posts)

    def options(self, key: str) -> Mapping[str, object]:
        given = {"base_url": ADDRESS, "consumer_key": "ck_1", "consumer_secret": key}
        return {**given, "page_size": 4}

    def transport(self) -> httpx.AsyncBaseTransport:
        return httpx.ASGITransport(self.app)

    def now(self) -> datetime:
        return self.app.shop.now()

    def wait(self, seconds: float) -> None:
        self.seconds += seconds

    def place(self, sale: Sale) -> str:
        who = {"customer_id": sale.customer or 0, "email": sale.email or ""}
        return str(self.app.shop.place(str(sale.amount), currency=sale.currency, **who))

    def change(self, order_id: str, amount: Decimal) -> None:
        self.app.shop.change(int(order_id), total=amount)

    def cancel(self, order_id: str) -> None:
        self.app.shop.change(int(order_id), status="cancelled")

    def refund(self, order_id: str, amount: Decimal) -> None:
        self.app.shop.refund(int(order_id), str(amount))

    def delete(self, order_id: str) -> None:
        self.app.shop.trash(int(order_id))

    def spoil(self, order_id: str) -> None:
        self.app.shop.change(int(order_id), total=Decimal(-1))

    def forbid(self) -> None:
        self.app.reads = False


class ShopOfPosts(Shop):
    """Orders are kept as posts, and sorted by local time."""

    posts = True


class TestWoocommerce(SourceSuite):
    source = Woocommerce
    shop = Shop


class TestWoocommerceWithPosts(TestWoocommerce):
    shop = ShopOfPosts
