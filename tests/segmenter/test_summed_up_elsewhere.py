"""Orders that stay where they are: PostgreSQL sums them up, and one row a customer comes back."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import ibis
import numpy as np
import psycopg
import pyarrow as pa
import pytest

from segmenter.basis import Basis
from segmenter.evaluate import evaluate
from segmenter.learn import learn, propose
from segmenter.settings import Settings
from segmenter.stage import stage
from segmenter.summary import summarize_in_place, summarize_with_contacts

DAYS = (date(2024, 6, 1), date(2024, 6, 20))
MADE = """CREATE TABLE placed (order_id text, customer_id text, email text, phone text,
    ordered_at timestamptz, amount numeric(18, 4), currency text, kind text, source text,
    version bigint)"""


def rows() -> list[dict[str, Any]]:
    """A year of a shop: refunds, guests, new addresses, and orders close to midnight in London."""
    rng = np.random.default_rng(5)
    found = []
    for n in range(2500):
        buyer = int(rng.integers(700) * rng.random())
        at = datetime(2023, 6, 20, tzinfo=UTC) + timedelta(days=int(rng.integers(360)))
        at += timedelta(hours=22, minutes=int(rng.integers(180)))
        refund = rng.random() < 0.05
        found.append(
            {
                "customer_id": ("", None)[n % 2] if buyer % 10 == 0 else f"c{buyer}",
                "email": (f" C{buyer}@example.com", f"c{buyer}@Example.org", "no address", None)[
                    int(rng.integers(4))
                ],
                "phone": f"+4420794600{buyer % 90 + 10}" if buyer % 7 == 0 else None,
                "ordered_at": at,
                "amount": -round(rng.random() * 30, 2) if refund else round(rng.random() * 90, 2),
                "kind": "refund" if refund else "order",
            }
        )
    return found


@pytest.fixture
def there(postgresql: Any, orders_in: Any, engine: Any) -> Any:
    """The same orders in both: the engine's table, and that of a user who may only read."""
    engine.raw_sql("SET TimeZone = 'Europe/London'")
    ours = orders_in(engine, rows())
    url = postgresql.fresh()
    table = engine.to_pyarrow(ours)
    names = ", ".join(table.column_names)
    with psycopg.connect(url.replace("+psycopg", "")) as connection, connection.cursor() as cursor:
        cursor.execute(MADE)
        with cursor.copy(f"COPY placed ({names}) FROM STDIN") as copy:
            for row in table.to_pylist():
                copy.write_row(tuple(row.values()))
    shop = ibis.connect(url.replace("+psycopg", ""))
    shop.raw_sql("SET TimeZone = 'Europe/London'").close()
    shop.raw_sql("SET default_transaction_read_only = on").close()
    shop.con.commit()
    yield ours, shop.table("placed")
    shop.disconnect()


def values(table: pa.Table) -> list[dict[str, Any]]:
    return sorted(table.to_pylist(), key=lambda row: row["customer_id"])


def test_memberships_are_those_of_the_orders_here(engine: Any, there: Any) -> None:
    ours, theirs = there
    settings = Settings()
    results: list[list[dict[str, Any]]] = []
    for orders in (ours, theirs):
        basis, previous = None, None
        for day in DAYS:
            # one SELECT by a user who cannot write; the model is learnt from what came of it
            came = summarize_in_place(orders, day).to_pyarrow()
            buyers = stage(engine, ibis.memtable(came))
            if basis is None:
                model = learn(engine, ours, day, settings, buyers=buyers)
                thresholds = propose(engine, ours, day, model, settings, buyers=buyers)
            basis = Basis(ours, day, model, thresholds, settings)
            previous = evaluate(
                engine, basis, settings, before=None, previous=previous, buyers=buyers
            )
            previous = stage(engine, previous)
            results.append(values(engine.to_pyarrow(previous)))
    assert results[:2] == results[2:]
    usual = [values(engine.to_pyarrow(summarize_with_contacts(engine, ours, d))) for d in DAYS]
    names = usual[0][0]
    assert usual == [[{n: row[n] for n in names} for row in result] for result in results[:2]]
    assert sum(row["lifecycle_changed"] for row in results[1]) > 20
