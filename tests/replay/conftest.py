"""Orders by hand or at random, as tables in an engine of their own."""

from __future__ import annotations

import json
import logging
import random
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import ibis
import pyarrow as pa
import pytest
import structlog
from typer.testing import CliRunner

from sync.cli import app
from sync.engine import open_engine

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
START = date(2024, 1, 1)


@pytest.fixture
def engine() -> Any:
    return open_engine("Europe/London", threads=1)


@pytest.fixture
def orders_of(engine: Any) -> Callable[[Iterable[tuple[str, date, str]]], Any]:
    """From (customer, day, amount); what is below zero is a refund."""

    def made(rows: Iterable[tuple[str, date, str]]) -> Any:
        full = [
            {
                "order_id": f"o{i}",
                "customer_id": customer,
                "email": None,
                "phone": None,
                "ordered_at": datetime(day.year, day.month, day.day, 12, tzinfo=UTC),
                "amount": Decimal(amount),
                "currency": "GBP",
                "kind": "refund" if amount.startswith("-") else "order",
                "source": "shop",
                "version": 1,
            }
            for i, (customer, day, amount) in enumerate(rows)
        ]
        table = pa.Table.from_pylist(full, schema=SCHEMA)
        return engine.create_table(ibis.util.gen_name("orders"), ibis.memtable(table), temp=True)

    return made


@pytest.fixture
def lively() -> list[tuple[str, date, str]]:
    """3,000 buyers over 400 days, with refunds, some of them in one day with an order."""
    chance = random.Random(11)
    rows: list[tuple[str, date, str]] = []
    for number in range(3000):
        name, day = f"c{number:04d}", START + timedelta(chance.randrange(390))
        every, stays = chance.choice([6, 15, 40, 120]), chance.uniform(0.5, 0.97)
        while day < START + timedelta(400):
            rows.append((name, day, f"{chance.uniform(3, 200):.2f}"))
            if chance.random() < 0.3:
                back = day + timedelta(chance.choice([0, 0, 3, 20]))
                rows.append((name, back, f"-{chance.uniform(1, 150):.2f}"))
            if chance.random() > stays:
                break
            day += timedelta(chance.choice([0, 1 + int(chance.expovariate(1 / every))]))
    for number in range(0, 3000, 3):
        # bought and was refunded on one day, so that one thing may hide the other
        name, day = f"c{number:04d}", START + timedelta(389 + number % 4)
        rows.append((name, day, f"{chance.uniform(3, 200):.2f}"))
        rows.append((name, day, f"-{chance.uniform(1, 200):.2f}"))
    rows.append(("early", START + timedelta(380), "-5.00"))
    rows.append(("early", START + timedelta(395), "80.00"))
    rows.append(("never", START + timedelta(390), "-9.00"))
    return rows


CONFIG = """\
timezone: Europe/London
currency: GBP
data_dir: ./data
state_url: sqlite:///./data/state.db
sources:
  shop:
    type: files
    path: ./orders.csv
    columns: {order_id: order, customer_id: customer, ordered_at: day, amount: total}
destinations:
  klaviyo: {type: klaviyo, api_key: {env: KLAVIYO_API_KEY}}
  disk: {type: files, path: ./out}
"""


class Shop:
    """A folder with orders and a configuration; ``tidesman`` is the command line, in process."""

    def __init__(self, folder: Path, rows: list[tuple[str, date, str]]) -> None:
        self.folder = folder
        lines = [
            f"o{i},{customer},{day},{amount}" for i, (customer, day, amount) in enumerate(rows)
        ]
        (folder / "orders.csv").write_text("\n".join(["order,customer,day,total", *lines]) + "\n")
        (folder / "tidesman.yaml").write_text(CONFIG)

    def without(self, destination: str) -> None:
        """Take a destination out of the configuration."""
        file = self.folder / "tidesman.yaml"
        lines = file.read_text().splitlines()
        kept = [line for line in lines if not line.startswith(f"  {destination}:")]
        file.write_text("\n".join(kept) + "\n")

    def tidesman(self, *args: str, code: int = 0) -> str:
        """What it prints on standard output; or on standard error if that is all."""
        config = ("--config", str(self.folder / "tidesman.yaml"))
        done = CliRunner().invoke(app, [*args, *config])
        assert done.exit_code == code, done.output
        return done.stdout or done.stderr

    def told(self, *args: str, code: int = 0) -> dict[str, Any]:
        """The JSON that it prints."""
        return json.loads(self.tidesman(*args, "--json", code=code))


@pytest.fixture
def shop(tmp_path: Path, lively: list[tuple[str, date, str]]) -> Iterator[Shop]:
    """The lively shop with two destinations, of which nobody has spoken to either."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield Shop(tmp_path, lively)
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.reset_defaults()
