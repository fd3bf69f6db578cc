"""A shop whose every order is known, an engine that pulls it, and a clock that jumps."""

from __future__ import annotations

import asyncio
import importlib.util
import random
import sqlite3
import sys
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from typer.testing import CliRunner

from connectors import registry
from sync import gates
from sync.app import App, open_app
from sync.cli import app as cli
from sync.pull import pull
from sync.report import Pulled, Report
from sync.run import run

NOW = datetime(2026, 3, 2, 5, tzinfo=UTC)
CONFIG = """\
timezone: Europe/London
currency: GBP
data_dir: ./data
sources:
  shop: {{type: {kind}{more}}}
destinations:
  disk: {{type: files, path: ./out}}
"""


class Clock:
    """Time passes when somebody sleeps, or when told to."""

    def __init__(self) -> None:
        self.moment, self.slept = NOW, 0.0

    def now(self) -> datetime:
        return self.moment

    def monotonic(self) -> float:
        return self.slept

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(0)
        self.slept += seconds
        self.moment += timedelta(seconds=seconds)


class Watching:
    """Keeps what progress was told."""

    def __init__(self) -> None:
        self.waits: list[tuple[str, float, str]] = []

    def advance(self, what: str, done: int, total: int | None, note: str = "") -> None: ...

    def wait(self, what: str, seconds: float, why: str = "") -> None:
        self.waits.append((what, seconds, why))


class World:
    """A shop, and the Tidesman that reads it, in one folder."""

    def __init__(self, folder: Path, till: Any) -> None:
        self.folder, self.till, self.sold = folder, till, 0
        self.clock, self.watching = Clock(), Watching()
        self.config = folder / "tidesman.yaml"
        self.shop = folder / "shop.db"
        with closing(sqlite3.connect(self.shop)) as shop:
            shop.executescript(till.SCHEMA)
        self.configure()

    def configure(self, kind: str = "till", *, extra: str = "", **options: object) -> None:
        given: dict[str, object] = {"path": self.shop, **options} if kind == "till" else options
        more = "".join(f", {name}: {value}" for name, value in given.items())
        self.config.write_text(CONFIG.format(kind=kind, more=more) + extra)

    @contextmanager
    def app(self) -> Iterator[App]:
        with open_app(self.config, clock=self.clock) as app:
            yield app

    def pull(self, run_id: str = "run") -> Pulled:
        with self.app() as app:
            return pull(app, run_id, self.watching)[0]

    def run(self) -> Report:
        with self.app() as app:
            return run(app, None)

    def held(self) -> str | None:
        """What a run would say if it pulled now and were held; None if it went on."""
        with self.app() as app:
            found = app.store.unfinished_run(app.today()) or app.store.start_run(app.today(), NOW)
            return gates.held(app, found.id, pull(app, found.id, self.watching))

    def command(self, *args: str) -> Result:
        """The command line in this process."""
        return CliRunner().invoke(cli, [*args, "--config", str(self.config)])

    def sell(self, count: int, chance: random.Random, *, spread: int = 300) -> None:
        """Orders of the last days, updated when they were made."""
        first, self.sold = self.sold, self.sold + count
        with closing(sqlite3.connect(self.shop)) as shop, shop:
            rows = [
                (
                    f"o{number:05d}",
                    f"c{chance.randrange(90)}",
                    at,
                    at,
                    f"{chance.randrange(1, 99999) / 100:.2f}",
                )
                for number in range(first, first + count)
                for at in [self.ago(chance.random() * spread)]
            ]
            shop.executemany("INSERT INTO orders VALUES (?, ?, ?, ?, ?)", rows)

    def ago(self, days: float) -> str:
        return (self.clock.now() - timedelta(days=days)).isoformat(timespec="microseconds")

    def change(self, sql: str, *values: object) -> int:
        """Change the shop; how many rows that were."""
        with closing(sqlite3.connect(self.shop)) as shop, shop:
            shop.execute("PRAGMA synchronous = OFF")
            return shop.execute(sql, values).rowcount

    def ids(self) -> list[str]:
        with closing(sqlite3.connect(self.shop)) as shop:
            return [row[0] for row in shop.execute("SELECT id FROM orders ORDER BY id")]

    def truth(self) -> dict[str, tuple[str, Decimal]]:
        """Whose each order and refund is and what it is worth, as the shop has it."""
        with closing(sqlite3.connect(self.shop)) as shop:
            orders = {
                row[0]: (row[1], Decimal(row[2]))
                for row in shop.execute("SELECT id, customer, amount FROM orders")
            }
            refunds = shop.execute("SELECT id, order_id, amount FROM refunds").fetchall()
        return orders | {
            f"refund:{number}": (orders[order][0], -Decimal(amount))
            for number, order, amount in refunds
            if order in orders
        }

    def lake(self) -> dict[str, tuple[str, Decimal]]:
        """The same, as the lake has it."""
        with self.app() as app:
            engine = app.engine()
            rows = app.lake().orders(engine).to_pyarrow().to_pylist()
            engine.disconnect()
        found = {row["order_id"]: (row["customer_id"], row["amount"]) for row in rows}
        assert len(found) == len(rows)
        return found


def _till() -> Any:
    if "till" not in sys.modules:
        spec = importlib.util.spec_from_file_location("till", Path(__file__).with_name("till.py"))
        assert spec is not None
        assert spec.loader is not None
        sys.modules["till"] = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(sys.modules["till"])
    return sys.modules["till"]


@pytest.fixture
def installed(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Any]:
    """Make sources known by their type for one test, such as ``till="till:Till"``."""
    monkeypatch.setattr(registry, "_installed", registry._installed)
    return _till().install


@pytest.fixture
def worlds(tmp_path: Path, installed: Callable[..., Any]) -> Callable[[], World]:
    """Worlds of one's own, each in a new folder."""
    installed(till="till:Till", scripted="till:Scripted", web="till:Web")
    made = [0]

    def make() -> World:
        made[0] += 1
        folder = tmp_path / f"world-{made[0]}"
        folder.mkdir()
        till = _till()
        till.Till.faults.clear()
        till.Till.begun.clear()
        till.Scripted.begun.clear()
        till.Scripted.kinds = frozenset({"orders"})
        world = World(folder, till)
        till.Till.now = staticmethod(world.clock.now)
        return world

    return make


@pytest.fixture
def world(worlds: Callable[[], World]) -> World:
    return worlds()
