"""From Shopify's orders as JSON lines to rows: one meaning for a bulk result and for a page.

An order is a row with its total before returns, at the moment of its processing (its creation where
none is told); each refund is a row of its own with what was paid back, at its own moment. Money is
the shop's, not the buyer's. An order that was cancelled, is a test, or whose financial status does
not count is taken away, and its refunds with it. Orders and customers bear the number that the
admin's addresses and exports show, the end of the ``gid``; a refund is ``refund-`` and its number.

``totalPriceSet`` is documented as the price before returns. What it does on an edited order is not.
"""

from __future__ import annotations

import tempfile
from collections.abc import Collection, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import duckdb
import pyarrow as pa

from connectors.errors import Unavailable
from connectors.http import encode
from connectors.types import ORDERS

#: Working memory; what is more goes to the temporary folder.
MEMORY: Final = "512MB"

_MONEY = "STRUCT(shopMoney STRUCT(amount VARCHAR, currencyCode VARCHAR))"
_REFUND = {
    "id": "VARCHAR",
    "createdAt": "TIMESTAMPTZ",
    "processedAt": "TIMESTAMPTZ",
    "totalRefundedSet": _MONEY,
}
_COLUMNS: Final = {
    **_REFUND,
    "__parentId": "VARCHAR",
    "updatedAt": "TIMESTAMPTZ",
    "cancelledAt": "VARCHAR",
    "test": "BOOLEAN",
    "displayFinancialStatus": "VARCHAR",
    "email": "VARCHAR",
    "phone": "VARCHAR",
    "customer": "STRUCT(id VARCHAR, defaultEmailAddress STRUCT(emailAddress VARCHAR), "
    "defaultPhoneNumber STRUCT(phoneNumber VARCHAR))",
    "totalPriceSet": _MONEY,
    "refunds": f"STRUCT({', '.join(f'{k} {v}' for k, v in _REFUND.items())})[]",
}

#: The end of ``gid://shopify/Order/123``.
_NUMBER: Final = """
CREATE MACRO number(gid) AS split_part(split_part(gid, '/', -1), '?', 1)::UBIGINT
"""

_ORDERS: Final = """
CREATE TABLE orders AS
SELECT number(id) AS number, coalesce(processedAt, createdAt) AS ordered_at, updatedAt,
    TRY_CAST(totalPriceSet.shopMoney.amount AS DECIMAL(18, 4)) AS amount,
    totalPriceSet.shopMoney.currencyCode AS currency,
    number(customer.id)::VARCHAR AS customer_id,
    coalesce(customer.defaultEmailAddress.emailAddress, email) AS email,
    coalesce(customer.defaultPhoneNumber.phoneNumber, phone) AS phone,
    cancelledAt IS NULL AND NOT coalesce(test, FALSE)
        AND coalesce(list_contains($statuses, displayFinancialStatus), TRUE) AS counts
FROM lines WHERE __parentId IS NULL
QUALIFY row_number() OVER (PARTITION BY id ORDER BY updatedAt DESC) = 1
ORDER BY number
"""

#: They stand in their order, or on lines of their own, which need not follow it.
_REFUNDS: Final = """
CREATE TABLE refunds AS
SELECT number(parent) AS number, 'refund-' || number(refund.id) AS order_id,
    coalesce(refund.processedAt, refund.createdAt) AS ordered_at,
    TRY_CAST(refund.totalRefundedSet.shopMoney.amount AS DECIMAL(18, 4)) AS amount,
    refund.totalRefundedSet.shopMoney.currencyCode AS currency
FROM (
    SELECT id AS parent, unnest(refunds) AS refund FROM lines WHERE __parentId IS NULL
    UNION ALL BY NAME
    SELECT __parentId AS parent,
        {id: id, createdAt: createdAt, processedAt: processedAt, totalRefundedSet: totalRefundedSet}
        AS refund
    FROM lines WHERE contains(id, '/Refund/')
)
"""

_COUNT: Final = "SELECT count(*) FROM lines WHERE __parentId IS NULL"

_UNREADABLE: Final = """
SELECT number FROM orders WHERE ordered_at IS NULL OR amount IS NULL OR currency IS NULL
UNION ALL
SELECT number FROM refunds WHERE ordered_at IS NULL OR amount IS NULL OR currency IS NULL
LIMIT 1
"""

#: So many orders by number, each with its refunds. A refund without money changes nothing.
_PAGE: Final = """
WITH page AS (FROM orders WHERE number > $after ORDER BY number LIMIT $size)
SELECT number::VARCHAR AS order_id, customer_id, email, phone, ordered_at,
    CASE WHEN counts THEN amount ELSE 0 END::DECIMAL(18, 4) AS amount, currency,
    CASE WHEN counts THEN 'order' ELSE 'void' END AS kind
FROM page
UNION ALL BY NAME
SELECT refunds.order_id, customer_id, email, phone, refunds.ordered_at,
    CASE WHEN counts THEN -refunds.amount ELSE 0 END::DECIMAL(18, 4) AS amount, refunds.currency,
    CASE WHEN counts AND refunds.amount > 0 THEN 'refund' ELSE 'void' END AS kind
FROM page JOIN refunds USING (number)
ORDER BY order_id
"""
_LAST: Final = """
SELECT max(number) FROM (FROM orders WHERE number > $after ORDER BY number LIMIT $size)
"""


class Lines:
    """Lines of JSON on disk, and the rows that they mean; ``close`` gives both back.

    Lines may stand in any order. An order that stands there twice counts as last changed.
    """

    def __init__(self) -> None:
        self._scratch = tempfile.TemporaryDirectory(prefix="tidesman-")
        self.path = Path(self._scratch.name) / "orders.jsonl"
        self.path.touch()
        self._base = duckdb.connect(
            config={"memory_limit": MEMORY, "temp_directory": self._scratch.name}
        )

    def write(self, orders: Iterable[Mapping[str, Any]]) -> None:
        """Add orders as they stand in an answer."""
        with self.path.open("ab") as file:
            file.writelines(encode(order) + b"\n" for order in orders)

    def read(self, statuses: Collection[str]) -> int:
        """Work out the rows; returns how many lines were orders. Raises Unavailable."""
        base = self._base
        base.execute("SET TimeZone = 'UTC'")
        base.execute(_NUMBER)
        try:
            found = base.read_json(str(self.path), columns=_COLUMNS, format="newline_delimited")
            found.create("lines")
            [[count]] = base.execute(_COUNT).fetchall()
            base.execute(_ORDERS, {"statuses": sorted(statuses)})
            base.execute(_REFUNDS)
        except (duckdb.DataError, duckdb.InvalidInputException) as error:
            # its words may hold a customer's
            raise Unavailable(
                "what Shopify sent is no list of orders, or ends too early"
            ) from error
        base.execute("DROP TABLE lines")
        self.path.unlink()
        unreadable = base.execute(_UNREADABLE).fetchall()
        if unreadable:
            raise Unavailable(
                f"Shopify's order {unreadable[0][0]}, or a refund of it, has no moment or no amount"
            )
        return int(count)

    def pages(self, size: int, after: int = 0) -> Iterator[tuple[pa.Table, int]]:
        """Rows of ``size`` orders a time, by number, from those above ``after``; and the last."""
        while True:
            asked = {"after": after, "size": size}
            [[last]] = self._base.execute(_LAST, asked).fetchall()
            if last is None:
                return
            rows = self._base.sql(_PAGE, params=asked).to_arrow_table().select(ORDERS.names)
            after = int(last)
            yield rows.cast(ORDERS), after

    def close(self) -> None:
        """Give back memory and disk."""
        self._base.close()
        self._scratch.cleanup()
