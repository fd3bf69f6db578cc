"""What sources bring page by page and the lake keeps: orders, and events beside them."""

from __future__ import annotations

from dataclasses import dataclass

import pyarrow as pa

from connectors import types


@dataclass(frozen=True, slots=True)
class Feed:
    """One kind of rows. ``name`` is that of the source's method and of the state's ``stream``.

    ``key`` identifies a row within its source, ``moment`` is when it happened.
    """

    name: str
    rows: pa.Schema
    key: str
    moment: str

    @property
    def kept(self) -> pa.Schema:
        """The columns of a part: those of a page, the source's name, and a number that grows."""
        stamp = [pa.field("source", pa.string()), pa.field("version", pa.int64())]
        return pa.schema([*self.rows, *stamp])


ORDERS = Feed("orders", types.ORDERS, "order_id", "ordered_at")
EVENTS = Feed("events", types.EVENTS, "event_id", "occurred_at")
FEEDS = (ORDERS, EVENTS)
