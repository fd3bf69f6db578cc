"""What the tests of the lake share: a lake with its store, an engine, and pages of orders."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import ibis
import pytest

from connectors.types import Kind, Order, Page
from sync.engine import open_engine
from sync.lake import Lake
from sync.store import Store

AT = datetime(2020, 6, 1, tzinfo=UTC)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = Store(f"sqlite:///{tmp_path / 'state.db'}")
    yield opened
    opened.close()


@pytest.fixture
def lake(tmp_path: Path, store: Store) -> Lake:
    return Lake(tmp_path / "lake", store)


@pytest.fixture
def engine() -> Iterator[ibis.BaseBackend]:
    opened = open_engine("Europe/London", threads=1)
    yield opened
    opened.disconnect()


@pytest.fixture
def page() -> Callable[..., Page]:
    """A page of orders by id and amount; an amount of None is a void."""

    def page(amounts: dict[str, int | None], cursor: str = "c", unit: str | None = None) -> Page:
        orders = [
            Order(
                order_id,
                AT,
                Decimal(amount or 0),
                "GBP",
                customer_id="7",
                kind=Kind.VOID if amount is None else Kind.ORDER,
            )
            for order_id, amount in amounts.items()
        ]
        plain = Page.of(orders, cursor)
        return Page(plain.rows, cursor, unit)

    return page


@pytest.fixture
def write(lake: Lake) -> Callable[..., Any]:
    """Write a page of a source (``shop`` unless said)."""

    def write(page: Page, source: str = "shop") -> Any:
        return lake.write(source, page, "run-1", AT)

    return write


@pytest.fixture
def current(lake: Lake, engine: ibis.BaseBackend) -> Callable[..., dict[tuple[str, str], int]]:
    """The lake's current orders: amount by (source, order id)."""

    def current(up_to: int | None = None) -> dict[tuple[str, str], int]:
        rows = lake.orders(engine, up_to=up_to).to_pyarrow().to_pylist()
        found = {(row["source"], row["order_id"]): int(row["amount"]) for row in rows}
        assert len(found) == len(rows)
        return found

    return current
