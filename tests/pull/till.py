"""A look-alike shop in an SQLite file, its source, and processes that pull it; a test kills them.

The shop has what real ones have: edits that move "updated" and edits that do not, refunds made
late and without a sign, orders that are gone one day.
"""

from __future__ import annotations

import json
import os
import sqlite3
import sys
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from importlib.metadata import EntryPoint, EntryPoints
from pathlib import Path
from typing import Any, ClassVar

import pyarrow as pa
from pydantic import Field

from connectors import registry
from connectors.base import HttpOptions, Options, Source
from connectors.errors import NotReady, Throttled, Unavailable
from connectors.types import EVENTS, ORDERS, Coverage, Fault, Kind, Order, Page

SCHEMA = """
CREATE TABLE orders (id TEXT PRIMARY KEY, customer, at TEXT, updated TEXT, amount TEXT);
CREATE TABLE refunds (id TEXT PRIMARY KEY, order_id TEXT, at TEXT, amount TEXT);
CREATE INDEX moved ON orders (updated, id);
"""
LISTED = """
SELECT id, customer, at, updated, amount FROM orders
WHERE (updated, id) > (?, ?) AND at >= ? ORDER BY updated, id LIMIT ?
"""


class TillOptions(Options):
    """Where the shop is."""

    path: str = Field(description="The file of the shop.")
    size: int = Field(7, description="Orders of a page.")
    history_days: int | None = Field(None, description="Days that the key lets us see.")


class Till(Source[TillOptions]):
    """The shop's orders, by when they were updated; each refund is a row of its own."""

    options_class = TillOptions
    #: What strikes the next pages in turn; None: nothing.
    faults: ClassVar[deque[str | None]] = deque()
    #: An order that is there and cannot be read; "" is none.
    unreadable: ClassVar[str] = ""
    #: How often the source was asked to begin, and from where.
    begun: ClassVar[list[str | None]] = []
    now: ClassVar[Callable[[], datetime]] = lambda: datetime.now(UTC)

    async def probe(self) -> Coverage:
        """Limited by an option, as a key without a permission would."""
        days = self.options.history_days
        if days is None:
            return Coverage()
        return Coverage(timedelta(days=days), "ask the till for the scope all_orders")

    async def orders(self, since: str | None) -> AsyncIterator[Page]:
        """Keyset pages; a fault strikes before a page is read."""
        self.begun.append(since)
        updated, last = ("", "") if since is None else json.loads(since)
        days = self.options.history_days
        first = "" if days is None else (type(self).now() - timedelta(days)).isoformat()
        while True:
            self._strike()
            with closing(sqlite3.connect(self.options.path)) as shop:
                found = shop.execute(LISTED, (updated, last, first, self.options.size)).fetchall()
                refunds = [_refunds(shop, order) for order in found]
            if not found:
                return
            _, _, _, updated, _ = found[-1]
            last = found[-1][0]
            rows = [
                row
                for order, more in zip(found, refunds, strict=True)
                if order[0] != self.unreadable
                for row in (_order(order), *more)
            ]
            page = Page.of(rows, json.dumps([updated, last]))
            hidden = any(order[0] == self.unreadable for order in found)
            told = (Fault("hidden orders", 1, "", unread=True),) if hidden else ()
            yield replace(page, faults=told)

    def _strike(self) -> None:
        fault = self.faults.popleft() if self.faults else None
        if fault == "throttled":
            raise Throttled("the till is busy", retry_after=3)
        if fault == "not ready":
            raise NotReady("the till still counts", retry_after=40)
        if fault == "unavailable":
            raise Unavailable("the till is closed")


def _order(row: tuple[Any, ...]) -> Order:
    order_id, customer, at, _, amount = row
    return Order(order_id, datetime.fromisoformat(at), Decimal(amount), "GBP", customer)


def _refunds(shop: sqlite3.Connection, order: tuple[Any, ...]) -> list[Order]:
    found = shop.execute("SELECT id, at, amount FROM refunds WHERE order_id = ?", (order[0],))
    return [
        Order(
            f"refund:{number}",
            datetime.fromisoformat(at),
            -Decimal(amount),
            "GBP",
            order[1],
            kind=Kind.REFUND,
        )
        for number, at, amount in found
    ]


class Scripted(Source[Options]):
    """Yields what it is told to; the cursor is the number of the next page. An error comes once."""

    options_class = Options
    pages: ClassVar[list[Page | Exception]] = []
    begun: ClassVar[list[str | None]] = []
    kinds: ClassVar[frozenset[str]] = frozenset({"orders"})

    def brings(self) -> frozenset[str]:
        """As told."""
        return self.kinds

    async def orders(self, since: str | None) -> AsyncIterator[Page]:
        """Yield the pages from the cursor on."""
        self.begun.append(since)
        number = int(since or 0)
        while number < len(self.pages):
            page = self.pages[number]
            if isinstance(page, Exception) or page.cursor == "once":
                del self.pages[number]
            if isinstance(page, Exception):
                raise page
            number += 1
            yield replace(page, cursor=str(number))

    async def events(self, since: str | None) -> AsyncIterator[Page]:
        """One page of events a number, up to the third."""
        for number in range(int(since or 0), 3):
            happened = {"kind": "email_click", "occurred_at": datetime(2026, 2, 1, tzinfo=UTC)}
            rows = [{"event_id": name, **happened} for name in (f"e{number}", "again")]
            yield Page(pa.Table.from_pylist(rows, EVENTS), str(number + 1))

    @staticmethod
    def page(amounts: dict[str, int], unit: str | None = None, fault: str | None = None) -> Page:
        """Orders by id and amount."""
        at = datetime(2026, 2, 1, tzinfo=UTC)
        orders = [Order(key, at, Decimal(amount), "GBP", "c") for key, amount in amounts.items()]
        faults = () if fault is None else (Fault(fault, 1, max(amounts)),)
        return replace(Page.of(orders, ""), unit=unit, faults=faults)

    @classmethod
    def void(cls, ids: Iterable[str]) -> Page:
        """Orders that are taken away."""
        rows = cls.page(dict.fromkeys(ids, 0)).rows.to_pylist()
        voids = [{**row, "kind": Kind.VOID.value} for row in rows]
        return Page(pa.Table.from_pylist(voids, schema=ORDERS), "")

    @classmethod
    def broken(cls, amounts: dict[str, int], error: Exception) -> Page:
        """A page whose rows break off after some; it comes once."""
        table = cls.page(amounts).rows

        def batches() -> Iterator[pa.RecordBatch]:
            yield from table.to_reader()
            raise error

        return Page(pa.RecordBatchReader.from_batches(ORDERS, batches()), "once")


class WebOptions(HttpOptions):
    """Where it is."""

    base_url: str = Field("https://web.example", description="Where it is.")


class Web(Source[WebOptions]):
    """One order, asked for by HTTP."""

    options_class = WebOptions

    async def check(self) -> None:
        """Ask whether it is there."""
        await self.call("GET", "/")

    async def orders(self, since: str | None) -> AsyncIterator[Page]:
        """The order, once."""
        await self.call("GET", "/orders")
        if since is None:
            at = datetime(2026, 2, 1, tzinfo=UTC)
            yield Page.of([Order("w1", at, Decimal(5), "GBP", "c")], "all")


def install(**kinds: str) -> None:
    """Make types of sources known as if their packages were installed; "module:Class" by type."""
    points = [EntryPoint(kind, place, registry.SOURCES) for kind, place in kinds.items()]
    there = registry._installed
    both = {group: there(group) for group in (registry.SOURCES, registry.DESTINATIONS)}
    both[registry.SOURCES] = EntryPoints((*both[registry.SOURCES], *points))
    registry._installed = lambda group: both[group]  # type: ignore[assignment]


def main(config: str, now: str, *places: str) -> None:
    """Pull at that moment, once for each failpoint, in a process each; print how they ended.

    What is imported is imported once: a fork has it.
    """
    from sync import engine, failpoints, lake, pull, recheck  # noqa: F401
    from sync.clock import SystemClock

    moment = datetime.fromisoformat(now)
    SystemClock.now = lambda _self: moment  # type: ignore[method-assign]
    install(till="till:Till")
    ends = []
    for place in places:
        child = os.fork()
        if child == 0:
            os.environ[failpoints.VARIABLE] = place
            _pull(config)
            os._exit(0)
        ends.append(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
    sys.stdout.write(json.dumps(ends))


def _pull(config: str) -> None:
    from sync.app import open_app
    from sync.progress import Silent
    from sync.pull import pull

    with open_app(Path(config)) as app:
        pull(app, "run", Silent())


if __name__ == "__main__":
    main(*sys.argv[1:])
