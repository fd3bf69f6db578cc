"""Orders read otherwise than when last published: in other money, by the days of another zone."""

import json
import shutil
import sqlite3
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


def _in_force(shop):
    return json.loads(shop.here("thresholds", "show", "--json").stdout)


def _told(report, scheme):
    """Customers who moved, by cause; who is new counts as nobody."""
    return {m["cause"] for m in report["moves"] if m["scheme"] == scheme and m["from"]}


def test_money_in_another_currency_is_held_against_edges_in_it(till):
    first = till.report(*till.as_of())
    (pounds,) = _in_force(till)["history"]
    _configure(till, currency="JPY", currencies="{GBP: 190}")
    refused = till.here("thresholds", "propose")
    assert refused.exit_code != 0
    assert "in GBP" in refused.stderr
    second = till.report(*till.as_of())
    history = _in_force(till)["history"]
    assert [each["accepted_by"] for each in history[1:]] == ["proposed anew in JPY"]
    for key in ("rfm.past_revenue", "risk_value.total_value"):
        before, now = pounds["edges"][key], history[-1]["edges"][key]
        assert all(150 < new / old < 240 for old, new in zip(before, now, strict=True))
    for name, customers in first["segments"]["risk_value"].items():
        assert abs(second["segments"]["risk_value"][name] - customers) <= 22
    assert _told(second, "risk_value") <= {"threshold"}
    # and so it stays, and the next run has nothing more to propose
    till.report(*till.as_of(1))
    assert len(_in_force(till)["history"]) == 2


def test_edges_of_what_was_measured_otherwise_are_proposed_anew(till):
    till.report(*till.as_of())
    with sqlite3.connect(till.folder / "data" / "state.db") as state:
        (body,) = state.execute("SELECT body FROM thresholds").fetchone()
        old = json.loads(body)
        fresh = old["edges"]["risk_value.total_value"]
        old["edges"] |= {"risk_value.total_value": [1.0], "rfm.order_days": [2, 3, 4, 9]}
        del old["definition"], old["currency"]
        state.execute("UPDATE thresholds SET body = ?", [json.dumps(old)])
    told = till.report(*till.as_of())
    now = _in_force(till)["edges"]
    assert now["risk_value.total_value"] == fresh
    assert now["rfm.order_days"] == [2, 3, 4, 9]
    assert _told(told, "risk_value") <= {"threshold"}
