"""``python -m benchmarks.schemes [customers] [parts]``: what one shop costs to segment, no vendor.

Parts are ``floor``, ``rebuild``, ``tight`` (``engine: {memory: 1GB}``), ``every`` (all six schemes)
and ``replay`` (365 days).
"""

import os
import sys
import time
from collections.abc import Iterator
from datetime import date

from benchmarks.__main__ import RESULTS, WORK, Row, Shop, machine, say
from benchmarks.generate import generate
from benchmarks.measure import measure

PARTS = {
    "floor": ("floor: one aggregate", "benchmarks.floor"),
    "rebuild": ("full rebuild", "benchmarks.rebuild"),
    "tight": ("full rebuild, engine.memory 1GB", "benchmarks.rebuild"),
    "every": ("full rebuild, all six schemes", "benchmarks.rebuild"),
    "replay": ("replay of 365 days, three schemes", "benchmarks.past"),
}


def main(customers: int, parts: list[str]) -> None:
    folder = WORK / f"{customers}"
    say(f"generating {customers:,} customers")
    about = generate(folder / "orders", customers)
    shop = Shop(folder, customers, date.fromisoformat(about["last_day"]))
    when = time.strftime("%Y-%m-%d %H:%M", time.gmtime())
    lines = [
        f"{customers:,} customers, {about['orders']:,} orders; {machine()}; {when} UTC",
        "",
        "| what | wall s | CPU s | peak MB | load |",
        "| --- | ---: | ---: | ---: | ---: |",
    ]
    for name, cost in measured(shop, parts):
        told = f"{cost.wall:.1f} | {cost.cpu:.1f} | {cost.peak:,.0f} | {os.getloadavg()[0]:.1f}"
        lines.append(f"| {name} | {told} |")
        say(lines[-1])
        RESULTS.mkdir(exist_ok=True)
        (RESULTS / f"schemes-{customers}.md").write_text("\n".join(lines) + "\n")
    print("\n".join(lines))


def measured(shop: Shop, parts: list[str]) -> Iterator[Row]:
    if "floor" in parts:
        name, module = PARTS["floor"]
        yield name, measure(module, shop.orders / "*.parquet")
    shop.restore(None)
    say("pulling the orders into the lake")
    yield "first pull of all orders", measure("benchmarks.ingest", shop.folder, shop.last)
    shop.keep("pulled")
    for part in ("rebuild", "tight", "every", "replay"):
        if part in parts:
            shop.restore("pulled")
            name, module = PARTS[part]
            say(name)
            more = (part,) if part in {"tight", "every"} else ()
            yield name, measure(module, shop.folder, shop.last, *more)


if __name__ == "__main__":
    given = sys.argv[1:]
    main(int(given[0].replace("_", "")) if given else 1_000_000, given[1:] or list(PARTS))
