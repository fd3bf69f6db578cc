"""Where a law of a source is tried: one shop, the wire to it, and a little of an engine."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from decimal import Decimal
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

import pyarrow as pa

from connectors.base import Source
from connectors.errors import ConnectorError, NotReady, Throttled, Unavailable
from connectors.testing.shop import HttpShop, Sale, Shop
from connectors.testing.vendor import KEY, Closing
from connectors.testing.wire import Wire
from connectors.types import Kind, Page

if TYPE_CHECKING:
    from connectors.testing.source_law import SourceLaws

Row = dict[str, Any]

#: As many orders are several pages.
MANY = 25
#: More pages than any law needs; a source that goes on beyond goes on for ever.
ENDLESS = 2_000
#: How often a pull is begun again at most, where it may be.
AGAIN = 500


@dataclass(slots=True)
class Held:
    """What a lake holds after some pages, as the engine stores them."""

    rows: dict[str, Row] = field(default_factory=dict[str, Row])
    cursor: str | None = None
    pages: list[list[Row]] = field(default_factory=list[list[Row]])
    cursors: list[str] = field(default_factory=list[str])
    schemas: list[pa.Schema] = field(default_factory=list[pa.Schema])
    faults: list[str] = field(default_factory=list[str])
    _units: dict[str, set[str]] = field(default_factory=dict[str, set[str]])

    def store(self, page: Page) -> None:
        """Take a page: the latest version of an id wins, a unit replaces what it brought."""
        table = page.rows if isinstance(page.rows, pa.Table) else page.rows.read_all()
        if page.set_aside is not None and not isinstance(page.set_aside, pa.Table):
            page.set_aside.read_all()
        rows = table.to_pylist()
        if page.unit is not None:
            for order_id in self._units.pop(page.unit, set()):
                self.rows.pop(order_id, None)
            self._units[page.unit] = {row["order_id"] for row in rows}
        self.rows |= {row["order_id"]: row for row in rows}
        self.cursor = page.cursor
        self.pages.append(rows)
        self.cursors.append(page.cursor)
        self.schemas.append(table.schema)
        self.faults += [f"{fault.name}: {fault.example}" for fault in page.faults]

    def copy(self) -> Held:
        """What is held and where to go on; not what the pages were."""
        return Held(dict(self.rows), self.cursor, _units={k: {*v} for k, v in self._units.items()})

    def standing(self) -> dict[str, Row]:
        """The rows that count, by id."""
        return {k: row for k, row in self.rows.items() if row["kind"] != Kind.VOID}

    def of(self, kind: Kind) -> dict[str, Row]:
        """The rows of one kind, by id."""
        return {k: row for k, row in self.rows.items() if row["kind"] == kind}

    def amounts(self) -> dict[str, Decimal]:
        """What each row that counts adds, by id."""
        return {k: row["amount"] for k, row in self.standing().items()}


Between = Callable[[int], None]


class SourceBench:
    """One law's own shop with a source for it."""

    def __init__(self, laws: SourceLaws, key: str = KEY) -> None:
        self.key = key
        self.laws = laws
        self.vendor: Any = laws.shop(key)
        self.wire = Wire(self.vendor.transport() if isinstance(self.vendor, HttpShop) else None)
        self._class = laws.source
        self._made: list[Source[Any]] = []
        self.it = self.connect()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for one in self._made:
            await one.aclose()
        if isinstance(self.vendor, Closing):
            self.vendor.close()

    def connect(self, key: str | None = None) -> Source[Any]:
        """One more instance, as after a restart; perhaps with another key."""
        given = self.vendor.options(self.key if key is None else key)
        made = self._class(self._class.options_class(**given), transport=self.wire)
        self._made.append(made)
        return made

    # -- selling

    def sell(
        self,
        amount: str = "10.00",
        *,
        customer: int | None = 1,
        email: str | None = "canary1@example.com",
        currency: str | None = None,
    ) -> str:
        """Somebody buys; the order's id."""
        shop: Shop = self.vendor
        currency = self.laws.currencies[0] if currency is None else currency
        return shop.place(Sale(Decimal(amount), currency, customer, email))

    def sell_many(self, count: int = MANY, *, apart: float = 1.0) -> list[str]:
        """As many orders of as many customers, so many seconds apart; their ids."""
        sold: list[str] = []
        for number in range(1, count + 1):
            sold.append(self.sell(f"{number}.00", customer=number, email=address(number)))
            self.vendor.wait(apart)
        return sold

    # -- pulling

    async def pull(
        self,
        held: Held | None = None,
        *,
        between: Between | None = None,
        by: Source[Any] | None = None,
        upto: int = ENDLESS,
    ) -> Held:
        """All pages, from where ``held`` ends; a new instance, as in each run.

        ``between`` is called after each page with its number; with ``upto`` that many are held,
        it is killed. What is still prepared is waited for; all else that is raised passes on.
        """
        held = Held() if held is None else held
        for _ in range(AGAIN):
            try:
                await self._pages(held, between, self.connect() if by is None else by, upto)
            except NotReady as error:
                self.vendor.wait(error.retry_after)
                continue
            return held
        raise AssertionError(f"a pull was still not ready after {AGAIN} times")

    async def pull_through(self, held: Held | None = None) -> Held:
        """The same, but after what passes it goes on from the last page, as the engine does."""
        held = Held() if held is None else held
        for _ in range(AGAIN):
            try:
                return await self.pull(held)
            except (Throttled, Unavailable):
                self.vendor.wait(60)
        raise AssertionError(f"a pull did not come to its end in {AGAIN} beginnings")

    async def page_by_page(self) -> Held:
        """A pull that is broken off after each page and begun again from its cursor."""
        held = Held()
        for _ in range(ENDLESS):
            before = len(held.pages)
            try:
                async with aclosing(self.connect().orders(held.cursor)) as pages:  # type: ignore[type-var]
                    async for page in pages:
                        held.store(page)
                        break
            except NotReady as error:
                self.vendor.wait(error.retry_after)
                continue
            if len(held.pages) == before:
                return held
            if held.cursor in held.cursors[:-1]:
                return await self._at_its_end(held)
        raise AssertionError(f"begun again after each page, it had no end after {ENDLESS} pages")

    async def _at_its_end(self, held: Held) -> Held:
        """What is held, if nothing more is there from a cursor that came twice."""
        before = set(held.rows)
        await self.pull(held)
        rest = set(held.rows) - before
        if rest:
            raise AssertionError(f"begun again after each page, it never got to {sorted(rest)}")
        return held

    async def _pages(
        self, held: Held, between: Between | None, source: Source[Any], upto: int
    ) -> None:
        async with aclosing(source.orders(held.cursor)) as pages:  # type: ignore[type-var]
            async for page in pages:
                held.store(page)
                if len(held.pages) >= ENDLESS:
                    raise AssertionError(f"it had no end after {ENDLESS} pages")
                if len(held.pages) >= upto:
                    return
                if between is not None:
                    between(len(held.pages))

    def calls(self) -> Iterator[tuple[str, Callable[[], Any]]]:
        """Every way to make a request: the check, the probe and a pull of all."""
        yield "check", self.it.check
        yield "orders", self.pull


def address(number: int) -> str:
    """The address of a customer; it must come to light in no error."""
    return f"canary{number}@example.com"


async def refusal(call: Callable[[], Any]) -> ConnectorError | None:
    """The error of a connector that the call raises, or None; another error passes through."""
    try:
        await call()
    except ConnectorError as error:
        return error
    return None


def missing(found: Sequence[str], expected: Sequence[str]) -> list[str]:
    """What was expected and not found."""
    there = set(found)
    return [one for one in expected if one not in there]
