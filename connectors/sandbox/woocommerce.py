"""A look-alike of a WooCommerce shop: orders and their refunds, read by REST v3.

It answers as WooCommerce 10.2.4 was seen to, with orders as posts (``posts=True``) and in tables
of their own: pages of 1 to 100 and one past the end; exclusive bounds in whole seconds; a bound
without a zone is the shop's own time unless ``dates_are_gmt`` says UTC, and one with a zone and
that flag is shifted twice; drafts of a checkout stand in ``any``, the trash only when it is asked
for; keys count over TLS, signatures over plain HTTP. From WooCommerce's source: orders that the
key's user may not read are left out of a page and counted; orders kept as posts are sorted by local
time.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping
from datetime import UTC, datetime
from time import time
from typing import Any, ClassVar
from urllib.parse import urlencode

from starlette.responses import HTMLResponse, Response
from starlette.routing import BaseRoute

from connectors.sandbox.faults import Faults
from connectors.sandbox.lookalike import LookAlike
from connectors.sandbox.windows import Verdict
from connectors.sandbox.wire import Answered, Call, answer
from connectors.sandbox.woocommerce_keys import Keys
from connectors.sandbox.woocommerce_shop import STATUSES, Held, Shop

CODES = {401: "woocommerce_rest_cannot_view", 400: "rest_invalid_param", 404: "rest_no_route"}


class Woocommerce(LookAlike):
    """One shop. ``keys`` are texts ``key:secret``; ``shop`` is what its people do to the orders.

    ``tls`` says how it is reached; None: by what the request says. ``reads`` is whether the key has
    that permission; ``hidden`` are orders which its user may not read all the same.
    """

    name: ClassVar[str] = "woocommerce"

    def __init__(
        self,
        *,
        keys: Collection[str] | None = None,
        clock: Callable[[], float] = time,
        faults: Faults | None = None,
        timezone: str = "Europe/Berlin",
        posts: bool = False,
        tls: bool | None = None,
    ) -> None:
        self.posts, self.tls = posts, tls
        self.reads = True
        self.hidden: set[int] = set()
        self.shop = Shop(clock, timezone)
        self._keys = Keys(keys)
        super().__init__(keys=keys, clock=clock, limits=False, faults=faults)

    def routes(self) -> list[BaseRoute]:
        """What a reader needs."""
        orders = "/wp-json/wc/v3/orders"
        return [
            self.route("HEAD", "/wp-json/", lambda _: answer(200, {})),
            self.route("GET", orders, self._orders),
            self.route("GET", f"{orders}/{{id:int}}/refunds", self._refunds),
        ]

    def authorize(self, call: Call) -> Response | None:
        """By the key over TLS, by a signature over plain HTTP; the time is told to everybody."""
        if call.template == "/wp-json/":
            return None
        tls = call.base.startswith("https:") if self.tls is None else self.tls
        wrong = self._keys.basic(call) if tls else self._keys.signed(call, self.now())
        if wrong is None and not self.reads:
            wrong = "The API key provided does not have read permissions."
        return None if wrong is None else self.problem(401, wrong)

    def problem(self, status: int, detail: str) -> Response:
        """WordPress' error object."""
        code = CODES.get(status, "internal_server_error")
        return answer(status, {"code": code, "message": detail, "data": {"status": status}})

    def throttled(self, wait: float, verdict: Verdict | None) -> Response:  # noqa: ARG002
        """The host's 429: WooCommerce has none of its own."""
        return HTMLResponse("<h1>Too Many Requests</h1>", 429, {"Retry-After": f"{wait:g}"})

    def _orders(self, call: Call) -> Response:
        found = [one for one in self.shop.orders.values() if self._is_asked(call, one)]
        by = call.query.get("orderby", "date")
        found.sort(key=self._sorting(by), reverse=call.query.get("order", "desc") == "desc")
        return self._page(call, found, self._readable)

    def _readable(self, orders: Iterable[Held]) -> list[dict[str, Any]]:
        return [self.shop.shown(one) for one in orders if one.id not in self.hidden]

    def _refunds(self, call: Call) -> Response:
        order = self.shop.orders.get(int(call.params["id"]))
        if order is None:
            return self.problem(404, "Invalid order ID.")
        return self._page(call, order.refunds, lambda page: map(self.shop.shown_refund, page))

    def _is_asked(self, call: Call, order: Held) -> bool:
        wanted = call.query.get("status", "any").split(",")
        if not {*wanted} <= {"any", "trash", *STATUSES}:
            raise Answered(self.problem(400, "Invalid parameter(s): status"))
        if order.status not in wanted and not ("any" in wanted and order.status != "trash"):
            return False
        after, before = (self._bound(call, f"modified_{side}") for side in ("after", "before"))
        return (after is None or order.modified > after) and (
            before is None or order.modified < before
        )

    def _bound(self, call: Call, name: str) -> datetime | None:
        text = call.query.get(name)
        if text is None:
            return None
        bound = datetime.fromisoformat(text)
        utc = call.query.get("dates_are_gmt") == "true"
        if bound.tzinfo is None:
            return bound.replace(tzinfo=UTC if utc else self.shop.zone)
        # made local by its zone, and then read as UTC: shifted twice
        return self.shop.local(bound).replace(tzinfo=UTC) if utc else bound

    def _sorting(self, by: str) -> Callable[[Held], Any]:
        if by == "id":
            return lambda one: one.id
        if by not in {"date", "modified"}:
            raise Answered(self.problem(400, "Invalid parameter(s): orderby"))
        moment: Callable[[Held], datetime] = (
            (lambda one: one.created) if by == "date" else (lambda one: one.modified)
        )
        if self.posts:
            return lambda one: (self.shop.local(moment(one)), one.id)
        return lambda one: (moment(one), one.id)

    def _page(
        self, call: Call, found: list[Any], show: Callable[[list[Any]], Iterable[dict[str, Any]]]
    ) -> Response:
        size, number = int(call.query.get("per_page", "10")), int(call.query.get("page", "1"))
        if not 1 <= size <= 100:
            told = "per_page must be between 1 (inclusive) and 100 (inclusive)"
            return self.problem(400, told)
        pages = math.ceil(len(found) / size)
        headers = {"X-WP-Total": str(len(found)), "X-WP-TotalPages": str(pages)}
        if number < pages:
            query = urlencode({**call.query, "page": number + 1})
            headers["Link"] = f'<{call.base}{call.path}?{query}>; rel="next"'
        wanted = call.query.get("_fields")
        rows = list(show(found[(number - 1) * size : number * size]))
        return answer(200, rows if wanted is None else [_cut(r, wanted) for r in rows], headers)

    # -- what a person asks

    def counts(self) -> dict[str, int]:
        """How many orders and refunds there are."""
        held = self.shop.orders.values()
        return {"orders": len(held), "refunds": sum(len(one.refunds) for one in held)}

    def values(self, name: str) -> Counter[str]:
        """How many orders hold each value of a field, such as ``status``."""
        return Counter(str(getattr(one, name, "(absent)")) for one in self.shop.orders.values())

    def profile(self, identifier: str) -> dict[str, Any] | None:
        """One order by its number."""
        found = self.shop.orders.get(int(identifier)) if identifier.isdecimal() else None
        return None if found is None else self.shop.shown(found)

    def profiles(self, offset: int, limit: int) -> list[dict[str, Any]]:
        """The orders, in the order of arrival."""
        held = list(self.shop.orders.values())[offset : offset + limit]
        return [self.shop.shown(one) for one in held]

    def events(self, limit: int) -> list[dict[str, Any]]:
        """The latest refunds."""
        refunds = [each for one in self.shop.orders.values() for each in one.refunds]
        refunds.sort(key=lambda each: each.id)
        return [self.shop.shown_refund(each) for each in refunds[-limit:]]

    def forget(self) -> None:
        """Empty the shop."""
        self.shop.orders.clear()


def _cut(row: Mapping[str, Any], wanted: str) -> dict[str, Any]:
    """Only those fields; ``billing.email`` is a part of one."""
    kept: dict[str, Any] = {}
    for name in wanted.split(","):
        whole, _, part = name.partition(".")
        if whole in row:
            kept[whole] = {**kept.get(whole, {}), part: row[whole][part]} if part else row[whole]
    return kept
