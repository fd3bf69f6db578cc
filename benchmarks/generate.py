"""A made-up shop: customers who order at their own pace and leave after some order (MBG/NBD).

Rates are Gamma, chances of leaving after an order are Beta, mean amounts are inverse Gamma (as in
Gamma-Gamma). The same ``customers`` and ``seed`` give the same files, to the byte.
"""

import json
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

START = date(2024, 1, 1)
DAYS = 913  # two and a half years
LAST = START + timedelta(days=DAYS - 1)
SECONDS = 86_400

# Rate r, alpha (orders a day), leaving a, b, spend p, q, v: tuned to 4.5 orders a customer.
R, ALPHA, A, B = 0.73, 35.0, 0.7, 2.6
P, Q, V = 4.0, 4.5, 45.0
SHAPE = [R, ALPHA, A, B, P, Q, V, DAYS]


def generate(folder: Path, customers: int, seed: int = 20_261_121) -> dict[str, Any]:
    """Write one Parquet file a month to ``folder``; say how many orders and customers there are."""
    about = folder / "about.json"
    wanted = {"customers": customers, "seed": seed, "last_day": LAST.isoformat(), "shape": SHAPE}
    if about.exists():
        there = json.loads(about.read_text())
        if {key: there.get(key) for key in wanted} == wanted:
            return there
    folder.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(seed)
    who, when = _orders(rng, customers)
    amount = _amounts(rng, who, customers)
    in_time = np.argsort(when, kind="stable")
    who, when, amount = who[in_time], when[in_time], amount[in_time]
    _write(folder, who, when, amount)
    found = {**wanted, "orders": len(who)}
    about.write_text(json.dumps(found, indent=2))
    return found


def next_day(folder: Path, customers: int, share: float, seed: int = 7) -> int:
    """Write the file of the day after the last, on which that share of customers orders."""
    rng = np.random.default_rng(seed)
    who = np.sort(rng.choice(customers, size=round(customers * share), replace=False))
    when = (DAYS + rng.random(len(who)) * 0.99) * SECONDS
    amount = np.round(rng.gamma(P, 15.0, len(who)) + 1, 2)
    _file(folder / f"{LAST + timedelta(days=1)}.parquet", 90_000_000, who, when, amount)
    return len(who)


def _orders(rng: np.random.Generator, customers: int) -> tuple[np.ndarray, np.ndarray]:
    first = rng.random(customers) * DAYS
    rate = rng.gamma(R, 1 / ALPHA, customers)
    leaving = rng.beta(A, B, customers)
    who, when = [np.arange(customers)], [first]
    active, at = who[0], first
    while len(active):
        stays = rng.random(len(active)) >= leaving[active]
        active, at = active[stays], at[stays]
        at = at + rng.exponential(1.0, len(active)) / np.maximum(rate[active], 1e-9)
        within = at < DAYS
        active, at = active[within], at[within]
        who.append(active)
        when.append(at)
    return np.concatenate(who), np.concatenate(when) * SECONDS


def _amounts(rng: np.random.Generator, who: np.ndarray, customers: int) -> np.ndarray:
    scale = 1 / rng.gamma(Q, 1 / V, customers)
    return np.round(rng.gamma(P, 1.0, len(who)) * scale[who] + 0.01, 2)


def _write(folder: Path, who: np.ndarray, when: np.ndarray, amount: np.ndarray) -> None:
    for stale in folder.glob("*.parquet"):
        stale.unlink()
    months = [date(2024 + m // 12, m % 12 + 1, 1) for m in range(DAYS // 30 + 2)]
    edges = [(month - START).days * SECONDS for month in months]
    rows = np.searchsorted(when, edges)
    for month, begin, end in zip(months, rows, [*rows[1:], len(who)], strict=False):
        if begin < end:
            part = slice(begin, end)
            _file(folder / f"{month:%Y-%m}.parquet", begin, who[part], when[part], amount[part])


def _file(path: Path, first_id: int, who: np.ndarray, when: np.ndarray, amount: np.ndarray) -> None:
    start = np.datetime64(START.isoformat(), "us")
    moments = start + (when * 1_000_000).astype("timedelta64[us]")
    table = pa.table(
        {
            "order_id": pa.array(np.char.add("O", (first_id + np.arange(len(who))).astype(str))),
            "customer_id": pa.array(np.char.add("C", (10_000_000 + who).astype(str))),
            "ordered_at": pa.array(moments),
            "amount": pa.array(amount),
        }
    )
    pq.write_table(table, path)
