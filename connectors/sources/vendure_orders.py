"""From an order of Vendure's Admin API to rows: the order, and each of its refunds."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any, Final

from connectors.types import Kind, Order

#: What is asked of an order.
FIELDS: Final = """
    id type state currencyCode orderPlacedAt updatedAt totalWithTax
    customer { id emailAddress phoneNumber user { id } }
    payments { state amount refunds { id state total createdAt } }
"""

#: States of a payment that is made or promised; declined, failed and cancelled ones are not.
PAID: Final = frozenset({"Authorized", "Settled"})


def moment(text: str) -> datetime:
    """A moment of the API, in UTC."""
    return datetime.fromisoformat(text)


def rows(order: Mapping[str, Any], decimals: int) -> Iterator[Order]:
    """The order and its refunds; nothing of a seller's part of an order that is told whole.

    ``decimals`` says how many of the last digits of an amount are. A cancelled order takes itself
    and its refunds away.
    """
    if order["type"] == "Seller":
        return
    payments: list[Mapping[str, Any]] = order["payments"] or []
    void = order["state"] == "Cancelled"
    placed = moment(order["orderPlacedAt"])
    known = _who(order["customer"]) | {"currency": order["currencyCode"]}
    yield Order(
        order_id=order["id"],
        ordered_at=placed,
        amount=_money(_worth(order, payments), decimals),
        kind=Kind.VOID if void else Kind.ORDER,
        **known,
    )
    for refund in (each for payment in payments for each in payment["refunds"]):
        if refund["state"] == "Settled":
            yield Order(
                # orders and refunds are each counted from 1
                order_id=f"refund-{refund['id']}",
                # on SQLite told in whole seconds, so that it may seem to come before the order
                ordered_at=max(placed, moment(refund["createdAt"])),
                amount=-_money(refund["total"], decimals),
                kind=Kind.VOID if void else Kind.REFUND,
                **known,
            )


def _worth(order: Mapping[str, Any], payments: list[Mapping[str, Any]]) -> int:
    """What the order came to before anything was given back.

    The total falls when lines are cancelled or taken off, and what was paid for them is a refund:
    to subtract that from the total would count it twice. What was paid does not fall.
    """
    paid = sum(payment["amount"] for payment in payments if payment["state"] in PAID)
    return int(max(paid, order["totalWithTax"]))


def _money(units: int, decimals: int) -> Decimal:
    return Decimal(units).scaleb(-decimals)


def _who(customer: Mapping[str, Any] | None) -> dict[str, Any]:
    """Who ordered. A guest has a customer, too, but nobody who could log in."""
    if customer is None:
        return {}
    return {
        "customer_id": None if customer["user"] is None else customer["id"],
        "email": customer["emailAddress"] or None,
        "phone": customer["phoneNumber"] or None,
    }
