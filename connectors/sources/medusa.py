"""Orders of a Medusa shop (v2), by its Admin API. Run against a real server, 2.21.2.

``updated_at`` stays as it is when a payment is captured, so an order that was placed unpaid is
found to be paid when all is pulled anew, each day; refunds and cancellations move it. An order
counts with tax and shipping, at the moment it was placed, once its payment is authorised. Draft
orders are not listed.

Payments that are only authorised, real payment providers, gift cards, returns, exchanges and claims
were not tried here.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar, Final

import httpx
from pydantic import AwareDatetime, TypeAdapter

from connectors.base import Source
from connectors.http import dig
from connectors.sources.medusa_options import MedusaOptions
from connectors.sources.medusa_orders import FIELDS, moment, rows
from connectors.types import Page

__all__ = ["Medusa", "MedusaOptions"]

PATH: Final = "/admin/orders"
BEGINNING: Final = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Cursor:
    """All that changed before ``at`` was read; ``over`` says that this was all there was."""

    at: AwareDatetime
    over: bool = False


_CURSOR: Final = TypeAdapter(Cursor)


class Medusa(Source[MedusaOptions]):
    """Orders of a Medusa shop, with their refunds."""

    options_class = MedusaOptions
    recheck_days: ClassVar[int | None] = 1

    def authorize(self, request: httpx.Request) -> httpx.Request:
        """The key is the name of a user without a password."""
        request.headers["Authorization"] = f"Basic {self._basic()}"
        return request

    def secrets(self) -> tuple[str, ...]:
        """The key, and as it is sent."""
        return (*super().secrets(), self._basic())

    def _basic(self) -> str:
        return b64encode(f"{self.options.api_key.get_secret_value()}:".encode()).decode()

    async def check(self) -> None:
        """Ask for one order."""
        await self._orders(BEGINNING, 1)

    async def orders(self, since: str | None) -> AsyncIterator[Page]:
        """Orders by their last change, each page from the last moment of the page before.

        They are not counted from the beginning of the list: one that changes leaves its place, and
        those behind it would move up over the edge of a page. Where more orders than a page bear
        one moment, as after a change of all at once, the page grows until it is past it.
        """
        cursor = self._begin(since)
        while not cursor.over:
            found = await self._from(cursor.at)
            last = moment(found[-1]["updated_at"]) if found else cursor.at
            over = len(found) < self.options.page_size or last <= cursor.at
            cursor = Cursor(last, over)
            given = [row for order in found for row in rows(order, self.options.not_orders)]
            yield Page.of(given, _CURSOR.dump_json(cursor).decode())

    def _begin(self, since: str | None) -> Cursor:
        if since is None:
            return Cursor(BEGINNING)
        cursor = _CURSOR.validate_json(since)
        overlap = timedelta(minutes=self.options.overlap_minutes)
        return Cursor(max(cursor.at - overlap, BEGINNING)) if cursor.over else cursor

    async def _from(self, at: datetime) -> list[dict[str, Any]]:
        """The orders from a moment on: a page of them, or more until one bears a later moment."""
        limit = self.options.page_size
        found = await self._orders(at, limit)
        while len(found) == limit and moment(found[-1]["updated_at"]) <= at:
            limit *= 2
            found = await self._orders(at, limit)
        return found

    async def _orders(self, at: datetime, limit: int) -> list[dict[str, Any]]:
        asked = {
            "updated_at[$gte]": at.isoformat(),
            "order": "updated_at",
            "limit": str(limit),
            "fields": FIELDS,
        }
        found: list[dict[str, Any]] = dig(await self.call("GET", PATH, params=asked), "orders")
        return found
