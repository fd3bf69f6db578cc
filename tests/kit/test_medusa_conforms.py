"""The Medusa source keeps every law; what the real server says is in tests/real."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import httpx

from connectors.sources.medusa import Medusa
from connectors.testing import ADDRESS, Sale, SourceSuite

START = datetime(2024, 1, 31, 22, 59, tzinfo=UTC)


def money(amount: Decimal) -> dict[str, Any]:
    return {"value": str(amount), "precision": 20}


class Shop:
    """Orders as the Admin API of 2.21.2 tells them, with the moments that it moves."""

    def __init__(self, key: str) -> None:
        self.key = key
        self.time = START
        self.orders: dict[str, dict[str, Any]] = {}

    # -- what the kit asks for

    def options(self, key: str) -> Mapping[str, object]:
        return {"base_url": ADDRESS, "api_key": key, "page_size": 4}

    def transport(self) -> httpx.AsyncBaseTransport:
        return httpx.MockTransport(self.answer)

    def now(self) -> datetime:
        return self.time

    def wait(self, seconds: float) -> None:
        self.time += timedelta(seconds=seconds)

    def place(self, sale: Sale) -> str:
        order = f"order_{len(self.orders) + 1}"
        captured = {"captures": [{"raw_amount": money(sale.amount)}], "refunds": []}
        self.orders[order] = {
            "id": order,
            "status": "pending",
            "payment_status": "captured",
            "email": sale.email,
            "currency_code": sale.currency.lower(),
            "created_at": self._told(),
            "updated_at": self._told(),
            "raw_total": money(sale.amount),
            "customer": {
                "id": f"guest_{order}" if sale.customer is None else str(sale.customer),
                "has_account": sale.customer is not None,
                "phone": None,
            },
            "payment_collections": [{"payments": [captured]}],
        }
        return order

    def change(self, order_id: str, amount: Decimal) -> None:
        order = self.orders[order_id]
        self._payment(order_id)["captures"] = [{"raw_amount": money(amount)}]
        order |= {"raw_total": money(amount), "updated_at": self._told()}

    def cancel(self, order_id: str) -> None:
        self.orders[order_id] |= {"status": "canceled", "updated_at": self._told()}

    def refund(self, order_id: str, amount: Decimal) -> None:
        order = self.orders[order_id]
        refunds = self._payment(order_id)["refunds"]
        refund = {"id": f"ref_{order_id}_{len(refunds)}", "created_at": self._told()}
        refunds.append(refund | {"raw_amount": money(amount)})
        left = Decimal(order["raw_total"]["value"]) - amount
        order |= {"raw_total": money(left), "updated_at": self._told()}

    def delete(self, order_id: str) -> None:
        self.orders.pop(order_id)

    # -- what the connector is answered

    def answer(self, request: httpx.Request) -> httpx.Response:
        name = b64encode(f"{self.key}:".encode()).decode()
        if request.headers["Authorization"] != f"Basic {name}":
            return httpx.Response(401, json={"message": "Unauthorized"})
        asked = request.url.params
        since = datetime.fromisoformat(asked["updated_at[$gte]"])
        found = [
            each
            for each in self.orders.values()
            if datetime.fromisoformat(each["updated_at"]) >= since
        ]
        found.sort(key=lambda each: each["updated_at"])
        return httpx.Response(200, json={"orders": found[: int(asked["limit"])]})

    def _payment(self, order_id: str) -> dict[str, Any]:
        payment: dict[str, Any] = self.orders[order_id]["payment_collections"][0]["payments"][0]
        return payment

    def _told(self) -> str:
        return self.time.isoformat(timespec="milliseconds").replace("+00:00", "Z")


class TestMedusa(SourceSuite):
    source = Medusa
    shop = Shop
