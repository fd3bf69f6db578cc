"""Small shops, made by hand or read from the logs that lifetimes ships."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import UTC, date, datetime
from decimal import Decimal
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import ibis
import pyarrow as pa
import pytest

from segmenter.basis import Basis
from segmenter.evaluate import evaluate
from segmenter.learn import learn, propose
from segmenter.settings import Settings

SCHEMA = pa.schema(
    {
        "order_id": pa.string(),
        "customer_id": pa.string(),
        "email": pa.string(),
        "phone": pa.string(),
        "ordered_at": pa.timestamp("us", "UTC"),
        "amount": pa.decimal128(18, 4),
        "currency": pa.string(),
        "kind": pa.string(),
        "source": pa.string(),
        "version": pa.int64(),
    }
)


def new_engine(zone: str = "UTC", threads: int = 1) -> Any:
    engine = ibis.duckdb.connect()
    engine.raw_sql(f"SET TimeZone = '{zone}'")
    engine.raw_sql(f"SET threads = {threads}")
    return engine


def as_orders(engine: Any, rows: Iterable[dict[str, Any]]) -> Any:
    blank = {"email": None, "phone": None, "currency": "EUR", "kind": "order", "source": "shop"}
    full = [
        {"order_id": f"o{i}", "customer_id": None, "version": 1, **blank, **row}
        for i, row in enumerate(rows)
    ]
    for row in full:
        at = row["ordered_at"]
        if not isinstance(at, datetime):
            row["ordered_at"] = datetime(at.year, at.month, at.day, 12, tzinfo=UTC)
        row["amount"] = Decimal(str(row["amount"]))
    table = pa.Table.from_pylist(full, schema=SCHEMA)
    return engine.create_table(ibis.util.gen_name("orders"), ibis.memtable(table), temp=True)


def cdnow_rows(name: str) -> list[dict[str, Any]]:
    # Found, not imported: the import itself warns.
    found = find_spec("lifetimes")
    assert found is not None
    assert found.origin is not None
    text = (Path(found.origin).parent / "datasets" / name).read_text(encoding="utf-8")
    rows = []
    for line in text.splitlines():
        fields = line.split()
        if not fields or not fields[0].isdigit():
            continue
        # The sample has one column more: the id in the whole file, then that in the sample.
        day = fields[-3]
        rows.append(
            {
                "customer_id": fields[-4],
                "ordered_at": date(int(day[:4]), int(day[4:6]), int(day[6:])),
                "amount": fields[-1],
            }
        )
    return rows


@pytest.fixture
def engine() -> Any:
    return new_engine()


@pytest.fixture
def shop(engine: Any) -> Callable[[Iterable[dict[str, Any]]], Any]:
    return lambda rows: as_orders(engine, rows)


@pytest.fixture(scope="session")
def cdnow_engine() -> Any:
    return new_engine(threads=2)


@pytest.fixture(scope="session")
def cdnow(cdnow_engine: Any) -> Any:
    return as_orders(cdnow_engine, cdnow_rows("CDNOW_master.txt"))


@pytest.fixture(scope="session")
def cdnow_sample(cdnow_engine: Any) -> Any:
    return as_orders(cdnow_engine, cdnow_rows("CDNOW_sample.txt"))


class Days:
    """A shop evaluated day by day, each day's result kept for the next."""

    def __init__(self, engine: Any, settings: Settings | None = None) -> None:
        self.engine = engine
        self.settings = settings or Settings()
        self.before: Basis | None = None
        self.previous: Any = None

    def first_basis(self, orders: Any, as_of: date) -> Basis:
        model = learn(self.engine, orders, as_of, self.settings)
        edges = propose(self.engine, orders, as_of, model, self.settings)
        return Basis(orders, as_of, model, edges, self.settings)

    def run(self, basis: Basis) -> dict[str, dict[str, Any]]:
        table = evaluate(
            self.engine, basis, self.settings, before=self.before, previous=self.previous
        )
        result = table.to_pyarrow()
        self.before = basis
        self.previous = self.engine.create_table(
            ibis.util.gen_name("was"), ibis.memtable(result), temp=True
        )
        return {row["customer_id"]: row for row in result.to_pylist()}


@pytest.fixture
def days(engine: Any) -> Days:
    return Days(engine)


@pytest.fixture
def days_on() -> type[Days]:
    return Days


@pytest.fixture
def fresh_engine() -> Callable[..., Any]:
    return new_engine


@pytest.fixture
def orders_in() -> Callable[[Any, Iterable[dict[str, Any]]], Any]:
    return as_orders
