"""The engine pulls a look-alike shop through stops, faults, edits and deletions, to the cent."""

from __future__ import annotations

import asyncio
import random
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from connectors.sandbox.faults import Fault
from connectors.sandbox.shopify_shop import customer, moment, money, order, refund
from sync import gates
from sync.app import open_app
from sync.order_ledger import order_ledger
from sync.pull import pull
from sync.report import Pulled

CONFIG = """\
timezone: UTC
currency: EUR
data_dir: ./data
sources:
  shop: {{type: shopify, base_url: "{url}", access_token: {{file: token}}}}
destinations:
  disk: {{type: files, path: ./out}}
"""


class Time:
    """The engine's clock is the shop's; a wait passes at once."""

    def __init__(self, shop: Any) -> None:
        self.shop = shop

    def now(self) -> datetime:
        return datetime.fromtimestamp(self.shop.clock.now, UTC)

    def monotonic(self) -> float:
        return float(self.shop.clock.now)

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(0)
        self.shop.clock.now += seconds


class Stopping:
    """Wishes the pull to end after so many pages."""

    def __init__(self, stop: threading.Event, pages: int | None) -> None:
        self.stop, self.pages = stop, pages

    def advance(self, *_: object) -> None:
        if self.pages is not None:
            self.pages -= 1
            if self.pages < 0:
                self.stop.set()

    def wait(self, *_: object) -> None: ...


def configure(shop: Any, folder: Path) -> None:
    (folder / "token").write_text("right_key_canary")
    (folder / "tidesman.yaml").write_text(CONFIG.format(url=shop.url))


def pulled(shop: Any, folder: Path, pages: int | None = None) -> Pulled:
    with open_app(folder / "tidesman.yaml", clock=Time(shop)) as app:
        stop = threading.Event()
        return pull(app, f"run {shop.clock.now}", Stopping(stop, pages), stop)[0]


def ledger(shop: Any, folder: Path) -> tuple[int, Decimal]:
    with open_app(folder / "tidesman.yaml", clock=Time(shop)) as app:
        [found] = order_ledger(app)
    [total] = found.totals
    return total.orders, total.money + total.refunded


def truth(shop: Any) -> tuple[int, Decimal]:
    """Orders that count and what they brought, by a loop over the shop's own."""
    counted = [o for o in shop.alike.orders if o["cancelledAt"] is None and not o["test"]]
    total = sum((Decimal(o["totalPriceSet"]["shopMoney"]["amount"]) for o in counted), Decimal(0))
    for each in counted:
        for one in each["refunds"]:
            total -= Decimal(one["totalRefundedSet"]["shopMoney"]["amount"])
    return len(counted), total


def a_day(shop: Any, chance: random.Random) -> None:
    """People buy, change their minds, and get money back; the shop deletes an order in silence."""
    orders = shop.alike.orders
    for _ in range(40):
        shop.clock.now += 600
        at, cents = shop.clock.at(), chance.randrange(1, 99_999)
        who = customer(chance.randrange(90), "a@example.com") if chance.random() < 0.7 else None
        number = 1 + max((int(o["id"].rpartition("/")[2]) for o in orders), default=0)
        made = order(number, at, Decimal(cents) / 100, customer=who, test=chance.random() < 0.05)
        orders.append(made)
        for each in chance.sample(orders, min(3, len(orders))):
            each["updatedAt"] = moment(at)
            each["refunds"].append(refund(chance.randrange(10**12), at, Decimal("0.07")))
    chance.choice(orders)["totalPriceSet"] = money(Decimal("12.34"))
    chance.choice(orders)["cancelledAt"] = moment(shop.clock.at())
    orders.remove(chance.choice(orders))


def test_the_ledger_is_the_shops_to_the_cent(
    open_shop: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("connectors.sources.shopify.Shopify.bulk_page", 100)
    began = datetime(2026, 9, 1, tzinfo=UTC)
    sold = [order(n, began + n * timedelta(hours=1), Decimal(n) / 7 // 1) for n in range(1, 301)]
    shop = open_shop(sold, seconds_a_bulk=30)
    configure(shop, tmp_path)
    chance = random.Random(5)
    shop.alike.faults.add(Fault(kind="drop", times=None, rate=0.1))
    shop.alike.faults.add(Fault(kind="throttle", times=None, rate=0.1, seconds=2))
    shop.alike.faults.add(Fault(kind="truncate", times=None, rate=0.05))
    for _ in range(2):
        for pages in (1, 2):
            pulled(shop, tmp_path, pages)
        pulled(shop, tmp_path)
        a_day(shop, chance)
    shop.clock.now += 8 * 86_400
    pulled(shop, tmp_path)
    assert ledger(shop, tmp_path) == truth(shop)


def test_without_all_orders_the_run_is_held_with_what_to_ask_for(
    open_shop: Callable[..., Any], tmp_path: Path
) -> None:
    sold = [order(1, datetime(2026, 10, 20, tzinfo=UTC), Decimal(5))]
    shop = open_shop(sold, scopes={"read_orders", "read_customers"})
    configure(shop, tmp_path)
    with open_app(tmp_path / "tidesman.yaml", clock=Time(shop)) as app:
        started = app.store.start_run(app.today(), app.clock.now())
        brought = pull(app, started.id, Stopping(threading.Event(), None))
        why = gates.held(app, started.id, brought)
    assert why is not None
    assert "60 days" in why
    assert "read_all_orders" in why
