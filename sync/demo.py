"""The demo: a real shop's log, look-alikes of the vendors, and the real way between them.

CDNOW sold CDs: 69,659 purchases of the 23,570 people who first bought in the first quarter of 1997,
until June 1998. The log ships with the package lifetimes (Fader and Hardie, 2001).
"""

from __future__ import annotations

import csv
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, timedelta
from importlib.resources import files
from pathlib import Path
from typing import Final

from connectors.sandbox import serve
from connectors.sandbox.run import look_alikes

FIRST: Final = date(1998, 3, 31)
LAST: Final = date(1998, 4, 7)
VENDORS: Final = ("klaviyo", "iterable", "braze")

CONFIGURATION: Final = """\
timezone: America/New_York
currency: USD
data_dir: ./data
state_url: sqlite:///./data/state.db
sources:
  cdnow:
    type: files
    path: ./orders
    columns: {{order_id: order_id, customer_id: customer_id, ordered_at: date, amount: dollars}}
destinations:
  klaviyo: {{type: klaviyo, api_key: {{file: ./key}}, base_url: {klaviyo}}}
  iterable:
    {{type: iterable, api_key: {{file: ./key}}, base_url: {iterable}, identifier: external_id}}
  braze: {{type: braze, api_key: {{file: ./key}}, base_url: {braze}}}
"""


@dataclass(frozen=True, slots=True)
class Scene:
    """A shop in a folder of its own, and where the look-alikes listen."""

    folder: Path
    config: Path
    urls: dict[str, str]
    log: dict[date, list[tuple[str, ...]]]

    def days(self) -> list[date]:
        """The first load, day by day to the last, and the last once more."""
        count = (LAST - FIRST).days
        return [FIRST + timedelta(days=number) for number in range(count + 1)] + [LAST]

    def export(self, day: date) -> None:
        """What the shop exports on that day: all there is on the first, then one file a day."""
        orders = self.folder / "orders"
        orders.mkdir(exist_ok=True)
        if day == FIRST:
            rows = [row for each in sorted(self.log) if each <= FIRST for row in self.log[each]]
        else:
            rows = self.log.get(day, [])
        with (orders / f"{day}.csv").open("w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file)
            writer.writerow(("order_id", "customer_id", "date", "cds", "dollars"))
            writer.writerows(rows)


@contextmanager
def scene(folder: Path) -> Generator[Scene]:
    """Set the scene in an empty folder; the look-alikes are gone at the end."""
    known = look_alikes()
    with serve({vendor: known[vendor] for vendor in VENDORS}) as urls:
        config = folder / "tidesman.yaml"
        config.write_text(CONFIGURATION.format(**urls), encoding="utf-8")
        (folder / "key").write_text("a-key-of-the-demo\n", encoding="utf-8")
        yield Scene(folder, config, urls, purchases())


def purchases() -> dict[date, list[tuple[str, ...]]]:
    """The log by day. Each line is an order; its number in the file is its id."""
    # not through lifetimes.datasets: importing that needs a package that setuptools gave up
    text = files("lifetimes").joinpath("datasets", "CDNOW_master.txt").read_text(encoding="ascii")
    log: dict[date, list[tuple[str, ...]]] = {}
    for number, line in enumerate(text.splitlines()[1:], start=1):
        if line.strip():
            customer, day, count, dollars = line.split()
            on = date.fromisoformat(day)
            log.setdefault(on, []).append(
                (f"CD{number:05d}", customer, on.isoformat(), count, dollars)
            )
    return log
