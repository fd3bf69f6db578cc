"""The SQL source keeps the laws of a source, asked by a cursor column."""

from __future__ import annotations

import sqlite3
import tempfile
from collections.abc import Mapping
from contextlib import closing
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

from connectors.sources.sql import Sql
from connectors.testing import Sale, SourceSuite

COLUMNS = ("order_id", "ordered_at", "amount", "currency", "customer_id", "email", "status")
NAMES = ", ".join(COLUMNS)


class Database:
    """A shop's own table in SQLite, with the moment of each row's last change."""

    def __init__(self, _key: str) -> None:
        self.folder = tempfile.TemporaryDirectory()
        self.path = str(Path(self.folder.name) / "shop.db")
        self.time = datetime(2024, 1, 31, 12, tzinfo=UTC)
        self.count = 0
        self.run(f"CREATE TABLE orders ({NAMES}, parent, changed)")

    def run(self, sql: str, *values: object) -> None:
        with closing(sqlite3.connect(self.path)) as base, base:
            base.execute(sql, values)

    def options(self, _key: str) -> Mapping[str, object]:
        columns = {name: name for name in COLUMNS}
        query = f"SELECT {NAMES}, changed FROM orders ORDER BY rowid"
        given = {"path": self.path, "query": query, "columns": columns, "timezone": "UTC"}
        return {**given, "tolerate": 1.0, "cursor": "changed", "overlap_hours": 1}

    def now(self) -> datetime:
        return self.time

    def wait(self, seconds: float) -> None:
        self.time += timedelta(seconds=seconds)

    def place(self, sale: Sale) -> str:
        who = (sale.currency, None if sale.customer is None else str(sale.customer), sale.email)
        return self.insert("A", sale.amount, who, None)

    def insert(self, letter: str, amount: Decimal, who: tuple, parent: str | None) -> str:
        self.count += 1
        row = (f"{letter}{self.count}", self.time.isoformat(), str(amount), *who, "paid", parent)
        self.run("INSERT INTO orders VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", *row, row[1])
        return row[0]

    def change(self, order_id: str, amount: Decimal) -> None:
        self.set("amount", str(amount), order_id)

    def cancel(self, order_id: str) -> None:
        self.set("status", "cancelled", order_id)

    def spoil(self, order_id: str) -> None:
        self.set("amount", "?", order_id)

    def set(self, column: str, value: str, order_id: str) -> None:
        sql = f"UPDATE orders SET {column} = ?, changed = ? WHERE ? IN (order_id, parent)"
        self.run(sql, value, self.time.isoformat(), order_id)

    def refund(self, order_id: str, amount: Decimal) -> None:
        with closing(sqlite3.connect(self.path)) as base:
            sql = "SELECT currency, customer_id, email FROM orders WHERE order_id = ?"
            (who,) = base.execute(sql, [order_id]).fetchall()
        self.insert("R", -amount, who, order_id)

    def delete(self, order_id: str) -> None:
        self.run("DELETE FROM orders WHERE order_id = ?", order_id)

    def close(self) -> None:
        self.folder.cleanup()


class TestSql(SourceSuite):
    source = Sql
    shop = Database
    can_be_empty = False
    units = True
