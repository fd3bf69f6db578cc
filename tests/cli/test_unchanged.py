"""The same day once more: what is published stands, unless something it follows from moved."""

from datetime import UTC, datetime, timedelta

import pytest

from sync.app import open_app
from sync.run import run

CONFIG = """\
timezone: UTC
currency: GBP
data_dir: ./data
state_url: sqlite:///./data/state.db
sources:
  shop:
    type: files
    path: ./orders/*.csv
    columns: {order_id: order, customer_id: customer, ordered_at: day, amount: total}
segmentation: {churn_horizon_days: %d}
destinations:
  disk: {type: files, path: ./out}
"""


class Clock:
    def __init__(self, now):
        self.time = now

    def now(self):
        return self.time

    def monotonic(self):
        return 0.0

    async def sleep(self, seconds):
        self.time += timedelta(seconds=seconds)


@pytest.fixture
def once(shop):
    """Run for a day at an hour of that day; gives the report and the file of what is published."""
    (shop.folder / "orders" / "until-june.csv").unlink()
    rows = [(f"o{n}", f"c{n % 40}", shop.day - timedelta(7 * n % 200 + 1), 10.0) for n in range(90)]
    shop.write_orders("orders", rows)
    (shop.folder / "tidesman.yaml").write_text(CONFIG % 90)

    def run_once(hour, horizon=90):
        (shop.folder / "tidesman.yaml").write_text(CONFIG % horizon)
        moment = datetime.combine(shop.day, datetime.min.time(), UTC) + timedelta(hours=hour)
        with open_app(shop.folder / "tidesman.yaml", clock=Clock(moment)) as app:
            report = run(app, shop.day)
            return report, app.store.latest_snapshot().path

    return run_once


def test_nothing_new_is_not_worked_out_again(once):
    first, path = once(5)
    again, same = once(6)
    assert same == path
    assert (again.customers, again.orders) == (first.customers, first.orders)
    assert again.segments == first.segments
    assert again.moves == ()
    assert again.destinations["disk"].planned == 0


def test_a_new_order_is(shop, once):
    _, path = once(5)
    shop.write_orders("more", [("new", "stranger", shop.day, 10.0)])
    report, other = once(6)
    assert other != path
    assert [(m.from_segment, m.customers) for m in report.moves if m.scheme == "rfm"] == [(None, 1)]


def test_an_order_whose_hour_has_come_is(shop, once):
    tonight = shop.folder / "orders" / "tonight.csv"
    tonight.write_text(f"order,customer,mail,day,total\nx,stranger,,{shop.day}T20:00:00,5.00\n")
    before, path = once(5)
    after, other = once(21)
    assert other != path
    assert (before.orders, after.orders) == (90, 91)


def test_another_setting_is(once):
    _, path = once(5)
    _, other = once(6, horizon=30)
    assert other != path
