"""The Vendure source keeps every law; what the real server says is in tests/real."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import httpx

from connectors.sources.vendure import Vendure
from connectors.testing import ADDRESS, Sale, SourceSuite

START = datetime(2024, 1, 31, 22, 59, tzinfo=UTC)


class Shop:
    """Orders as the Admin API of 3.7.3 tells them, with the moments that it moves."""

    def __init__(self, key: str) -> None:
        self.key = key
        self.time = START
        self.allowed = True
        self.orders: dict[str, dict[str, Any]] = {}
        self.refunds = 0

    # -- what the kit asks for

    def options(self, key: str) -> Mapping[str, object]:
        return {"base_url": ADDRESS, "api_key": key, "page_size": 10}

    def transport(self) -> httpx.AsyncBaseTransport:
        return httpx.MockTransport(self.answer)

    def now(self) -> datetime:
        return self.time

    def wait(self, seconds: float) -> None:
        self.time += timedelta(seconds=seconds)

    def place(self, sale: Sale) -> str:
        order = str(len(self.orders) + 1)
        user = None if sale.customer is None else {"id": "1"}
        number = f"guest-{order}" if sale.customer is None else str(sale.customer)
        units = int(sale.amount * 100)
        self.orders[order] = {
            "id": order,
            "type": "Regular",
            "state": "PaymentSettled",
            "currencyCode": sale.currency,
            "orderPlacedAt": self._told(),
            "updatedAt": self._told(),
            "totalWithTax": units,
            "customer": {
                "id": number,
                "emailAddress": sale.email or "",
                "phoneNumber": "",
                "user": user,
            },
            "payments": [{"state": "Settled", "amount": units, "refunds": []}],
        }
        return order

    def change(self, order_id: str, amount: Decimal) -> None:
        order = self.orders[order_id]
        order["totalWithTax"] = order["payments"][0]["amount"] = int(amount * 100)
        order["updatedAt"] = self._told()

    def cancel(self, order_id: str) -> None:
        self.orders[order_id] |= {"state": "Cancelled", "updatedAt": self._told()}

    def refund(self, order_id: str, amount: Decimal) -> None:
        self.refunds += 1
        refund = {"id": str(self.refunds), "state": "Settled", "total": int(amount * 100)}
        (payment,) = self.orders[order_id]["payments"]
        payment["refunds"].append(refund | {"createdAt": self._told()})

    def delete(self, order_id: str) -> None:
        self.orders.pop(order_id)

    def forbid(self) -> None:
        self.allowed = False

    # -- what the connector is answered

    def answer(self, request: httpx.Request) -> httpx.Response:
        asked = json.loads(request.content)
        if request.headers["vendure-api-key"] != self.key or not self.allowed:
            denied = {"message": "You may not", "extensions": {"code": "FORBIDDEN"}}
            return httpx.Response(200, json={"errors": [denied], "data": None})
        orders = {"items": self._listed(asked["variables"]["options"])}
        config = {"serverConfig": {"moneyStrategyPrecision": 2}}
        return httpx.Response(200, json={"data": {"globalSettings": config, "orders": orders}})

    def _listed(self, asked: Any) -> list[dict[str, Any]]:
        ((by, way), *_) = asked["sort"].items()
        after = asked["filter"].get(by, {}).get("after", "1970-01-01T00:00:00+00:00")
        since = datetime.fromisoformat(after)
        found = [each for each in self.orders.values() if datetime.fromisoformat(each[by]) > since]
        found.sort(key=lambda each: (each[by], int(each["id"])), reverse=way == "DESC")
        return found[asked.get("skip", 0) :][: asked["take"]]

    def _told(self) -> str:
        return self.time.isoformat(timespec="milliseconds").replace("+00:00", "Z")


class TestVendure(SourceSuite):
    source = Vendure
    shop = Shop

    def is_read(self, request: httpx.Request) -> bool:
        return "mutation" not in json.loads(request.content)["query"]
