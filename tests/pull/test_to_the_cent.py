"""A shop that edits, refunds and deletes, with and without a sign, is in the lake to the cent.

Whatever strikes on the way: killed processes, and a shop that throttles, prepares or is away.
"""

from __future__ import annotations

import json
import random
import signal
import subprocess
import sys
from collections import Counter, defaultdict
from datetime import timedelta
from decimal import Decimal
from math import ceil
from pathlib import Path

import pytest

from sync import failpoints
from sync.order_ledger import order_ledger

CHILD = Path(__file__).with_name("till.py")
MANY = 10_000
SIZE = 1_000
PLACES = ("ingest.page", "lake.written", "lake.renamed", "lake.committed")
FAULTS = ("throttled", "not ready", "unavailable")


class Year:
    """What happens in a shop, day by day; ``silent`` are the ids of which it did not tell."""

    def __init__(self, world, seed: int) -> None:
        self.world, self.chance = world, random.Random(seed)
        self.silent: set[str] = set()
        self.refunded: defaultdict[str, list[str]] = defaultdict(list)

    def day(self, changes: int) -> None:
        """The next day: new orders, and changes of old ones, half of them without a sign."""
        self.world.clock.moment += timedelta(days=1)
        self.world.sell(changes, self.chance, spread=0)
        for order in self.chance.sample(self.world.ids(), changes):
            self.chance.choice([self.edit, self.refund, self.delete])(order)

    def edit(self, order: str) -> None:
        amount = f"{self.chance.randrange(1, 99999) / 100:.2f}"
        self.world.change("UPDATE orders SET amount = ? WHERE id = ?", amount, order)
        self.sign(order, order)

    def refund(self, order: str) -> None:
        number = f"r{sum(map(len, self.refunded.values()))}"
        self.refunded[order].append(number)
        row = (number, order, self.world.ago(0), "0.01")
        self.world.change("INSERT INTO refunds VALUES (?, ?, ?, ?)", *row)
        self.sign(order, f"refund:{number}")

    def delete(self, order: str) -> None:
        self.world.change("DELETE FROM orders WHERE id = ?", order)
        # its refunds are gone with it, and nobody is told of either
        self.silent |= {order, *(f"refund:{number}" for number in self.refunded[order])}

    def sign(self, order: str, key: str) -> None:
        if self.chance.random() < 0.5:
            now = self.world.ago(0)
            self.world.change("UPDATE orders SET updated = ? WHERE id = ?", now, order)
        else:
            self.silent.add(key)


def holds(world) -> None:
    """The lake, and the order ledger, are the shop."""
    truth = world.truth()
    assert world.lake() == truth
    with world.app() as app:
        [total] = order_ledger(app)[0].totals
    refunds = {key: amount for key, (_, amount) in truth.items() if key.startswith("refund:")}
    orders = sum((amount for _, amount in truth.values()), Decimal(0)) - sum(refunds.values())
    assert (total.orders, total.money) == (len(truth) - len(refunds), orders)
    assert (total.refunds, total.refunded) == (len(refunds), sum(refunds.values()))


def killed(world, *places: str) -> None:
    """Pull in a process of its own for each of these places, at which it is killed."""
    done = subprocess.run(
        [sys.executable, str(CHILD), str(world.config), world.clock.now().isoformat(), *places],
        check=True,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert json.loads(done.stdout) == [-signal.SIGKILL] * len(places), done.stderr


def pages_left(world) -> int:
    """Of the full recheck that is under way."""
    with world.app() as app:
        began = app.store.last_pull("shop").began_version
        done = sum(part.seq > began for part in app.store.parts("shop"))
    return ceil(len(world.ids()) / SIZE) - done


def test_ten_thousand_orders_after_real_kills(world) -> None:
    year = Year(world, 1)
    world.configure(size=SIZE)
    world.sell(MANY, year.chance)
    killed(world, "lake.written:2", "lake.committed:2", "ingest.page:4")
    world.pull()
    holds(world)
    for _ in range(7):
        year.day(60)
    assert len(year.silent) > 100
    killed(world, "lake.committed", "ingest.page:4", "lake.written:3")
    assert 0 < pages_left(world) < MANY // SIZE
    # twice when what is gone is written but not named, and once when all is done
    killed(world, f"lake.renamed:{pages_left(world) + 1}", "lake.renamed", "lake.committed")
    with world.app() as app:
        found = app.store.last_pull("shop").rechecked
    assert min(found.gone, found.changed, found.found) > 30
    assert world.pull().rechecked is None
    holds(world)


class Death(BaseException):
    """A process ends here."""


@pytest.mark.parametrize("seed", range(2))
def test_whatever_strikes_at_any_page(world, seed, monkeypatch) -> None:
    chance, year = random.Random(seed), Year(world, seed)
    world.sell(60, chance)
    struck = Counter()

    def die() -> None:
        raise Death

    monkeypatch.setattr(failpoints, "die", die)
    for day in range(15):
        pages = 12 if day % 7 == 0 else 2
        for place in (f"{chance.choice(PLACES)}:{chance.randint(1, pages)}", None):
            faults = [chance.choice([None, None, *FAULTS]) for _ in range(12)]
            world.till.Till.faults.extend(faults)
            monkeypatch.setenv(failpoints.VARIABLE, place or "")
            failpoints._reached.clear()
            try:
                rechecked = world.pull(f"{day}").rechecked
                struck["recheck"] += rechecked is not None
            except Death:
                struck[place.partition(":")[0]] += 1
            world.till.Till.faults.clear()
        if day in (0, 7, 14):
            holds(world)
            year.silent.clear()
        lake, truth = world.lake(), world.truth()
        assert {k: v for k, v in lake.items() if k not in year.silent} == {
            k: v for k, v in truth.items() if k not in year.silent
        }
        year.day(chance.randrange(1, 9))
    assert struck["recheck"] == 2
    assert struck.total() > 10
