"""Orders of a Shopify shop, by its Admin GraphQL API: all of them in bulk, then what changed.

The first pull has Shopify write down every order (a bulk operation) and reads the result. Later
ones ask for orders by their last change, from some time before the last one that was seen, as
Shopify's search may lag. Which changes move ``updatedAt`` is not documented: all orders are pulled
anew each week.

No shop was called to build this. Every query is held against Shopify's own published schema, and
the look-alike executes that schema. Not verified:

- that a bulk result has an order's refunds inside of it (on lines of their own they are read, too);
- what ``url`` is for an empty result (taken for null), and how a store answers for an old one;
- what a query costs: the default arithmetic is used, and corrected by what each answer tells;
- whether an order without a financial status counts (it does);
- what ``totalPriceSet``, "before returns", becomes when an order is edited.

Consent to marketing is not asked for: orders have no column for it, and the platforms that segments
go to keep their own.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Collection
from contextlib import closing
from datetime import datetime, timedelta
from typing import Any, ClassVar, Final

import httpx
import pyarrow as pa

from connectors.base import Source
from connectors.errors import Throttled, Unauthorized, Unavailable
from connectors.http import read
from connectors.sources import shopify_bulk, shopify_cursor, shopify_queries
from connectors.sources.shopify_answers import Cost, TooCostly, as_promised, cost, trouble
from connectors.sources.shopify_bulk import Lost
from connectors.sources.shopify_cursor import Bulk, Changes, Cursor
from connectors.sources.shopify_options import ShopifyOptions
from connectors.sources.shopify_rows import Lines
from connectors.sources.shopify_tokens import PATH, Tokens
from connectors.types import ORDERS, Coverage, Page

__all__ = ["Shopify", "ShopifyOptions"]

#: How far back orders can be seen without ``read_all_orders``.
WITHOUT_ALL: Final = timedelta(days=60)
#: Permissions without which an order tells nothing, or not whose it is.
NEEDED: Final = ("read_orders", "read_customers")


class Shopify(Source[ShopifyOptions]):
    """Orders and refunds of one shop."""

    options_class = ShopifyOptions
    #: Orders that make a page of a bulk result.
    bulk_page: ClassVar[int] = 50_000
    #: Orders that make a page of changes, where their cost allows it; Shopify gives no more.
    page: ClassVar[int] = 250

    def __init__(self, options: ShopifyOptions, *, transport: httpx.AsyncBaseTransport) -> None:
        super().__init__(options, transport=transport)
        self._tokens = Tokens(options, lambda body: self.call("POST", PATH, json=body))

    def authorize(self, request: httpx.Request) -> httpx.Request:
        """Add the token to a request; where tokens are given out none is needed."""
        if self._tokens.present is not None and request.url.path != PATH:
            request.headers["X-Shopify-Access-Token"] = self._tokens.present
        return request

    def secrets(self) -> tuple[str, ...]:
        """The token that is at hand is one, too."""
        present = self._tokens.present
        return (*super().secrets(), *(() if present is None else (present,)))

    async def check(self) -> None:
        """Ask for the app's permissions. Raises Unauthorized if orders or customers are missing."""
        held = await self._permissions()
        missing = [name for name in NEEDED if name not in held]
        if missing:
            raise Unauthorized(
                f"the app lacks the permission {' and '.join(missing)}: add it to the app's access "
                "scopes, release the app, and install it anew in the shop"
            )

    async def probe(self) -> Coverage:
        """All orders with ``read_all_orders``, else those of the last 60 days."""
        if "read_all_orders" in await self._permissions():
            return Coverage()
        return Coverage(
            WITHOUT_ALL,
            "Shopify shows this app the orders of the last 60 days alone: ask Shopify for the "
            "permission read_all_orders, grant it beside read_orders, and install the app anew",
        )

    async def orders(self, since: str | None) -> AsyncIterator[Page]:
        """All orders by a bulk operation, or those changed since the cursor.

        Raises NotReady while Shopify works on the bulk operation, Throttled when the next page
        costs more than the allowance holds.
        """
        cursor = shopify_cursor.read(since)
        while True:
            pages = self._all(cursor) if isinstance(cursor, Bulk) else self._changes(cursor)
            async for page in pages:
                yield page
                cursor = shopify_cursor.read(page.cursor)
            if isinstance(cursor, Changes) and cursor.start is None:
                return

    # -- all orders

    async def _all(self, cursor: Bulk) -> AsyncIterator[Page]:
        """The pages of a bulk operation; the last one is the beginning of a pull by change."""
        if cursor.bulk is None:
            body = await self._ask(shopify_queries.START, query=shopify_queries.EVERYTHING)
            cursor = cursor.model_copy(update={"bulk": shopify_bulk.started(body)})
            yield _nothing(cursor)
        try:
            found = shopify_bulk.result(await self._ask(shopify_queries.POLL, id=cursor.bulk))
            with closing(Lines()) as lines:
                if found.url is not None:
                    await shopify_bulk.fetch(self.client, found.url, lines.path)
                count = await asyncio.to_thread(lines.read, self.options.statuses)
                if count < found.orders:
                    raise Unavailable(
                        f"Shopify wrote down {found.orders:,} orders, and {count:,} came"
                    )
                for rows, last in lines.pages(self.bulk_page, cursor.stored):
                    cursor = cursor.model_copy(update={"stored": last})
                    yield Page(rows, cursor.model_dump_json())
        except Lost as lost:
            failed = cursor.failed + 1
            # the next run begins with a clean count
            yield _nothing(Bulk(failed=failed % shopify_bulk.TRIES))
            if failed >= shopify_bulk.TRIES:
                raise shopify_bulk.given_up(lost) from lost
            return
        yield _nothing(self._from(found.begun))

    # -- what changed

    def _from(self, seen: datetime) -> Changes:
        overlap = timedelta(minutes=self.options.overlap_minutes)
        return Changes(seen=seen, start=(seen - overlap).replace(microsecond=0))

    async def _changes(self, cursor: Changes) -> AsyncIterator[Page]:
        """Orders by their last change, oldest first, to the end."""
        async for page in self._owed(cursor):
            yield page
        if cursor.start is None:
            cursor = self._from(cursor.seen)
        size, more = min(shopify_queries.FIRST_PAGE, self.page), True
        while more:
            size, body = await self._page(cursor, size)
            told = cost(body)
            with as_promised():
                found = body["data"]["orders"]
                nodes, info = found["nodes"], found["pageInfo"]
                owed = tuple(n["id"] for n in nodes if len(n["refunds"]) >= shopify_queries.REFUNDS)
                then = cursor.after(nodes, more=info["hasNextPage"], owed=owed)
            more = then.start is not None
            yield await self._stored(nodes, then)
            async for page in self._owed(then):
                yield page
            cursor = then.model_copy(update={"owed": ()})
            if more and told is not None:
                size = _next_page(size, told, self.page)

    async def _owed(self, cursor: Changes) -> AsyncIterator[Page]:
        """Orders with more refunds than a page holds, each with all of them."""
        while cursor.owed:
            first, others = cursor.owed[0], cursor.owed[1:]
            body = await self._ask(shopify_queries.ORDER, id=first)
            with as_promised():
                found = body["data"]["order"]
            cursor = cursor.model_copy(update={"owed": others})
            # None: deleted in between; the next pull of all orders finds that
            yield await self._stored([] if found is None else [found], cursor)

    async def _page(self, cursor: Changes, size: int) -> tuple[int, dict[str, Any]]:
        """One page, of so many orders or of less where they cost too much; and of how many."""
        while True:
            try:
                return size, await self._ask(shopify_queries.PAGE, first=size, **cursor.asked())
            except TooCostly:
                if size == 1:
                    raise
                size //= 2

    async def _stored(self, nodes: list[dict[str, Any]], cursor: Cursor) -> Page:
        rows = await asyncio.to_thread(_rows, nodes, self.options.statuses)
        return Page(rows, cursor.model_dump_json())

    # -- the wire

    async def _permissions(self) -> frozenset[str]:
        body = await self._ask(shopify_queries.ACCESS)
        with as_promised():
            scopes = body["data"]["currentAppInstallation"]["accessScopes"]
            return frozenset(scope["handle"] for scope in scopes)

    async def _ask(self, query: str, /, **variables: object) -> dict[str, Any]:
        """The answer to a query. Raises what stands in its errors."""
        if self._tokens.present is None:
            await self._tokens.renew()
        asked = {"query": query, "variables": variables}
        path = f"/admin/api/{self.options.version}/graphql.json"
        try:
            response = await self.call("POST", path, json=asked)
        except Unauthorized:
            if not self._tokens.renewable:
                raise
            await self._tokens.renew()
            response = await self.call("POST", path, json=asked)
        body = read(response)
        error = trouble(body, self.secrets())
        if error is not None:
            raise error
        return body


def _next_page(size: int, told: Cost, most: int) -> int:
    """How many orders the next page may have, when ``size`` of them cost what is told.

    Raises Throttled where the allowance does not hold what that costs.
    """
    each = max(told.requested, 1.0) / size
    size = max(1, min(int(shopify_queries.MOST / each), most))
    wait = told.wait(each * size)
    if wait > 0:
        raise Throttled("Shopify's allowance is spent for now", retry_after=wait)
    return size


def _rows(nodes: list[dict[str, Any]], statuses: Collection[str]) -> pa.Table:
    """What the orders of a page mean, in the columns of ``ORDERS``."""
    if not nodes:
        return ORDERS.empty_table()
    with closing(Lines()) as lines:
        lines.write(nodes)
        lines.read(statuses)
        rows, _ = next(lines.pages(len(nodes)))
        return rows


def _nothing(cursor: Cursor) -> Page:
    return Page(ORDERS.empty_table(), cursor.model_dump_json())
