"""WooCommerce's REST API v3.

Seen on a real server (WooCommerce 10.2.4 on WordPress 6.7, PHP 8.2, MariaDB 10.11, a shop in
Berlin, orders as posts and in tables of their own): all that the look-alike does. Read in
WooCommerce's source, and not seen: ``modified_before`` is exclusive too; an order that the key's
user may not read is left out of a page, but counted; OAuth's time is checked to 15 minutes. Not
verified: that ``_fields`` takes parts of ``billing`` (a shop that does not is told, and brings
nothing); that an order and a refund never share a number.

A list by pages moves while it is read: who is modified leaves his place, and all behind him move
up. So no second page is asked for. Each request begins in the second of the last order that was
seen. Where that cannot go on, because a whole page lies in one second, the second is read by pages
of ascending ids, the last page first: whoever leaves then moves up only those yet to be read. The
same is done where the shop's clock is set back: a shop that keeps orders as posts sorts by local
time, in which that hour comes twice.

A trashed order leaves the lists without a trace: the full pull of each week finds it.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final

import httpx

from connectors import http
from connectors.base import Source
from connectors.errors import Misconfigured, Unauthorized, Unavailable
from connectors.sources import woocommerce_orders as told
from connectors.sources.woocommerce_auth import OneLegged
from connectors.sources.woocommerce_options import WoocommerceOptions
from connectors.sources.woocommerce_place import SECOND, Place
from connectors.types import Coverage, Fault, Kind, Order, Page

__all__ = ["Woocommerce", "WoocommerceOptions"]

ORDERS: Final = "/wp-json/wc/v3/orders"
#: What a list needs that the shop can be followed by; with a Z as well it would shift twice.
BY_UTC: Final = {"status": "any", "dates_are_gmt": "true", "_fields": told.ORDER_FIELDS}


@dataclass(frozen=True, slots=True)
class Listed:
    """One page of a list; ``hidden`` of it the key's user may not read."""

    rows: list[dict[str, Any]]
    pages: int
    hidden: int
    at: datetime | None


@dataclass(frozen=True, slots=True)
class Step:
    """What one request brought, and where to go on; None at the end."""

    listed: Listed
    place: Place
    more: bool


class Woocommerce(Source[WoocommerceOptions]):
    """Orders and refunds of a WooCommerce shop, by its REST API v3.

    ``base_url`` decides how the key is shown. See the module for what is certain.
    """

    options_class = WoocommerceOptions

    def __init__(self, options: WoocommerceOptions, *, transport: httpx.AsyncBaseTransport) -> None:
        super().__init__(options, transport=transport)
        key, secret = self._keys()
        if self.client.base_url.scheme == "https":
            self.client.auth = httpx.BasicAuth(key, secret)
        else:
            dated = self.client.base_url.join("wp-json/")
            self.client.auth = OneLegged(key, secret, dated)

    def _keys(self) -> tuple[str, str]:
        options = self.options
        return options.consumer_key.get_secret_value(), options.consumer_secret.get_secret_value()

    def secrets(self) -> tuple[str, ...]:
        """The key, the secret, and both as Basic auth sends them."""
        key, secret = self._keys()
        return key, secret, b64encode(f"{key}:{secret}".encode()).decode()

    async def check(self) -> None:
        """Ask for one order. Raises Unauthorized if the key may not read it."""
        await self._list(ORDERS, {"status": "any", "per_page": "1", "_fields": "id"})

    async def probe(self) -> Coverage:
        """All of the shop; a sentence where it is asked over plain http."""
        if self.client.base_url.scheme == "https":
            return Coverage()
        return Coverage(
            advice="the shop is asked over plain http, so whoever listens on the way reads the "
            "orders and addresses; give its https address as base_url"
        )

    async def orders(self, since: str | None) -> AsyncIterator[Page]:
        """Pages of orders with their refunds, by the time of their last change."""
        left_out = frozenset(self.options.not_orders)
        overlap = self.options.overlap()
        place = Place.read(since, left_out)
        more = True
        while more:
            step = await (self._forward(place) if place.until is None else self._window(place))
            if not (step.more or step.listed.rows):
                return
            rows, faults = await self._with_refunds(step.listed)
            place, more = step.place, step.more
            page = Page.of(rows, place.text(left_out, overlap, step.listed.at))
            yield replace(page, faults=faults)

    async def _forward(self, place: Place) -> Step:
        """The first page of all that was modified since the place."""
        asked = {**self._since(place), "orderby": "modified", "order": "asc"}
        listed = await self._list(ORDERS, asked)
        if not listed.rows:
            return Step(listed, place, more=False)
        times, local = self._modified(listed.rows)
        if sorted(times) != times and sorted(local) != local:
            raise Misconfigured(
                f"{self.client.base_url.host} does not list orders by the time of their last "
                "change, as it was asked to; a cache or a plugin may answer in its place"
            )
        if place.after is not None and min(times) <= place.after:
            # or it would be asked for the same for ever
            raise Misconfigured(
                f"{self.client.base_url.host} lists orders from before the time that it was asked "
                "for; it needs a WooCommerce that knows modified_after, and no cache before it"
            )
        zones = [here - at for here, at in zip(local, times, strict=True)]
        end, zone = max(times), zones[-1]
        if listed.pages <= 1:
            return Step(listed, Place(end - SECOND, zone), more=False)
        stuck = place.after is not None and end <= place.after + SECOND
        if stuck or len({*zones, place.zone} - {None}) > 1:
            return Step(replace(listed, rows=[]), replace(place, until=end + SECOND), more=True)
        return Step(listed, Place(end - SECOND, zone), more=True)

    def _modified(self, rows: list[dict[str, Any]]) -> tuple[list[datetime], list[datetime]]:
        """When orders were changed, in UTC and by the shop's clock; without those that lack it."""
        both = [(row.get("date_modified_gmt"), row.get("date_modified")) for row in rows]
        known = [(at, here) for at, here in both if at is not None and here is not None]
        if not known:
            raise Misconfigured(
                f"{self.client.base_url.host} lists order {rows[0].get('id')} and all others of "
                "its page without the time of their last change (date_modified_gmt), so it cannot "
                "be gone on from; save these orders once more in the shop"
            )
        return [told.moment(at) for at, _ in known], [told.moment(here) for _, here in known]

    async def _window(self, place: Place) -> Step:
        """One page of what was modified between two moments; the last page comes first."""
        asked = {**self._since(place), "orderby": "id", "order": "asc"}
        number = place.page or 1
        listed = await self._list(ORDERS, {**asked, "page": str(number)})
        if place.page is None and listed.pages > 1:
            number = listed.pages
            listed = await self._list(ORDERS, {**asked, "page": str(number)})
        if number > 1:
            return Step(listed, replace(place, page=number - 1), more=True)
        return Step(listed, place.past_window(), more=True)

    async def _with_refunds(self, listed: Listed) -> tuple[list[Order], tuple[Fault, ...]]:
        """The orders of a page, each followed by its refunds, which only it knows of."""
        rows: list[Order] = []
        faults: dict[str, list[str]] = {}
        for row in listed.rows:
            if row.get("status") in told.DRAFTS:
                continue
            try:
                rows += await self._order(row)
            except told.Unusable as error:
                faults.setdefault(str(error), []).append(f"order {row['id']}")
        found = [Fault(name, len(which), which[0], unread=True) for name, which in faults.items()]
        if listed.hidden:
            of = f"{listed.hidden} of {listed.hidden + len(listed.rows)} orders in a page"
            name = "orders that the key's user may not read"
            found.append(Fault(name, listed.hidden, of, unread=True))
        return rows, tuple(found)

    async def _order(self, row: dict[str, Any]) -> list[Order]:
        try:
            order = told.order(row, self.options.not_orders)
            if order.kind is Kind.VOID:
                return [order, *told.without_refunds(order, row)]
            rows = await self._refunds(order.order_id) if row["refunds"] else []
            return [order, *told.refunds(order, rows)]
        except (KeyError, TypeError, ValueError) as error:
            raise Unavailable(
                f"order {row.get('id')} was answered without what was asked for: {error!r}"
            ) from error

    async def _refunds(self, order_id: str) -> list[dict[str, Any]]:
        path = f"{ORDERS}/{order_id}/refunds"
        rows: list[dict[str, Any]] = []
        number = pages = 1
        while number <= pages:
            asked = {"per_page": "100", "page": str(number), "_fields": told.REFUND_FIELDS}
            listed = await self._list(path, asked)
            rows, number, pages = rows + listed.rows, number + 1, listed.pages
        return rows

    def _since(self, place: Place) -> dict[str, str]:
        """What is asked of a list of orders; bounds are exclusive, in whole seconds."""
        asked = {**BY_UTC, "per_page": str(self.options.page_size)}
        for name, bound in (("modified_after", place.after), ("modified_before", place.until)):
            if bound is not None:
                asked[name] = f"{bound:%Y-%m-%dT%H:%M:%S}"
        return asked

    async def _list(self, path: str, asked: Mapping[str, str]) -> Listed:
        """One page of a list. Raises Unavailable for an answer that is none."""
        response = http.only(await self.call("GET", path, params=asked), 200)
        rows = http.read_list(response)
        try:
            total = int(response.headers["X-WP-Total"])
            pages = int(response.headers["X-WP-TotalPages"])
        except (KeyError, ValueError) as error:
            raise Unavailable(f"{path} answered without X-WP-Total and X-WP-TotalPages") from error
        before = (int(asked.get("page", 1)) - 1) * int(asked["per_page"])
        there = max(0, min(int(asked["per_page"]), total - before))
        if there and not rows:
            raise Unauthorized(
                f"the shop has {total} orders there, but the key's user may read none of them; "
                "give a key of a shop manager"
            )
        return Listed(rows, pages, max(0, there - len(rows)), http.answered_at(response))
