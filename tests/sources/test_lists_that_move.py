"""Vendure and Medusa lose no order, though their lists change while they are read."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.base import Source
from connectors.sources.medusa import Medusa, MedusaOptions
from connectors.sources.vendure import Vendure, VendureOptions

START = datetime(2026, 1, 1, tzinfo=UTC)
SIZE = 10


@dataclass
class Shop:
    """Orders by id: when each was placed, when it changed, and how often."""

    now: int = 0
    placed: dict[str, int] = field(default_factory=dict)
    changed: dict[str, int] = field(default_factory=dict)
    versions: dict[str, int] = field(default_factory=dict)

    def place(self, gap: int) -> None:
        self.now += gap
        order = f"o{len(self.placed)}"
        self.placed[order] = self.changed[order] = self.now
        self.versions[order] = 1

    def happen(self, what: str | int) -> None:
        if what == "placed":
            self.place(1)
            return
        self.now += 1
        orders = list(self.placed)
        for order in orders if what == "all" else orders[int(what) :][:1]:
            self.changed[order] = self.now
            self.versions[order] += 1

    def sorted(self, by: dict[str, int], since: datetime) -> list[str]:
        """Ids of those not before a moment, by it; those of one moment in any order, but always."""
        orders = [order for order, at in by.items() if moment(at) >= since]
        return sorted(orders, key=lambda order: (by[order], order[::-1]))

    # -- the two vendors' answers, of which only what the lists are made of is kept

    def vendure(self, request: httpx.Request) -> httpx.Response:
        asked = json.loads(request.content)
        options = asked["variables"]["options"]
        ((by, way),) = [each for each in options["sort"].items() if each[0] != "id"]
        moments = self.changed if by == "updatedAt" else self.placed
        after = options["filter"].get(by, {}).get("after", "1970-01-01T00:00:00+00:00")
        since = datetime.fromisoformat(after) + timedelta(milliseconds=1)
        found = self.sorted(moments, since)
        found = found[::-1] if way == "DESC" else found
        found = found[options.get("skip", 0) :][: options["take"]]
        items = [
            {
                "id": order,
                "type": "Regular",
                "state": "PaymentSettled",
                "currencyCode": "EUR",
                "orderPlacedAt": moment(self.placed[order]).isoformat(),
                "updatedAt": moment(self.changed[order]).isoformat(),
                "totalWithTax": self.versions[order],
                "customer": None,
                "payments": None,
            }
            for order in found
        ]
        config = {"serverConfig": {"moneyStrategyPrecision": 0}}
        told = {"globalSettings": config, "orders": {"items": items}}
        return httpx.Response(200, json={"data": told})

    def medusa(self, request: httpx.Request) -> httpx.Response:
        asked = request.url.params
        since = datetime.fromisoformat(asked["updated_at[$gte]"])
        orders = [
            {
                "id": order,
                "status": "pending",
                "payment_status": "captured",
                "email": None,
                "currency_code": "eur",
                "customer": None,
                "created_at": moment(self.placed[order]).isoformat(),
                "updated_at": moment(self.changed[order]).isoformat(),
                "raw_total": {"value": str(self.versions[order])},
                "payment_collections": [],
            }
            for order in self.sorted(self.changed, since)[: int(asked["limit"])]
        ]
        return httpx.Response(200, json={"orders": orders})


def moment(seconds: int) -> datetime:
    return START + timedelta(seconds=seconds)


def vendure(shop: Shop) -> Source[Any]:
    options = VendureOptions.model_validate(
        {"base_url": "http://shop", "api_key": "k", "page_size": SIZE, "overlap_minutes": 0}
    )
    return Vendure(options, transport=httpx.MockTransport(shop.vendure))


def medusa(shop: Shop) -> Source[Any]:
    options = MedusaOptions.model_validate(
        {"base_url": "http://shop", "api_key": "k", "page_size": SIZE, "overlap_minutes": 0}
    )
    return Medusa(options, transport=httpx.MockTransport(shop.medusa))


async def page(source: Source[Any], cursor: str | None) -> tuple[dict[str, int], str]:
    """One page only, as after a kill: versions by order, and the cursor to go on from."""
    pages = source.orders(cursor)
    found = await anext(pages)
    await pages.aclose()
    await source.aclose()
    rows = found.rows.to_pylist()
    assert len({row["order_id"] for row in rows}) == len(rows)
    return {row["order_id"]: int(row["amount"]) for row in rows}, found.cursor


def over(cursor: str) -> bool:
    told = json.loads(cursor)
    return bool(told["over"] if "over" in told else told["reading"] == "")


BEGINS = st.integers(0, 45).flatmap(
    lambda count: st.lists(st.sampled_from([0, 0, 0, 0, 1]), min_size=count, max_size=count)
)
#: Always in a moment that was not read yet, as what is stored later than it says is what the
#: overlap is for. A number changes an order.
HAPPENS = st.lists(st.one_of(st.sampled_from(["placed", "all"]), st.integers(0, 50)), max_size=12)


@pytest.mark.parametrize("build", [vendure, medusa])
@given(begins=BEGINS, happens=HAPPENS)
def test_a_kill_at_each_page_of_a_list_that_moves_loses_nothing(
    build: Callable[[Shop], Source[Any]], begins: list[int], happens: list[str | int]
) -> None:
    shop = Shop()
    for gap in begins:
        shop.place(gap)
    found: dict[str, int] = {}
    cursor: str | None = None
    coming = list(happens)
    for _ in range(60):
        rows, cursor = asyncio.run(page(build(shop), cursor))
        found |= rows
        if over(cursor) and not coming:
            break
        if coming:
            shop.happen(coming.pop())
    assert cursor is not None
    assert over(cursor)
    assert found == shop.versions
