"""A small shop in a folder, look-alikes on loopback, and the command line in two ways."""

import json
import logging
import os
import random
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path

import httpx
import pytest
import structlog
from click.testing import Result
from typer.testing import CliRunner

from connectors.sandbox import serve
from connectors.sandbox.run import look_alikes
from sync.cli import app

CONFIG = """\
timezone: Europe/London
currency: GBP
data_dir: ./data
state_url: sqlite:///./data/state.db
sources:
  shop:
    type: files
    path: ./orders/*.csv
    columns: {{order_id: order, customer_id: customer, email: mail, ordered_at: day, amount: total}}
destinations:
  klaviyo: {{type: klaviyo, api_key: {{env: KLAVIYO_API_KEY}}, base_url: {klaviyo}}}
  iterable: {{type: iterable, api_key: {{env: ITERABLE_API_KEY}}, base_url: {iterable}}}
  braze: {{type: braze, api_key: {{env: BRAZE_API_KEY}}, base_url: {braze}}}
  disk: {{type: files, path: ./out}}
"""
KEYS = {"KLAVIYO_API_KEY": "k-canary", "ITERABLE_API_KEY": "i-canary", "BRAZE_API_KEY": "b-canary"}
VENDORS = ("klaviyo", "iterable", "braze")
START = date(2024, 1, 1)
DAY = date(2025, 6, 30)


@dataclass
class Shop:
    """A folder with orders and a configuration; ``tidesman`` runs the command line as a process."""

    folder: Path
    urls: dict[str, str]
    keys: dict[str, str] = field(default_factory=lambda: dict(KEYS))
    day: date = DAY

    def as_of(self, days: int = 0) -> tuple[str, str]:
        """The options for the first day, or so many days later."""
        return ("--as-of", str(self.day + timedelta(days)))

    def write_orders(self, name: str, rows: list[tuple[str, str, date, float]]) -> None:
        orders = self.folder / "orders"
        orders.mkdir(exist_ok=True)
        lines = [f"{o},{c},{c}@example.com,{d},{t:.2f}" for o, c, d, t in rows]
        text = "\n".join(["order,customer,mail,day,total", *lines])
        (orders / f"{name}.csv").write_text(text + "\n")

    def write_config(self, text: str = CONFIG) -> None:
        (self.folder / "tidesman.yaml").write_text(text.format(**self.urls))

    def start(self, *args: str, **env: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-c", "from sync.cli import main; main()", *args],
            cwd=self.folder,
            env={**os.environ, **self.keys, **env},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def tidesman(self, *args: str, **env: str) -> subprocess.CompletedProcess[str]:
        process = self.start(*args, **env)
        out, err = process.communicate(timeout=120)
        return subprocess.CompletedProcess(args, process.returncode, out, err)

    def here(self, command: str, *args: str) -> Result:
        """The command line in this process, which is quicker."""
        config = str(self.folder / "tidesman.yaml")
        return CliRunner().invoke(app, [command, *args, "--config", config], env=self.keys)

    def report(self, *args: str, code: int = 0) -> dict:
        done = self.here("run", "--json", *args)
        assert done.exit_code == code, done.stderr
        return json.loads(done.stdout)

    def state(self, vendor: str) -> dict:
        return httpx.get(f"{self.urls[vendor]}/sandbox/state").raise_for_status().json()


def random_orders(customers: int, seed: int = 7) -> list[tuple[str, str, date, float]]:
    """Buyers with habits of their own until the day of the first run."""
    chance = random.Random(seed)
    rows: list[tuple[str, str, date, float]] = []
    for number in range(customers):
        day, every = START + timedelta(chance.randrange(400)), chance.choice([15, 40, 90, 400])
        gone = DAY - timedelta(chance.choice([0, 0, 0, 150, 300]))
        gone = max(gone, day)
        while day <= gone:
            rows.append((f"o{len(rows):06d}", f"c{number:04d}", day, chance.uniform(5, 150)))
            day += timedelta(1 + int(chance.expovariate(1 / every)))
    return rows


@pytest.fixture(autouse=True)
def _logs_as_before() -> Iterator[None]:
    """A command sends logs to its own standard error, which is gone once it has ended."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.reset_defaults()


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    """300 buyers, three look-alikes that keep no rate limits, and a folder for files."""
    with serve({name: look_alikes(limits=False)[name] for name in VENDORS}) as urls:
        made = Shop(tmp_path, urls)
        made.write_orders("until-june", random_orders(300))
        made.write_config()
        yield made


@pytest.fixture
def cli(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable:
    """The command line in this process, in a folder of its own."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "100")
    runner = CliRunner()
    return lambda *args: runner.invoke(app, list(args))
