"""What the tests of queries share: a shop on each kind of database, and a pull read to its end."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import httpx
import psycopg
import pytest

from connectors.sources.sql import Sql, SqlOptions

COLUMNS = {"order_id": "id", "customer_id": "buyer", "ordered_at": "placed", "amount": "total"}
#: Types that each database has for the same.
TYPES = {
    "sqlite": {"moment": "text", "money": "real"},
    "duckdb": {"moment": "timestamptz", "money": "decimal(12, 2)"},
    "postgresql": {"moment": "timestamptz", "money": "numeric"},
}
#: The columns of every table of orders here.
MADE = (
    "id text, buyer text, mail text, placed {moment}, changed {moment}, total {money}, state text"
)


@dataclass
class Shop:
    """A database with a table ``orders``."""

    kind: str
    place: dict[str, str]
    execute: Callable[[str], None]

    def orders(self, *rows: str) -> None:
        """Insert rows, each as SQL has its values."""
        self.execute(f"INSERT INTO orders VALUES {', '.join(f'({row})' for row in rows)}")


@pytest.fixture(params=["sqlite", "duckdb", "postgresql"])
def shop(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Shop]:
    """An empty shop on each database."""
    yield from made(request, tmp_path, request.param)


@pytest.fixture
def on_postgresql(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Shop]:
    yield from made(request, tmp_path, "postgresql")


@pytest.fixture
def on_sqlite(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Shop]:
    yield from made(request, tmp_path, "sqlite")


def made(request: pytest.FixtureRequest, folder: Path, kind: str) -> Iterator[Shop]:
    path = folder / f"a shop.{kind}"
    if kind == "postgresql":
        server = request.getfixturevalue("postgresql")
        url = server.fresh()

        def execute(statement: str) -> None:
            server.execute(statement, url.rpartition("/")[2])

        shop = Shop(kind, {"url": url}, execute)
    elif kind == "sqlite":

        def execute(statement: str) -> None:
            connection = sqlite3.connect(path)
            with connection:
                connection.execute(statement)
            connection.close()

        shop = Shop(kind, {"path": str(path)}, execute)
    else:

        def execute(statement: str) -> None:
            with duckdb.connect(path) as connection:
                connection.execute(statement)

        shop = Shop(kind, {"path": str(path)}, execute)
    shop.execute(f"CREATE TABLE orders ({MADE.format(**TYPES[kind])})")
    yield shop
    if kind == "postgresql":
        server.drop(url)


@dataclass
class Pulled:
    """A page, read to its end."""

    orders: dict[str, dict[str, Any]]
    faults: dict[str, Any]
    aside: list[dict[str, Any]]
    cursor: str
    unit: str | None

    def amounts(self) -> dict[str, str]:
        return {name: f"{row['amount']:.2f}" for name, row in self.orders.items()}

    def counts(self) -> dict[str, int]:
        return {name: fault.count for name, fault in self.faults.items()}


@pytest.fixture(scope="session")
def build() -> Callable[..., Sql]:
    """A source on a shop's database; options over usual ones."""

    def build(shop: Shop, **options: Any) -> Sql:
        usual = {
            "columns": COLUMNS,
            "query": "SELECT * FROM orders",
            "timezone": "Europe/London",
            "currency": "GBP",
        }
        transport = httpx.MockTransport(lambda _: httpx.Response(500))
        given = {**shop.place, **usual, **options}
        return Sql(SqlOptions.model_validate(given), transport=transport)

    return build


@pytest.fixture(scope="session")
def pull(build: Callable[..., Sql]) -> Callable[..., Pulled | None]:
    """What one pull since a cursor brings; None if it brings no page."""

    def pull(shop: Shop, since: str | None = None, **options: Any) -> Pulled | None:
        async def pages() -> list[Pulled]:
            found = []
            source = build(shop, **options)
            async for page in source.orders(since):
                rows = page.rows.read_all().to_pylist()
                aside = [] if page.set_aside is None else page.set_aside.read_all().to_pylist()
                orders = {row["order_id"]: row for row in rows}
                assert len(orders) == len(rows)
                faults = {fault.name: fault for fault in page.faults}
                found.append(Pulled(orders, faults, aside, page.cursor, page.unit))
            await source.aclose()
            return found

        found = asyncio.run(pages())
        assert len(found) <= 1
        return found[0] if found else None

    return pull


@pytest.fixture
def writer(on_postgresql: Shop) -> Iterator[psycopg.Connection[Any]]:
    """Somebody else's open transaction on the same shop."""
    url = on_postgresql.place["url"].replace("+psycopg", "")
    with psycopg.connect(url) as connection:
        yield connection
