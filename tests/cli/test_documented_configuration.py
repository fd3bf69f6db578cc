"""The configuration of the documentation, word for word, on a cut of a real shop's invoices.

Online Retail (UCI, CC0): one row an invoice line. Only the addresses of the destinations come from
the environment, as the look-alikes listen where there is room.
"""

import csv
import json
import shutil
from pathlib import Path

import duckdb
import httpx
import pytest

CONFIG = """\
timezone: Europe/London
currency: GBP
data_dir: ./data
state_url: sqlite:///./data/state.db
schedule: "0 5 * * *"
sources:
  shop:
    type: files
    path: ./orders/*.parquet          # or .csv, .csv.gz; a folder; several
    columns: {order_id: InvoiceNo, customer_id: CustomerID, ordered_at: InvoiceDate, quantity: Quantity, unit_price: UnitPrice}   # or amount: instead of the last two
    lines: true                       # several rows an order: they are added up
    timezone: Europe/London
segmentation:
  schemes: [lifecycle, rfm, risk_value]
  churn_horizon_days: 90
destinations:
  klaviyo: {type: klaviyo, api_key: {env: KLAVIYO_API_KEY}, base_url: http://127.0.0.1:9001}
  iterable: {type: iterable, api_key: {env: ITERABLE_API_KEY}, base_url: http://127.0.0.1:9002}
  braze: {type: braze, api_key: {env: BRAZE_API_KEY}, base_url: http://127.0.0.1:9003}
  disk: {type: files, path: ./out}    # one CSV a segment and one file of changes a run
"""  # noqa: E501
CUT = Path(__file__).parents[1] / "data" / "online_retail_cut.parquet"

#: Known customers' invoices that bought something: positive lines, net of the invoice above zero.
INVOICES = f"""
SELECT CustomerID::BIGINT::VARCHAR AS customer, InvoiceNo AS invoice
FROM '{CUT}' WHERE CustomerID IS NOT NULL AND UnitPrice <> 0
GROUP BY ALL HAVING sum(Quantity * UnitPrice) >= 0
"""


@pytest.fixture
def retail(shop, monkeypatch):
    shutil.rmtree(shop.folder / "orders")
    (shop.folder / "orders").mkdir()
    shutil.copy(CUT, shop.folder / "orders" / "online_retail.parquet")
    (shop.folder / "tidesman.yaml").write_text(CONFIG)
    for name, url in shop.urls.items():
        monkeypatch.setenv(f"TIDESMAN_DESTINATIONS__{name.upper()}__BASE_URL", url)
    return shop


def test_it_works_as_it_stands(retail):
    buyers, orders = duckdb.sql(
        f"SELECT count(DISTINCT customer), count(*) FROM ({INVOICES})"
    ).fetchall()[0]
    assert retail.here("check").exit_code == 0
    done = retail.here("run", "--json", "--as-of", "2011-12-09")
    assert done.exit_code == 0, done.stderr
    report = json.loads(done.stdout)
    assert (report["customers"], report["orders"]) == (buyers, orders)
    for name, result in report["destinations"].items():
        assert result["planned"] == result["delivered"] == buyers, name
    assert "lines without a customer" in done.stderr
    for vendor in retail.urls:
        url = f"{retail.urls[vendor]}/sandbox/state?by=lifecycle_segment"
        state = httpx.get(url).json()
        there = {name: n for name, n in report["segments"]["lifecycle"].items() if n}
        assert state["by"]["lifecycle_segment"] == there
    on_disk = retail.folder / "out" / "segments" / "lifecycle"
    counted = {p.stem: len(list(csv.DictReader(_lines(p)))) for p in on_disk.glob("*.csv")}
    assert {k: v for k, v in counted.items() if v} == there
    again = json.loads(retail.here("run", "--json", "--as-of", "2011-12-09").stdout)
    assert {d["requests"] for d in again["destinations"].values()} == {0}


def _lines(path: Path) -> list[str]:
    return path.read_text(encoding="utf-8-sig").splitlines()
