"""A customer and an administrator of a real Medusa shop, through its own APIs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import httpx

PASSWORD = "i-canary"


@dataclass
class Shop:
    """The shop at this address, which sells whatever an administrator writes down."""

    url: str
    key: str = ""
    regions: dict[str, str] = field(default_factory=dict)
    execute: Callable[[str], None] = print
    client: httpx.Client = field(default_factory=lambda: httpx.Client(timeout=30))

    def open(self) -> None:
        """Log in, make a key, and sell in two currencies."""
        token = self._token("user", "owner@example.com")
        self.client.headers["Authorization"] = f"Bearer {token}"
        self.key = self.post("/admin/api-keys", title="ours", type="secret")["api_key"]["token"]
        for currency, country in (("eur", "de"), ("jpy", "jp")):
            region = self.post(
                "/admin/regions", name=currency, currency_code=currency, countries=[country]
            )
            self.regions[currency] = region["region"]["id"]

    def post(self, path: str, **body: Any) -> dict[str, Any]:
        """What the shop answers the administrator."""
        response = self.client.post(f"{self.url}{path}", json=body)
        assert response.is_success, (path, response.text)
        return dict(response.json())

    def order(self, order: str, *fields: str) -> dict[str, Any]:
        """An order as the shop tells it."""
        response = self.client.get(
            f"{self.url}/admin/orders", params={"id": order, "fields": ",".join(fields)}
        )
        (found,) = response.json()["orders"]
        return dict(found)

    def draft(self, email: str, price: float, *, currency: str = "eur", **more: Any) -> str:
        """An order that nobody has placed yet."""
        items = [{"title": "Lamp", "quantity": 3, "unit_price": price}]
        region = self.regions[currency]
        given = self.post("/admin/draft-orders", email=email, region_id=region, items=items, **more)
        return str(given["draft_order"]["id"])

    def place(self, email: str, price: float, **more: Any) -> str:
        """An order of three things at that price, not paid yet."""
        draft = self.draft(email, price, **more)
        return str(self.post(f"/admin/draft-orders/{draft}/convert-to-order")["order"]["id"])

    def pay(self, order: str, amount: float) -> str:
        """Have it paid; the payment's id."""
        group = self.post("/admin/payment-collections", order_id=order, amount=amount)
        group = group["payment_collection"]["id"]
        self.post(f"/admin/payment-collections/{group}/mark-as-paid", order_id=order)
        (paid,) = self.order(order, "*payment_collections.payments")["payment_collections"]
        return str(paid["payments"][0]["id"])

    def refund(self, payment: str, amount: float) -> str:
        """Give back some of it; the refund's id."""
        given = self.post(f"/admin/payments/{payment}/refund", amount=amount)
        return str(given["payment"]["refunds"][-1]["id"])

    def member(self, email: str) -> str:
        """The id of a customer with an account, whom the shop made when she signed up."""
        token = self.post("/auth/customer/emailpass/register", email=email, password=PASSWORD)
        public = self.post("/admin/api-keys", title="shop", type="publishable")["api_key"]["token"]
        response = self.client.post(
            f"{self.url}/store/customers",
            json={"email": email},
            headers={
                "Authorization": f"Bearer {token['token']}",
                "x-publishable-api-key": public,
            },
        )
        return str(response.json()["customer"]["id"])

    def _token(self, who: str, email: str) -> str:
        return str(self.post(f"/auth/{who}/emailpass", email=email, password=PASSWORD)["token"])
