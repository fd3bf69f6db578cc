"""Orders of a Vendure shop, by its Admin API (GraphQL). Run against a real server, 3.7.3.

``updatedAt`` stays as it is when an order is placed, paid or refunded. So orders are read twice: by
when they were placed, and by when they changed. Refunds move neither; they are found when all is
pulled anew, each day. Carts and drafts are left out: nobody placed them.

An order counts with tax and shipping, from the moment it was placed, also if its payment is only
authorised. A refund counts once it is settled. Parts of an order that belong to sellers of a
marketplace are left out, as the whole order is told. Sellers' parts, and databases other than
SQLite, were not tried here.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from datetime import timedelta
from typing import Any, ClassVar, Final

import httpx

from connectors.base import Source
from connectors.errors import ConnectorError, Misconfigured, Unauthorized, Unavailable
from connectors.http import dig, mask, read
from connectors.sources.vendure_cursor import BEGINNING, Cursor, Position, Reading
from connectors.sources.vendure_options import VendureOptions
from connectors.sources.vendure_orders import FIELDS, moment, rows
from connectors.types import Page

__all__ = ["Vendure", "VendureOptions"]

LOGIN: Final = """mutation ($username: String!, $password: String!) {
  login(username: $username, password: $password) { ... on ErrorResult { errorCode } }
}"""
ORDERS: Final = f"""query ($options: OrderListOptions!) {{
  globalSettings {{ serverConfig {{ moneyStrategyPrecision }} }}
  orders(options: $options) {{ items {{ {FIELDS} }} }}
}}"""
#: Orders that somebody placed.
PLACED: Final = {"active": {"eq": False}, "orderPlacedAt": {"isNull": False}}


class Vendure(Source[VendureOptions]):
    """Orders of one channel of a Vendure shop."""

    options_class = VendureOptions
    recheck_days: ClassVar[int | None] = 1

    def __init__(self, options: VendureOptions, *, transport: httpx.AsyncBaseTransport) -> None:
        super().__init__(options, transport=transport)
        self._session: str | None = None

    def authorize(self, request: httpx.Request) -> httpx.Request:
        """Add the key, or what the login gave, and the channel."""
        options = self.options
        if options.api_key is not None:
            request.headers["vendure-api-key"] = options.api_key.get_secret_value()
        if self._session is not None:
            request.headers["Authorization"] = f"Bearer {self._session}"
        if options.channel is not None:
            request.headers["vendure-token"] = options.channel
        return request

    def secrets(self) -> tuple[str, ...]:
        """The options' secrets, and the session."""
        return (*super().secrets(), *filter(None, [self._session]))

    async def check(self) -> None:
        """Ask for one order; raises Unauthorized if these credentials may not see it."""
        await self._login()
        await self._orders(Reading.PLACED, Position(BEGINNING), take=1)

    async def orders(self, since: str | None) -> AsyncIterator[Page]:
        """Orders by placement, then those that changed since the last pull, with their refunds."""
        await self._login()
        if since is None:
            cursor = Cursor(Position(BEGINNING), await self._newest_change())
            yield Page.of([], cursor.text())
        else:
            cursor = Cursor.read(since, timedelta(minutes=self.options.overlap_minutes))
        while cursor.reading is not Reading.NOTHING:
            size = self.options.page_size
            found, decimals = await self._orders(cursor.reading, cursor.position(), take=size)
            full = len(found) == size
            if found:
                last = moment(found[-1][cursor.reading])
                behind = cursor.position().past(last, size) if full else Position(last)
                cursor = cursor.moved(behind)
            cursor = cursor if full else cursor.ended()
            own = self.options.decimals
            given = [
                row
                for order in found
                for row in rows(order, own.get(order["currencyCode"], decimals))
            ]
            yield Page.of(given, cursor.text())

    async def _login(self) -> None:
        options = self.options
        if options.password is None or self._session is not None:
            return
        given = {"username": options.username, "password": options.password.get_secret_value()}
        response = await self._ask(LOGIN, given)
        refused = dig(response, "data", "login").get("errorCode")
        self._session = response.headers.get("vendure-auth-token")
        if refused is not None:
            raise Unauthorized(
                f"the shop refused the login ({mask(str(refused))}); check username and password"
            )
        if self._session is None:
            raise Misconfigured(
                "the shop told no vendure-auth-token at login: its tokenMethod must allow bearer"
            )

    async def _newest_change(self) -> Position:
        """What changes while all is pulled comes after what had changed last before."""
        options = {"filter": PLACED, "sort": {Reading.CHANGED: "DESC"}, "take": 1}
        found = dig(await self._ask(ORDERS, {"options": options}), "data", "orders", "items")
        return Position(moment(found[0]["updatedAt"]) if found else BEGINNING)

    async def _orders(
        self, by: Reading, position: Position, *, take: int
    ) -> tuple[list[dict[str, Any]], int]:
        """A page of orders, and how many of the last digits of their amounts are decimals."""
        options = {
            "filter": {**PLACED, by: {"after": position.after()}},
            "sort": {by: "ASC", "id": "ASC"},
            "take": take,
            "skip": position.skip,
        }
        response = await self._ask(ORDERS, {"options": options})
        config = dig(response, "data", "globalSettings", "serverConfig")
        return dig(response, "data", "orders", "items"), int(config["moneyStrategyPrecision"])

    async def _ask(self, query: str, variables: Mapping[str, object]) -> httpx.Response:
        body = {"query": query, "variables": variables}
        response = await self.call("POST", self.options.path, json=body, accept=(400,))
        errors = read(response).get("errors")
        if errors:
            raise self._refusal(errors[0])
        if not response.is_success:
            raise self.failure(response)
        return response

    def _refusal(self, error: Mapping[str, Any]) -> ConnectorError:
        """The error that the first of GraphQL's errors stands for; they come with a 200."""
        code = str((error.get("extensions") or {}).get("code"))
        said = mask(f"the shop answered {code}: {error.get('message')}", self.secrets())
        if code in {"FORBIDDEN", "UNAUTHORIZED"}:
            return Unauthorized(
                f"{said.rstrip('.')}; check the credentials and the role's ReadOrder"
            )
        if code in {"INTERNAL_SERVER_ERROR", "None"}:
            return Unavailable(said)
        return Misconfigured(said)
