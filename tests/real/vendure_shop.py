"""A customer and an administrator of a real Vendure shop, through its own APIs."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import httpx

PASSWORD = "i-canary"


@dataclass
class Placed:
    """An order as its customer saw it."""

    id: str
    units: int
    lines: list[dict[str, Any]]
    payment: str


@dataclass
class Shop:
    """The shop at this address, with one product of two sizes."""

    url: str
    small: str = ""
    large: str = ""
    admin_session: str = ""
    client: httpx.Client = field(default_factory=lambda: httpx.Client(timeout=20))

    def open(self) -> None:
        """Log in, and learn what is sold."""
        login = """mutation ($p: String!) { login(username: "superadmin", password: $p) {
            ... on CurrentUser { id } } }"""
        response = self._post("admin-api", login, {"p": PASSWORD}, {})
        self.admin_session = response.headers["vendure-auth-token"]
        found = self.admin("{ productVariants { items { id sku } } }")["productVariants"]["items"]
        skus = {each["sku"]: each["id"] for each in found}
        self.small, self.large = skus["L-S"], skus["L-L"]

    def admin(self, query: str, **variables: Any) -> dict[str, Any]:
        """What the administrator is answered."""
        bearer = {"Authorization": f"Bearer {self.admin_session}"}
        return self._post("admin-api", query, variables, bearer).json()["data"]

    def cart(self, email: str, *, items: dict[str, int], currency: str = "USD") -> Buyer:
        """Somebody who has put items into a cart and said who she is, as a guest."""
        buyer = Buyer(self, currency)
        buyer.fill(items)
        buyer.ask(
            """mutation ($i: CreateCustomerInput!) { setCustomerForOrder(input: $i) {
                ... on Order { id } ... on ErrorResult { errorCode message } } }""",
            i={"firstName": "A", "lastName": "B", "emailAddress": email, "phoneNumber": "+491"},
        )
        return buyer

    def place(self, email: str, *, method: str = "at-once", **cart: Any) -> Placed:
        """A guest's order, paid."""
        return self.cart(email, **cart).pay(method)

    def member(self, email: str) -> Buyer:
        """Somebody with an account, logged in."""
        self.admin(
            """mutation ($i: CreateCustomerInput!, $p: String) { createCustomer(input: $i,
                password: $p) { ... on Customer { id } ... on ErrorResult { errorCode } } }""",
            i={"firstName": "A", "lastName": "B", "emailAddress": email},
            p="her password",
        )
        buyer = Buyer(self, "USD")
        buyer.ask(
            """mutation ($e: String!) { login(username: $e, password: "her password") {
                ... on CurrentUser { id } ... on ErrorResult { errorCode message } } }""",
            e=email,
        )
        return buyer

    def refund(self, order: Placed, units: int) -> str:
        """Give back part of what was paid, and nothing else; the refund's id."""
        given = self.admin(
            """mutation ($i: RefundOrderInput!) { refundOrder(input: $i) {
                ... on Refund { id state } ... on ErrorResult { errorCode message } } }""",
            i={
                "lines": [],
                "shipping": 0,
                "adjustment": 0,
                "amount": units,
                "paymentId": order.payment,
                "reason": "late",
            },
        )["refundOrder"]
        assert given["state"] == "Pending"
        return str(given["id"])

    def settle(self, refund: str) -> None:
        """Say that the money was given back."""
        given = self.admin(
            """mutation ($i: SettleRefundInput!) { settleRefund(input: $i) {
                ... on Refund { state } ... on ErrorResult { errorCode message } } }""",
            i={"id": refund, "transactionId": "t"},
        )
        assert given["settleRefund"] == {"state": "Settled"}

    def cancel(self, order: Placed, lines: list[dict[str, Any]] | None = None) -> str:
        """Cancel an order, or some lines of it; the order's state then."""
        given = self.admin(
            """mutation ($i: CancelOrderInput!) { cancelOrder(input: $i) {
                ... on Order { state } ... on ErrorResult { errorCode message } } }""",
            i={"orderId": order.id, "lines": lines, "cancelShipping": lines is None},
        )
        return str(given["cancelOrder"]["state"])

    def changed(self, order: Placed) -> str:
        """When the order changed last, as the shop says."""
        found = self.admin("query ($id: ID!) { order(id: $id) { updatedAt } }", id=order.id)
        return str(found["order"]["updatedAt"])

    def books(self) -> dict[str, int]:
        """What every order and refund that counts is worth, by the shop's own list."""
        found = self.admin(
            """{ orders(options: {take: 1000, filter: {active: {eq: false}}}) { totalItems items {
                id state payments { amount refunds { id state total } } } } }"""
        )["orders"]
        assert found["totalItems"] == len(found["items"])
        books: dict[str, int] = {}
        for order in found["items"]:
            if order["state"] == "Cancelled":
                continue
            books[order["id"]] = sum(paid["amount"] for paid in order["payments"])
            refunds = [each for paid in order["payments"] for each in paid["refunds"]]
            settled = [each for each in refunds if each["state"] == "Settled"]
            books |= {f"refund-{each['id']}": -each["total"] for each in settled}
        return books

    def sell_in_yen(self, units: int) -> None:
        """Let the large size be bought in Japanese yen, too."""
        channel = self.admin("{ activeChannel { id } }")["activeChannel"]["id"]
        self.admin(
            """mutation ($i: UpdateChannelInput!) { updateChannel(input: $i) {
                ... on Channel { id } ... on ErrorResult { errorCode message } } }""",
            i={
                "id": channel,
                "availableCurrencyCodes": ["USD", "JPY"],
                "defaultCurrencyCode": "USD",
            },
        )
        self.admin(
            """mutation ($i: [UpdateProductVariantInput!]!) { updateProductVariants(input: $i) {
                id } }""",
            i=[{"id": self.large, "prices": [{"currencyCode": "JPY", "price": units}]}],
        )

    def key(self, *permissions: str) -> str:
        """A new key that may do that much."""
        role = self.admin(
            "mutation ($i: CreateRoleInput!) { createRole(input: $i) { id } }",
            i={"code": "-".join(permissions), "description": "", "permissions": permissions},
        )["createRole"]["id"]
        return str(
            self.admin(
                "mutation ($i: CreateApiKeyInput!) { createApiKey(input: $i) { apiKey } }",
                i={"roleIds": [role], "translations": [{"languageCode": "en", "name": "ours"}]},
            )["createApiKey"]["apiKey"]
        )

    def _post(
        self,
        api: str,
        query: str,
        variables: dict[str, Any],
        headers: dict[str, str],
        params: dict[str, str] | None = None,
    ) -> httpx.Response:
        body = {"query": query, "variables": variables}
        response = self.client.post(f"{self.url}/{api}", json=body, headers=headers, params=params)
        assert "errors" not in response.json(), response.json()["errors"]
        return response


@dataclass
class Buyer:
    """A session of the shop's customer side."""

    shop: Shop
    currency: str
    session: str = ""

    def ask(self, query: str, **variables: Any) -> dict[str, Any]:
        """What the shop answers to the one thing asked."""
        bearer = {"Authorization": f"Bearer {self.session}"} if self.session else {}
        response = self.shop._post(
            "shop-api", query, variables, bearer, {"currencyCode": self.currency}
        )
        self.session = response.headers.get("vendure-auth-token") or self.session
        (answer,) = response.json()["data"].values()
        assert not (isinstance(answer, dict) and answer.get("errorCode")), answer
        return answer

    def fill(self, items: dict[str, int]) -> None:
        """Put items into the cart: how many by variant."""
        for variant, count in items.items():
            self.ask(
                """mutation ($v: ID!, $n: Int!) { addItemToOrder(productVariantId: $v,
                    quantity: $n) { ... on Order { id } ... on ErrorResult { errorCode message } }
                }""",
                v=variant,
                n=count,
            )

    def pay(self, method: str = "at-once") -> Placed:
        """Say where it goes and pay; the order is placed then."""
        self.ask(
            """mutation ($i: CreateAddressInput!) { setOrderShippingAddress(input: $i) {
                ... on Order { id } ... on ErrorResult { errorCode message } } }""",
            i={"streetLine1": "1", "city": "C", "postalCode": "1", "countryCode": "DE"},
        )
        (way, *_) = self.ask("{ eligibleShippingMethods { id } }")
        self.ask(
            """mutation ($m: [ID!]!) { setOrderShippingMethod(shippingMethodId: $m) {
                ... on Order { id } ... on ErrorResult { errorCode message } } }""",
            m=[way["id"]],
        )
        self.ask(
            """mutation { transitionOrderToState(state: "ArrangingPayment") {
                ... on Order { id } ... on ErrorResult { errorCode message } } }"""
        )
        paid = self.ask(
            """mutation ($m: String!) { addPaymentToOrder(input: {method: $m, metadata: {}}) {
                ... on Order { id totalWithTax lines { id quantity } payments { id } }
                ... on ErrorResult { errorCode message } } }""",
            m=method,
        )
        (payment,) = paid["payments"]
        return Placed(paid["id"], paid["totalWithTax"], paid["lines"], payment["id"])
