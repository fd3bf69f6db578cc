"""A WooCommerce shop that goes on selling is in the lake to the cent, whatever the wire does."""

from __future__ import annotations

import random
from datetime import timedelta

import pytest

from connectors.sandbox import Fault, Woocommerce, serve
from sync.store import Rechecked

KEYS = {"WOO_KEY": "ck_1", "WOO_SECRET": "cs_canary"}


@pytest.fixture
def woo(world, monkeypatch):
    """The shop, served over plain http; it goes by the clock of the test."""

    def now():
        return world.clock.moment.timestamp()

    account = Woocommerce(keys=["ck_1:cs_canary"], clock=now)
    for name, value in KEYS.items():
        monkeypatch.setenv(name, value)
    with serve({"woo": account}) as urls:
        keys = {"consumer_key": "{env: WOO_KEY}", "consumer_secret": "{env: WOO_SECRET}"}
        world.configure("woocommerce", base_url=urls["woo"], page_size=20, **keys)
        yield account


def live(world, woo, chance, steps):
    """People buy, change their minds, and get money back, over some hours."""
    shop = woo.shop
    for _ in range(steps):
        world.clock.moment += timedelta(seconds=chance.choice([0, 0, 1, 300, 3_000]))
        standing = [one for one in shop.orders.values() if one.status == "processing"]
        what = chance.random()
        if what < 0.7 or not standing:
            who = {"customer_id": chance.randrange(40)}
            shop.place(f"{chance.randrange(1, 99999) / 100:.2f}", email="a@example.com", **who)
        elif what < 0.8:
            shop.refund(chance.choice(standing).id, "0.01")
        elif what < 0.9:
            shop.change(chance.choice(standing).id, status="cancelled")
        else:
            order = chance.choice(standing)
            shop.change(order.id, total=order.total + 1)


def truth(woo):
    """What each order and refund is worth, as the shop has it."""
    orders = [one for one in woo.shop.orders.values() if one.status in ("processing", "refunded")]
    refunds = {str(each.id): -each.amount for one in orders for each in one.refunds}
    return {str(one.id): one.total for one in orders} | refunds


def lake(world):
    return {order_id: amount for order_id, (_, amount) in world.lake().items()}


def test_day_by_day_amid_faults_the_lake_is_what_the_shop_is(world, woo):
    chance = random.Random(5)
    for kind in ("lost", "drop", "truncate", "cut", "status", "throttle"):
        woo.faults.add(Fault(kind=kind, times=None, rate=0.04, path="/wp-json/wc/*"))
    live(world, woo, chance, 200)
    for _ in range(3):
        world.pull()
        assert lake(world) == truth(woo)
        world.clock.moment += timedelta(hours=20)
        live(world, woo, chance, 40)
    assert woo.faults.struck.total() > 5


def test_what_was_thrown_away_is_found_after_a_week(world, woo):
    live(world, woo, random.Random(7), 80)
    world.pull()
    gone = list(woo.shop.orders)[::20]
    for number in gone:
        woo.shop.trash(number)
    world.clock.moment += timedelta(days=3)
    world.pull()
    assert lake(world) != truth(woo)
    world.clock.moment += timedelta(days=4)
    assert world.pull().rechecked == Rechecked(gone=len(gone))
    assert lake(world) == truth(woo)


def test_plain_http_is_warned_of_at_the_check(world, woo):
    world.clock.moment = world.clock.moment.now(world.clock.moment.tzinfo)
    woo.shop.place("1.00")
    done = world.command("check")
    told = " ".join(done.output.split())
    assert done.exit_code == 0, told
    assert "asked over plain http" in told
    assert "All can be reached" in told
