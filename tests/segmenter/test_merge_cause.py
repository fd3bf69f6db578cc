"""Two customers were found to be one: the survivor's move bears the cause ``merge``."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import ibis
import pyarrow as pa
import pytest

from segmenter.cause import MERGE, PURCHASE

DAY = date(2024, 12, 1)


def _shop() -> list[dict[str, Any]]:
    """A hundred buyers of every kind, one who spends little, and a guest who spends much."""
    rows = [
        {
            "order_id": f"{i}-{k}",
            "customer_id": f"c{i}",
            "ordered_at": DAY - timedelta(days=(i * 37 + k * 45) % 500),
            "amount": 10 + i % 50,
        }
        for i in range(100)
        for k in range(1 + i % 4)
    ]
    small = {"customer_id": "small", "ordered_at": DAY - timedelta(days=300), "amount": 5}
    rows.append({"order_id": "s", **small})
    for k in range(12):
        on = DAY - timedelta(days=10 + 20 * k)
        rows.append({"order_id": f"g{k}", "customer_id": "g", "ordered_at": on, "amount": 300})
    return rows


@pytest.mark.parametrize("also_buys", [False, True])
def test_a_merge_is_the_cause_though_the_survivor_buys_a_little_on_the_same_day(
    days: Any, shop: Any, also_buys: bool
) -> None:
    rows = _shop()
    first = days.first_basis(shop(rows), DAY)
    days.run(first)
    joined = [{**row, "customer_id": row["customer_id"].replace("g", "small")} for row in rows]
    today = DAY + timedelta(days=1)
    if also_buys:
        bought = {"order_id": "new", "ordered_at": today, "amount": 1}
        joined.append({**bought, "customer_id": "small"})
        joined.append({**bought, "order_id": "other", "customer_id": "c1"})
    merged = ibis.memtable(pa.table({"customer_id": ["g"], "survivor": ["small"]}))
    found = days.run(replace(first, orders=shop(joined), as_of=today, merged=merged))

    assert "g" not in found
    assert found["small"]["lifecycle_changed"]
    assert found["small"]["lifecycle_cause"] == MERGE
    assert found["small"]["orders"] == 13 + also_buys
    causes = {
        row["rfm_cause"] for row in found.values() if row["rfm_changed"] and row["orders"] < 10
    }
    assert MERGE not in causes
    if also_buys:
        assert found["c1"]["rfm_cause"] in {PURCHASE, "first seen"}


def test_whose_move_the_merge_does_not_explain_gets_its_own_cause(days: Any, shop: Any) -> None:
    """The other customer brings nothing, and a purchase makes the difference."""
    rows = _shop()
    rows.append({"order_id": "x", "customer_id": "x", "ordered_at": DAY, "amount": 0})
    old = {"ordered_at": DAY - timedelta(days=499), "amount": 0}
    rows[-1] |= old
    first = days.first_basis(shop(rows), DAY)
    days.run(first)
    today = DAY + timedelta(days=1)
    joined = [
        {**r, "customer_id": "small" if r["customer_id"] == "x" else r["customer_id"]} for r in rows
    ]
    joined.append({"order_id": "n", "customer_id": "small", "ordered_at": today, "amount": 2000})
    merged = ibis.memtable(pa.table({"customer_id": ["x"], "survivor": ["small"]}))
    found = days.run(replace(first, orders=shop(joined), as_of=today, merged=merged))
    assert found["small"]["risk_value_cause"] == PURCHASE
