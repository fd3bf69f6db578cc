"""The Shopify source keeps every law, against a look-alike that executes Shopify's own schema."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, ClassVar

import httpx
import pytest
from graphql import GraphQLSchema

from connectors.sandbox.shopify import Shopify as Account
from connectors.sandbox.shopify_shop import customer, moment, money, order, refund
from connectors.sources.shopify import Shopify
from connectors.testing import ADDRESS, Sale, SourceSuite


class Shop:
    """The look-alike, as the kit asks it."""

    schema: ClassVar[GraphQLSchema]

    def __init__(self, key: str) -> None:
        self.seconds = datetime(2026, 1, 31, 22, 59, tzinfo=UTC).timestamp()
        self.app = Account(self.schema, keys=[key], clock=lambda: self.seconds)

    def options(self, key: str) -> Mapping[str, object]:
        return {"base_url": ADDRESS, "access_token": key}

    def transport(self) -> httpx.AsyncBaseTransport:
        return httpx.ASGITransport(self.app)

    def now(self) -> datetime:
        return self.app.now()

    def wait(self, seconds: float) -> None:
        self.seconds += seconds

    def place(self, sale: Sale) -> str:
        number = len(self.app.orders) + 1
        who = None if sale.customer is None else customer(sale.customer, sale.email)
        made = order(number, self.now(), sale.amount, currency=sale.currency, customer=who)
        self.app.orders.append({**made, "email": sale.email})
        return str(number)

    def change(self, order_id: str, amount: Decimal) -> None:
        self._touch(order_id)["totalPriceSet"] = money(amount)

    def cancel(self, order_id: str) -> None:
        self._touch(order_id)["cancelledAt"] = moment(self.now())

    def refund(self, order_id: str, amount: Decimal) -> None:
        number = sum(len(each["refunds"]) for each in self.app.orders) + 1
        found = self._touch(order_id)
        currency = found["totalPriceSet"]["shopMoney"]["currencyCode"]
        found["refunds"].append(refund(number, self.now(), amount, currency))

    def delete(self, order_id: str) -> None:
        self.app.orders[:] = [o for o in self.app.orders if not o["id"].endswith(f"/{order_id}")]

    def forbid(self) -> None:
        self.app.scopes = frozenset()

    def _touch(self, order_id: str) -> dict[str, Any]:
        found = self.app.profile(order_id)
        assert found is not None
        found["updatedAt"] = moment(self.now())
        return found


class SmallPages(Shopify):
    """The source as it is, but for the size of its pages."""

    bulk_page = 4
    page = 4


class TestShopify(SourceSuite):
    source = SmallPages
    shop = Shop

    @pytest.fixture(autouse=True)
    def _with_the_schema(self, shopify_schema: GraphQLSchema) -> None:
        Shop.schema = shopify_schema

    def is_read(self, request: httpx.Request) -> bool:
        asked = "" if request.method == "GET" else json.loads(request.content)["query"]
        # to have Shopify write down all orders is a mutation, and changes nothing
        return "mutation" not in asked or "bulkOperationRunQuery" in asked
