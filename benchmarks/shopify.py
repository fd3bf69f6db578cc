"""``python -m benchmarks.shopify [orders] [schema]``: a first pull of a Shopify shop into the lake.

The look-alike runs in a process of its own on loopback and makes up the lines of its bulk result
as they are asked for; Shopify's own time to prepare an export is not in it. The schema is the file
that Shopify publishes (``dist/data/admin_2026-10.json.gz`` of the npm package
``@shopify/dev-mcp``); left out, it is the one that the tests have fetched.
"""

import json
import os
import sys
import tempfile
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from functools import partial
from pathlib import Path

from benchmarks.measure import measure
from benchmarks.vendor import apart
from connectors.http import encode
from connectors.sandbox.server import serve
from connectors.sandbox.shopify import Shopify
from connectors.sandbox.shopify_shop import customer, order, refund
from sync.app import open_app
from sync.progress import Silent
from sync.pull import pull

ROOT = Path(__file__).resolve().parent.parent
DAY = date(2026, 11, 1)
BEGAN = datetime(2024, 1, 1, tzinfo=UTC)
CONFIGURATION = """\
timezone: UTC
currency: EUR
data_dir: ./data
sources:
  shop: {{type: shopify, base_url: "{url}", access_token: {{env: BENCH_KEY}}}}
destinations:
  disk: {{type: files, path: ./out}}
"""


def lines(count: int) -> Iterator[bytes]:
    """So many orders in lines of JSON, a thousand a piece; every tenth has a refund."""
    piece = [_line(0), _line(1)]
    for start in range(0, count, 1_000):
        yield b"".join(_numbered(piece, n) for n in range(start + 1, min(start + 1_000, count) + 1))


def _line(refunds: int) -> bytes:
    paid = [refund(7_777_777, BEGAN, Decimal("5.00"))] * refunds
    someone = customer(8_888_888, "c8888888@example.com", "+498888888")
    made = order(9_999_999, BEGAN, Decimal("99.90"), customer=someone, refunds=paid)
    return encode({k: v for k, v in made.items() if k != "lineItems"}) + b"\n"


def _numbered(piece: list[bytes], number: int) -> bytes:
    at = (BEGAN + timedelta(seconds=number * 60)).strftime("%Y-%m-%dT%H:%M:%SZ").encode()
    return (
        piece[number % 10 == 0]
        .replace(b"9999999", str(number).encode())
        .replace(b"8888888", str(number % 250_000).encode())
        .replace(b"7777777", str(number).encode())
        .replace(b"2024-01-01T00:00:00Z", at)
    )


def sell(count: int, schema: Path) -> None:
    """Serve the shop until the standard input ends; its address on the first line."""
    shop = Shopify(schema, keys={"key"}, export=(partial(lines, count), count))
    with serve({"shopify": shop}) as urls:
        print(urls["shopify"], flush=True)
        sys.stdin.read()


def ingest(folder: Path) -> None:
    with open_app(folder / "tidesman.yaml") as app:
        pulled = pull(app, app.store.start_run(DAY, app.clock.now()).id, Silent())
        print(json.dumps({"rows": sum(each.rows for each in pulled)}))


def main(count: int, schema: Path) -> None:
    os.environ["BENCH_KEY"] = "key"
    print("| orders | wall s | CPU s | peak MB | orders a CPU second | load |")
    print("| ---: | ---: | ---: | ---: | ---: | ---: |")
    with (
        tempfile.TemporaryDirectory() as scratch,
        apart("benchmarks.shopify", "sell", count, schema) as url,
    ):
        (Path(scratch) / "tidesman.yaml").write_text(CONFIGURATION.format(url=url))
        cost = measure("benchmarks.shopify", "ingest", scratch)
        if cost.said["rows"] != count + count // 10:
            raise SystemExit(f"not all orders and refunds arrived: {cost.said}")
        print(
            f"| {count:,} | {cost.wall:.1f} | {cost.cpu:.1f} | {cost.peak:,.0f} | "
            f"{count / cost.cpu:,.0f} | {os.getloadavg()[0]:.1f} |"
        )


def fetched() -> Path:
    found = sorted((ROOT / ".pytest_cache" / "d" / "shopify").glob("*.json.gz"))
    if not found:
        raise SystemExit("no schema is here: name the file, or run the tests once, which fetch it")
    return found[0]


if __name__ == "__main__":
    part, rest = (sys.argv[1:2] or ["1000000"])[0], sys.argv[2:]
    if part == "sell":
        sell(int(rest[0]), Path(rest[1]))
    elif part == "ingest":
        ingest(Path(rest[0]))
    else:
        main(int(part.replace("_", "")), Path(rest[0]) if rest else fetched())
