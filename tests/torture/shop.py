"""A shop in a folder: its configuration, its people, and orders that come day by day."""

from __future__ import annotations

import random
from datetime import date, datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

#: The clocks are put forward in the night to 30 March 2025, and back in that to 26 October.
ZONE = ZoneInfo("Europe/Berlin")
FIRST_DAYS = (date(2025, 3, 28), date(2025, 10, 24), date(2025, 6, 2))
PEOPLE = 130

CONFIG = """\
timezone: Europe/Berlin
currency: EUR
data_dir: ./data
state_url: {{env: TORTURE_STATE}}
engine: {{threads: 1}}
sources:
  shop:
    type: files
    path: ./orders/*.csv
    columns: {{order_id: order, customer_id: customer, email: mail, ordered_at: at, amount: total}}
destinations:
  klaviyo: {{type: klaviyo, api_key: {{env: TORTURE_KEY}}, base_url: {klaviyo}}}
  iterable: {{type: iterable, api_key: {{env: TORTURE_KEY}}, base_url: {iterable}}}
  braze:
    type: braze
    api_key: {{env: TORTURE_KEY}}
    base_url: {braze}
    update_existing_only: false
"""


class Shop:
    """What the merchant has. ``orders`` is every order that was ever written, by id."""

    def __init__(self, folder: Path, urls: dict[str, str], chance: random.Random) -> None:
        self.folder = folder
        # of its own: how a run ends must not change what is bought
        self.chance = random.Random(chance.random())
        self.day = self.chance.choice(FIRST_DAYS)
        self.orders: dict[str, str] = {}
        (folder / "orders").mkdir(parents=True)
        self.config = folder / "tidesman.yaml"
        self.config.write_text(CONFIG.format(**urls))
        self._write("history", [line for n in range(PEOPLE) for line in self._habits(n)])

    def _habits(self, number: int) -> list[tuple[str, datetime, float]]:
        """The orders of one person until the first day."""
        every, made = self.chance.choice([9, 30, 75, 400]), []
        day = self.day - timedelta(self.chance.randrange(20, 400))
        gone = self.day - timedelta(self.chance.choice([0, 0, 0, 90, 180]))
        while day <= max(gone, self.day - timedelta(400)) or not made:
            made.append((f"c{number:03d}", self._moment(day), self.chance.uniform(5, 250)))
            day += timedelta(1 + int(self.chance.expovariate(1 / every)))
        return made

    def _moment(self, day: date) -> datetime:
        # at night, too, where an hour may be missing or there twice
        return datetime.combine(day, time(self.chance.randrange(24), self.chance.randrange(60)))

    def next_day(self) -> None:
        """A day later: some order, among them somebody new."""
        self.day += timedelta(1)
        buyers = self.chance.sample(range(PEOPLE + 6), self.chance.randrange(40, 100))
        rows = [(f"c{n:03d}", self._moment(self.day), self.chance.uniform(5, 400)) for n in buyers]
        self._write(str(self.day), rows)

    def _write(self, name: str, rows: list[tuple[str, datetime, float]]) -> None:
        lines = ["order,customer,mail,at,total"]
        for customer, at, total in rows:
            order = f"o{len(self.orders):05d}"
            self.orders[order] = customer
            lines.append(
                f"{order},{customer},{customer}@example.com,{at:%Y-%m-%d %H:%M},{total:.2f}"
            )
        (self.folder / "orders" / f"{name}.csv").write_text("\n".join(lines) + "\n")

    def now(self) -> datetime:
        """When the shop's day is as good as over."""
        return datetime.combine(self.day, time(23, 59, 30), ZONE)
