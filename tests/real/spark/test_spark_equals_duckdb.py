"""What Spark publishes is what DuckDB publishes, every value of every column of every customer."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

# Spark compiles every step anew, and there are hundreds; pyspark leaves its sockets open
pytestmark = [
    pytest.mark.long,
    pytest.mark.timeout(1500),
    pytest.mark.usefixtures("pyspark"),
    pytest.mark.filterwarnings("ignore:unclosed <socket:ResourceWarning"),
]

SCHEMES = ("lifecycle", "rfm", "risk_value", "stratification", "affinity", "rules")
#: On a small shop planning and compiling is all that takes time, so as little of it as can be.
SPARK = """
engine:
  type: spark
  master: local[2]
  options:
    spark.sql.shuffle.partitions: "1"
    spark.sql.adaptive.enabled: "false"
    spark.sql.codegen.wholeStage: "false"
"""

# London's days, with summer time; every scheme; figures and events of the operator.
SHOP = """
timezone: Europe/London
currency: GBP
data_dir: ./data
state_url: sqlite:///./data/state.db
sources:
  shop:
    type: files
    path: {orders}
    lines: true
    timezone: Europe/London
    columns: {{order_id: InvoiceNo, customer_id: CustomerID, ordered_at: InvoiceDate,
               quantity: Quantity, unit_price: UnitPrice}}
segmentation:
  schemes: [lifecycle, rfm, risk_value, stratification, affinity, rules]
  refit_days: 1
  stratification:
    data: {{path: ./figures.csv, customer_id: customer_id}}
    loyalty:
      metrics: [{{column: orders, weight: 2}}, {{column: days_since_order, better: lower}}]
    buying_power: {{weight: 2, metrics: [{{column: monetary_value}}]}}
    profitability: {{metrics: [{{column: margin}}, {{column: clv_3y}}]}}
    cost_to_serve: {{metrics: [{{column: calls, better: lower}}]}}
  affinity:
    data: {{path: ./events.csv, customer_id: who, kind: what, occurred_at: at}}
  rules:
    otherwise: Else
    segments:
      - {{name: VIP, when: past_revenue >= 1000 and orders > 3, description: d, action: a}}
      - {{name: Fading, when: churn_probability > 0.7, description: d, action: a}}
"""


@pytest.fixture
def shop(root: Path, tmp_path: Path) -> str:
    orders = root / "tests" / "data" / "online_retail_cut.parquet"
    ids = sorted({int(c) for c in pq.read_table(orders)["CustomerID"].to_pylist() if c is not None})
    for folder in (tmp_path / "duckdb", tmp_path / "spark"):
        folder.mkdir()
        figures = [f"{c},{c % 97 / 7},{'' if c % 5 == 0 else c % 11}" for c in ids]
        (folder / "figures.csv").write_text("\n".join(["customer_id,margin,calls", *figures]))
        # half an hour before and after midnight in London, which is another day in UTC
        events = [
            f"{c},{'site_click' if c % 2 else 'email_open'},2011-09-{c % 28 + 1:02} {hour}:30:00Z"
            for c in ids[::2]
            for hour in ("22", "23")
        ]
        (folder / "events.csv").write_text("\n".join(["who,what,at", *events]))
    return SHOP.format(orders=orders)


def test_two_days_of_a_shop_are_the_same(
    published: Any, values: Any, shop: str, tmp_path: Path
) -> None:
    days = [date(2011, 10, 1), date(2011, 10, 20)]
    ours = published(tmp_path / "duckdb", shop, days)
    theirs = published(tmp_path / "spark", shop + SPARK, days)
    for one, other in zip(ours, theirs, strict=True):
        assert values(other) == values(one)
    moved = pa.compute.sum(ours[1]["lifecycle_changed"]).as_py()
    assert moved > 20
    told = {cause for name in SCHEMES for cause in ours[1][f"{name}_cause"].to_pylist()}
    assert {"first seen", "purchase", "silence"} <= told
