"""Orders read otherwise than when last published: in other money, by the days of another zone."""

import shutil
from datetime import timedelta

import pyarrow.parquet as pq
import pytest

CONFIG = """\
timezone: {timezone}
currency: {currency}
data_dir: ./data
sources:
  shop:
    type: files
    path: ./orders/*.csv
    timezone: UTC
    columns: {{order_id: order, customer_id: customer, email: mail, ordered_at: day, amount: total,
      currency: money}}
currencies: {currencies}
destinations:
  disk: {{type: files, path: ./out}}
"""
HOME = {"timezone": "Europe/London", "currency": "GBP", "currencies": "{USD: 0.79}"}


@pytest.fixture
def till(shop):
    """A shop whose orders are all in pounds and fall before or after an evening's midnight."""
    (shop.folder / "orders" / "until-june.csv").unlink()
    _configure(shop)
    _sell(shop)
    return shop


def _configure(shop, **chosen):
    (shop.folder / "tidesman.yaml").write_text(CONFIG.format(**HOME | chosen))


def _sell(shop, total=10.0):
    lines = ["order,customer,mail,day,total,money"]
    for n in range(300):
        day = shop.day - timedelta(5 * n % 390)
        mine = total if n < 10 else 10.0 + n % 90
        lines.append(f"o{n},c{n % 110},,{day}T{22 if n % 5 else 12}:30:00Z,{mine},GBP")
    (shop.folder / "orders" / "all.csv").write_text("\n".join(lines) + "\n")


def _published(shop):
    files = (shop.folder / "data" / "snapshots").glob("*.parquet")
    kept = ["customer_id", "first_order_on", "orders", "frequency", "T", "past_revenue"]
    newest = max(files, key=lambda file: file.stat().st_mtime_ns)
    return pq.read_table(newest, columns=kept).sort_by("customer_id").to_pylist()


def test_a_corrected_order_is_told_while_a_rate_is_configured(till):
    till.report(*till.as_of())
    _sell(till, total=2000.0)
    told = till.report(*till.as_of(1))
    assert "correction" in {move["cause"] for move in told["moves"]}


def test_days_of_another_time_zone_are_counted_anew(till):
    till.report(*till.as_of())
    _configure(till, timezone="Asia/Tokyo")
    till.report(*till.as_of())
    step_by_step = _published(till)
    for made in ("data", "out"):
        shutil.rmtree(till.folder / made)
    till.report(*till.as_of())
    assert step_by_step == _published(till)
