"""From WooCommerce's orders and refunds to ours."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Any, Final

from connectors.types import Kind, Order

JSON = Mapping[str, Any]

#: What is asked for, of an order and of a refund: no name, no street, no line.
ORDER_FIELDS: Final = (
    "id,status,currency,total,customer_id,billing.email,billing.phone,refunds,"
    "date_created_gmt,date_paid_gmt,date_modified,date_modified_gmt"
)
REFUND_FIELDS: Final = "id,amount,date_created_gmt"

#: Carts that a checkout keeps; they never were orders.
DRAFTS: Final = frozenset({"checkout-draft", "auto-draft", "draft"})
#: ``ORDERS`` holds so many digits behind the point.
FINEST: Final = Decimal("0.0001")


class Unusable(Exception):
    """An order that stands for nothing; the text is the name of the fault."""


def moment(text: str) -> datetime:
    """A time that is UTC by its field's name and bears no zone."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def counts(row: JSON, left_out: Collection[str]) -> bool:
    """Whether an order of this status counts as one."""
    return row["status"] not in left_out and row["status"] != "trash"


def order(row: JSON, left_out: Collection[str]) -> Order:
    """An order, or what takes it away where its status counts for none. Raises Unusable."""
    paid_or_made = row["date_created_gmt"] or row["date_paid_gmt"]
    if not paid_or_made:
        raise Unusable("orders without a date")
    billing = row["billing"]
    amount = money(row["total"])
    if amount < 0:
        raise Unusable("orders of less than nothing")
    return Order(
        order_id=str(row["id"]),
        ordered_at=moment(paid_or_made),
        amount=amount,
        currency=row["currency"],
        # 0 is everybody who bought without an account
        customer_id=str(row["customer_id"]) if row["customer_id"] else None,
        email=billing["email"] or None,
        phone=billing["phone"] or None,
        kind=Kind.ORDER if counts(row, left_out) else Kind.VOID,
    )


def refunds(of: Order, rows: Sequence[JSON]) -> Iterator[Order]:
    """The refunds of an order, each a row of its own; one of nothing, for stock alone, is none."""
    for row in rows:
        amount = money(row["amount"])
        if amount > 0:
            yield _beside(of, row["id"], moment(row["date_created_gmt"]), -amount, Kind.REFUND)


def without_refunds(of: Order, row: JSON) -> Iterator[Order]:
    """What takes away the refunds of an order that does not count any more."""
    for refund in row["refunds"]:
        yield _beside(of, refund["id"], of.ordered_at, Decimal(0), Kind.VOID)


def _beside(of: Order, number: int, at: datetime, amount: Decimal, kind: Kind) -> Order:
    # refunds and orders are numbered together in WordPress, so no order has a refund's id
    return Order(str(number), at, amount, of.currency, of.customer_id, of.email, of.phone, kind)


def money(text: str) -> Decimal:
    """A decimal text, exactly. Raises Unusable."""
    try:
        amount = Decimal(text)
        if not amount.is_finite() or amount != amount.quantize(FINEST):
            raise Unusable("amounts finer than 0.0001")
    except InvalidOperation as error:
        raise Unusable("amounts that are no number") from error
    return amount
