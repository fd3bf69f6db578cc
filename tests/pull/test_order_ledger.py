"""What came from each source by day, to the cent, and when it was last looked for."""

from __future__ import annotations

import json
import random
import sqlite3
from collections import defaultdict
from contextlib import closing
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest

from sync.order_ledger import Gap, cents, order_ledger, rhythm

ZONE = ZoneInfo("Europe/London")


@pytest.fixture
def shop(world):
    world.sell(200, random.Random(3), spread=40)
    world.change("INSERT INTO refunds VALUES ('r1', 'o00007', ?, '0.01')", world.ago(0.1))
    world.pull()
    return world


def orders(shop, *args):
    return shop.command("status", "--orders", *args)


def told(shop):
    """What the ledger says, by the clock of the test."""
    with shop.app() as app:
        [found] = order_ledger(app)
    return found


def of_the_shop(shop):
    """Orders and money by day of the shop, by a loop over the shop's own table."""
    days = defaultdict(lambda: [0, Decimal(0)])
    with closing(sqlite3.connect(shop.shop)) as base:
        for at, amount in base.execute("SELECT at, amount FROM orders"):
            day = days[datetime.fromisoformat(at).astimezone(ZONE).date()]
            day[0] += 1
            day[1] += Decimal(amount)
    return {day: tuple(sums) for day, sums in days.items()}


def test_each_day_is_what_the_shop_itself_counts_to_the_cent(shop):
    found = told(shop)
    lines = {line.day: (line.orders, line.money) for line in found.lines if line.orders}
    assert lines == of_the_shop(shop)
    [total] = found.totals
    assert total.money == sum(money for _, money in of_the_shop(shop).values())
    assert (total.orders, total.refunds, total.refunded) == (200, 1, Decimal("-0.01"))
    assert found.pulled_at == found.checked_at == shop.clock.now()


def test_what_was_taken_away_and_when_it_was_looked_for_is_told(shop):
    shop.clock.moment += timedelta(days=7)
    shop.change("DELETE FROM orders WHERE id < 'o00003'")
    shop.pull()
    shop.clock.moment += timedelta(days=2)
    found = told(shop)
    assert (found.totals[0].orders, found.totals[0].voided) == (197, 3)
    assert (found.checked_days_ago, found.recheck_days) == (2, 7)
    assert found.rechecked.gone == 3
    said = orders(shop).output
    assert "3 gone, 0 changed, 0 more" in said
    assert "(every 7 days)" in said


def test_the_table_shows_two_weeks_and_all_and_json_shows_every_day(shop):
    said = orders(shop)
    assert said.exit_code == 0, said.output
    rows = [line for line in said.output.splitlines() if line.startswith("20")]
    assert len(rows) == 14
    assert rows == sorted(rows)
    [total] = [line for line in said.output.splitlines() if line.startswith("in all")]
    money = sum(money for _, money in of_the_shop(shop).values())
    assert total.split()[:4] == ["in", "all", "200", f"{money:,}"]
    found = json.loads(orders(shop, "--json").stdout)["shop"]
    assert found["totals"][0]["money"] == str(money)
    assert len([day for day in found["days"] if day["orders"]]) == len(of_the_shop(shop))
    assert found["gaps"][-1]["next"] is None, "by this machine's clock nothing came for long"


def test_nothing_is_there_before_the_first_pull(world):
    assert "there was no run yet" in orders(world).output
    with world.app():
        pass
    said = orders(world).output
    assert "pulled to its end: never yet" in said
    assert "never looked for; the next run does" in said


def test_asking_changes_nothing(shop):
    before = (shop.folder / "data" / "state.db").read_bytes()
    orders(shop)
    orders(shop, "--json")
    assert (shop.folder / "data" / "state.db").read_bytes() == before


def days(*numbers):
    return [date(2026, 1, 1) + timedelta(number) for number in numbers]


def test_a_gap_is_more_than_three_times_the_usual():
    [today] = days(20)
    assert rhythm(days(0, 1, 4, 5, 6, 7, 19, 20), today) == (1.0, (Gap(*days(7, 19), 12),))
    weekdays = [n for n in range(21) if n % 7 not in (5, 6)]
    assert rhythm(days(*weekdays), today) == (1.0, ())
    monthly = days(0, 30, 60, 90)
    assert rhythm(monthly, monthly[-1] + timedelta(90)) == (30.0, ())
    late = monthly[-1] + timedelta(91)
    assert rhythm(monthly, late) == (30.0, (Gap(monthly[-1], None, 91),))
    assert rhythm(days(0, 20), today) == (None, ())
    assert rhythm([*days(0, 1, 2), date(2225, 1, 1)], days(3)[0]) == (1.0, ()), "a typo is no day"


def test_a_day_is_the_shops_own(world):
    late = datetime(2025, 7, 1, 23, 30, tzinfo=UTC).isoformat()
    world.change("INSERT INTO orders VALUES ('1', 'c', ?, ?, '5.00')", late, late)
    world.pull()
    assert [line.day for line in told(world).lines] == [date(2025, 7, 2)]


@pytest.mark.parametrize(
    ("amount", "text"),
    [("5.0000", "5.00"), ("-0.0100", "-0.01"), ("1.2345", "1.2345"), ("0", "0.00")],
)
def test_money_is_told_exactly(amount, text):
    assert cents(Decimal(amount)) == text
