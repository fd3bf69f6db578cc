"""The files source keeps every law that a folder of exports can have."""

from __future__ import annotations

import csv
import tempfile
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from connectors.sources.files import Files
from connectors.testing import Sale, SourceSuite

COLUMNS = ("order_id", "ordered_at", "amount", "currency", "customer_id", "email", "status")


class Folder:
    """A shop that writes its orders down, ten to a file, and mends the file when one changes."""

    def __init__(self, _key: str) -> None:
        self.folder = tempfile.TemporaryDirectory()
        self.time = datetime(2024, 1, 31, 12, tzinfo=UTC)
        self.rows: dict[str, dict[str, Any]] = {}

    def options(self, _key: str) -> Mapping[str, object]:
        columns = {name: name for name in COLUMNS}
        given = {"path": self.folder.name, "columns": columns, "timezone": "UTC"}
        return {**given, "tolerate": 1.0}

    def now(self) -> datetime:
        return self.time

    def wait(self, seconds: float) -> None:
        self.time += timedelta(seconds=seconds)

    def place(self, sale: Sale) -> str:
        who = {"customer_id": sale.customer, "email": sale.email, "currency": sale.currency}
        return self.write(f"A{len(self.rows)}", len(self.rows) // 10, amount=sale.amount, **who)

    def write(self, row_id: str, file: int, **values: object) -> str:
        row = {"order_id": row_id, "ordered_at": self.time.isoformat(), "status": "paid"}
        self.rows[row_id] = {**row, **values, "file": file}
        self.save(file)
        return row_id

    def save(self, file: int) -> None:
        with (Path(self.folder.name) / f"orders-{file:03}.csv").open("w", newline="") as text:
            writer = csv.DictWriter(text, COLUMNS, extrasaction="ignore")
            writer.writeheader()
            writer.writerows(row for row in self.rows.values() if row["file"] == file)

    def set(self, row_id: str, **values: object) -> None:
        self.rows[row_id] |= values
        self.save(self.rows[row_id]["file"])

    def change(self, order_id: str, amount: Decimal) -> None:
        self.set(order_id, amount=amount)

    def cancel(self, order_id: str) -> None:
        for row_id, row in self.rows.items():
            if order_id in (row_id, row.get("of")):
                self.set(row_id, status="cancelled")

    def refund(self, order_id: str, amount: Decimal) -> None:
        of = self.rows[order_id]
        who = {name: of[name] for name in ("customer_id", "email", "currency")}
        self.write(f"R{len(self.rows)}", of["file"], amount=-amount, of=order_id, **who)

    def delete(self, order_id: str) -> None:
        file = self.rows.pop(order_id)["file"]
        self.save(file)

    def spoil(self, order_id: str) -> None:
        self.set(order_id, amount="?")

    def close(self) -> None:
        self.folder.cleanup()


class TestFiles(SourceSuite):
    source = Files
    shop = Folder
    can_be_empty = False
    units = True
