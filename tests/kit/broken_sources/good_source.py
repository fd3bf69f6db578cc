"""A source that keeps every law, and its shop; the broken ones are made from it.

The shop lists what there is in the order of its last change, each of which has a number.
"""

from __future__ import annotations

import itertools
from collections.abc import AsyncIterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any

import httpx
from pydantic import Field, SecretStr

from connectors.base import HttpOptions, Rate, Source
from connectors.http import dig, failure, patience, read
from connectors.testing import ADDRESS, Sale, SourceSuite
from connectors.types import Coverage, Fault, Kind, Order, Page


class GoodOptions(HttpOptions):
    base_url: str = Field(description="Where it is.")
    api_key: SecretStr = Field(description="What opens it.")


class Good(Source[GoodOptions]):
    """Orders and refunds by the number of their last change."""

    options_class = GoodOptions
    rates = (Rate(10, 1),)

    def authorize(self, request: httpx.Request) -> httpx.Request:
        request.headers["X-Key"] = self.options.api_key.get_secret_value()
        return request

    def failure(self, response):
        return failure(response, wait=self.patience, secrets=self.secrets())

    def patience(self, response):
        own = response.headers.get("X-Pause")
        return patience(response) if own is None else float(own)

    async def check(self) -> None:
        dig(await self.call("GET", "/account"), "may_read")

    async def probe(self) -> Coverage:
        return Coverage()

    async def orders(self, since: str | None) -> AsyncIterator[Page]:
        place = self.begin(since)
        while True:
            told = await self.listed(place)
            if not told["rows"]:
                return
            place = self.following(told)
            yield self.page(told["rows"], self.cursor(place))
            if not told["more"]:
                return

    def begin(self, since):
        return 0 if since is None else int(since)

    def cursor(self, place):
        return str(place)

    async def listed(self, place) -> dict[str, Any]:
        response = await self.call("GET", "/orders", params={"after": str(place), "limit": "4"})
        dig(response, "rows"), dig(response, "next")
        return read(response)

    def following(self, told):
        return told["next"]

    def page(self, rows, cursor):
        orders, faults = [], []
        for row in rows:
            try:
                orders += self.order(row)
            except InvalidOperation:
                faults.append(row)
        return replace(Page.of(orders, cursor), faults=self.faults(faults))

    def faults(self, rows):
        return (Fault("no amount", len(rows), self.example(rows[0])),) if rows else ()

    def example(self, row):
        return row["id"]

    def order(self, row) -> list[Order]:
        made = Order(
            order_id=row["id"],
            ordered_at=self.moment(row["at"]),
            amount=self.amount(row["amount"]),
            currency=row["currency"],
            customer_id=row["customer"],
            email=row["email"],
            kind=self.kind(row),
        )
        return [made]

    def moment(self, text):
        return datetime.fromisoformat(text)

    def amount(self, text):
        return Decimal(text).quantize(Decimal("0.01"))

    def kind(self, row):
        if row["cancelled"]:
            return Kind.VOID
        return Kind.REFUND if row["of"] else Kind.ORDER


class GoodShop:
    """The shop: one row for each order and each refund, with the number of its last change."""

    def __init__(self, key: str) -> None:
        self.key = key
        self.may = True
        self.time = datetime(2024, 1, 31, 12, tzinfo=UTC)
        self.rows: dict[str, dict[str, Any]] = {}
        self.numbers = itertools.count(1)

    # -- what its people do

    def options(self, key: str) -> Mapping[str, object]:
        return {"base_url": ADDRESS, "api_key": key}

    def now(self) -> datetime:
        return self.time

    def wait(self, seconds: float) -> None:
        self.time += timedelta(seconds=seconds)

    def place(self, sale: Sale) -> str:
        customer = None if sale.customer is None else str(sale.customer)
        who = {"customer": customer, "email": sale.email, "currency": sale.currency}
        return self.write(f"A{len(self.rows)}", str(sale.amount), None, **who)

    def write(self, row_id, amount, of, **who):
        number, at = next(self.numbers), self.time.astimezone(UTC).isoformat()
        row = {"id": row_id, "at": at, "amount": amount, "of": of, "cancelled": False, **who}
        self.rows[row_id] = {**row, "number": number, "touched": at}
        return row_id

    def touch(self, row_id, **values):
        at = self.time.isoformat()
        self.rows[row_id] |= {**values, "number": next(self.numbers), "touched": at}

    def change(self, order_id: str, amount: Decimal) -> None:
        self.touch(order_id, amount=str(amount))

    def cancel(self, order_id: str) -> None:
        for row in list(self.rows.values()):
            if order_id in (row["id"], row["of"]):
                self.touch(row["id"], cancelled=True)

    def refund(self, order_id: str, amount: Decimal) -> None:
        who = {name: self.rows[order_id][name] for name in ("customer", "email", "currency")}
        self.write(f"R{len(self.rows)}", str(-amount), order_id, **who)

    def delete(self, order_id: str) -> None:
        del self.rows[order_id]

    def spoil(self, order_id: str) -> None:
        self.touch(order_id, amount="?")

    def forbid(self) -> None:
        self.may = False

    # -- what it answers

    def transport(self) -> httpx.AsyncBaseTransport:
        return httpx.MockTransport(self.answer)

    def answer(self, request: httpx.Request) -> httpx.Response:
        if request.headers.get("X-Key") != self.key:
            return httpx.Response(401, json={"error": "who are you?"})
        if not self.may:
            return httpx.Response(403, json={"error": "not you"})
        if request.url.path == "/account":
            return httpx.Response(200, json={"may_read": True})
        if request.url.path.startswith("/orders/"):
            found = self.rows[request.url.path.rpartition("/")[2]]
            return httpx.Response(200, json=found)
        return httpx.Response(200, json=self.listed(request.url.params))

    def listed(self, asked) -> dict[str, Any]:
        rows = sorted(self.rows.values(), key=lambda row: row[asked.get("by", "number")])
        after, limit = asked.get("after", "0"), int(asked["limit"])
        if "by" in asked:
            rows = [row for row in rows if row[asked["by"]] > after or after == "0"]
        else:
            rows = [row for row in rows if row["number"] > int(after)]
        skip = int(asked.get("skip", 0))
        page = rows[skip : skip + limit]
        last = page[-1]["number"] if page else int(after) if after.isdecimal() else 0
        link = f"{ADDRESS}/orders?after={last}&limit={limit}"
        more = len(rows) > skip + limit
        return {"rows": page, "next": last, "more": more, "link": link}


class GoodSuite(SourceSuite):
    source = Good
    shop = GoodShop
    own_waits = (({"X-Pause": "3"}, 3.0),)
