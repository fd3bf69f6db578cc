"""``python -m benchmarks [customers]``: measure all of it, print a table, keep it as Markdown."""

import os
import platform
import shutil
import sys
from dataclasses import dataclass
from datetime import date, timedelta
from importlib.metadata import version
from pathlib import Path
from typing import Any

from benchmarks.generate import generate, next_day
from benchmarks.measure import Cost, measure

HERE = Path(__file__).resolve().parent
WORK = HERE / ".work"
RESULTS = HERE / "results"

FULL = 1_000_000
MARK = "<!-- what follows is written by make bench -->\n"
NAIVE = "naive: pandas and lifetimes, BG/NBD"

Row = tuple[str, Cost]


@dataclass(frozen=True)
class Shop:
    """The folders: the generated orders, and the shop in each state that is measured from."""

    folder: Path
    customers: int
    last: date

    @property
    def orders(self) -> Path:
        return self.folder / "orders"

    def keep(self, name: str) -> None:
        """Remember what the shop knows now as a state to come back to."""
        shutil.rmtree(self.folder / name, ignore_errors=True)
        shutil.copytree(self.folder / "data", self.folder / name)

    def restore(self, name: str | None) -> None:
        shutil.rmtree(self.folder / "data", ignore_errors=True)
        if name is not None:
            shutil.copytree(self.folder / name, self.folder / "data")


def main(customers: int) -> None:
    folder = WORK / f"{customers}"
    say(f"generating {customers:,} customers")
    about = generate(folder / "orders", customers)
    shop = Shop(folder, customers, date.fromisoformat(about["last_day"]))
    tomorrow = shop.orders / f"{shop.last + timedelta(days=1)}.parquet"
    tomorrow.unlink(missing_ok=True)
    compared = beside(shop) if customers <= FULL else [floor(shop)]
    rows = [*compared, *ours(shop)]
    text = report(rows, about, load=os.getloadavg()[0]) + one_customer()
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / f"{customers}.md").write_text(text)
    if customers == FULL:
        page = HERE / "README.md"
        before, mark, _ = page.read_text().partition(MARK)
        page.write_text(f"{before}{mark}\n{text}")
    print(text)


def floor(shop: Shop) -> Row:
    say("the floor")
    return "floor: one aggregate", measure("benchmarks.floor", shop.orders / "*.parquet")


def beside(shop: Shop) -> list[Row]:
    """What is measured for comparison, on the very files that the shop exported."""
    files = (shop.orders, shop.folder / "naive.parquet", shop.last)
    say("the naive way")
    naive = measure("benchmarks.naive", *files, "bg")
    say("the naive way with our model")
    ours = measure("benchmarks.naive", *files, "mbg")
    return [floor(shop), (NAIVE, naive), ("naive, MBG/NBD as ours", ours)]


def ours(shop: Shop) -> list[Row]:
    day = shop.last
    shop.restore(None)
    say("pulling the orders into the lake")
    rows = [("first pull of all orders", measure("benchmarks.ingest", shop.folder, day))]
    shop.keep("pulled")
    say("a full rebuild")
    rows.append(("full rebuild", measure("benchmarks.rebuild", shop.folder, day)))
    shop.restore("pulled")
    say("a full rebuild with every scheme")
    every = measure("benchmarks.rebuild", shop.folder, day, "every")
    rows.append(("full rebuild, all six schemes", every))
    if shop.customers > FULL:
        return rows
    shop.restore("pulled")
    say("the first load")
    rows.append(("first load, three vendors", measure("benchmarks.day", shop.folder, day)))
    whole = rows[-1][1].said
    if not whole["planned"] == whole["delivered"] == 3 * whole["customers"]:
        raise SystemExit(f"the first load did not deliver all: {whole}")
    shop.keep("loaded")
    say("the same day once more")
    rows.append(("quiet day: nothing new", measure("benchmarks.day", shop.folder, day)))
    if rows[-1][1].said["writes"] != 0:
        raise SystemExit(f"a quiet day wrote to a vendor: {rows[-1][1].said}")
    shop.restore("loaded")
    day += timedelta(days=1)
    say("a day without an order")
    rows.append(("next day, nobody orders", measure("benchmarks.day", shop.folder, day)))
    shop.restore("loaded")
    next_day(shop.orders, shop.customers, 0.01)
    say("a day on which 1 % order")
    rows.append(("next day, 1 % order", measure("benchmarks.day", shop.folder, day)))
    return rows


def report(rows: list[Row], about: dict[str, Any], load: float) -> str:
    naive = dict(rows).get(NAIVE)
    size = f"{about['customers']:,} customers, {about['orders']:,} orders"
    lines = [
        f"{size}; {machine()}; one-minute load at the end {load:.1f}",
        "",
        "| what | wall s | CPU s | peak MB | CPU, naive = 1 | moved | write calls |",
        "| --- | ---: | ---: | ---: | ---: | ---: | ---: |",
    ]
    for name, cost in rows:
        said = [f"{cost.said[key]:,}" if key in cost.said else "" for key in ("moved", "writes")]
        share = "" if naive is None else f"1/{naive.cpu / cost.cpu:.1f}"
        numbers = f"{cost.wall:.1f} | {cost.cpu:.1f} | {cost.peak:,.0f} | {share}"
        lines.append(f"| {name} | {numbers} | {' | '.join(said)} |")
    return "\n".join(lines) + "\n"


def one_customer() -> str:
    say("scoring of one customer")
    said = measure("benchmarks.customer", 5000).said
    took = f"{said['median_ms']:.2f} ms, 99 of 100 within {said['p99_ms']:.2f} ms"
    return f"\nScoring of one customer, once warm: {took}.\n"


def machine() -> str:
    packages = ", ".join(f"{name} {version(name)}" for name in ("duckdb", "pandas", "lifetimes"))
    return f"{os.cpu_count()} cores, Python {platform.python_version()}, {packages}"


def say(text: str) -> None:
    print(f"... {text}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    main(int(sys.argv[1].replace("_", "").replace(",", "")) if len(sys.argv) > 1 else 1_000_000)
