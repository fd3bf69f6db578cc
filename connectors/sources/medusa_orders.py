"""From an order of Medusa's Admin API to rows: the order, and each of its refunds."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any, Final

from connectors.types import Kind, Order

_PAYMENTS: Final = "payment_collections.payments"
#: What is asked of an order. The API adds its items unasked.
FIELDS: Final = ",".join((
    *("id", "status", "email", "currency_code", "created_at", "updated_at", "payment_status"),
    *("total", "raw_total", "customer.id", "customer.has_account", "customer.phone"),
    *(f"{_PAYMENTS}.captures.raw_amount", f"{_PAYMENTS}.refunds.raw_amount"),
    f"{_PAYMENTS}.refunds.created_at",
))  # fmt: skip


def moment(text: str) -> datetime:
    """A moment of the API, in UTC."""
    return datetime.fromisoformat(text)


def rows(order: Mapping[str, Any], not_orders: Collection[str]) -> Iterator[Order]:
    """The order and its refunds.

    Cancelled, or with a status of payment that counts as none, it takes itself and its refunds
    away.
    """
    payments = [each for group in order["payment_collections"] for each in group["payments"]]
    void = order["status"] == "canceled" or order["payment_status"] in not_orders
    known = _who(order) | {"currency": order["currency_code"].upper()}
    yield Order(
        order_id=order["id"],
        ordered_at=moment(order["created_at"]),
        amount=_worth(order, payments),
        kind=Kind.VOID if void else Kind.ORDER,
        **known,
    )
    for refund in (each for payment in payments for each in payment["refunds"]):
        yield Order(
            order_id=refund["id"],
            ordered_at=moment(refund["created_at"]),
            amount=-_money(refund),
            kind=Kind.VOID if void else Kind.REFUND,
            **known,
        )


def _worth(order: Mapping[str, Any], payments: list[Mapping[str, Any]]) -> Decimal:
    """What the order came to before anything was given back.

    Its total falls by what is refunded. What was captured does not.
    """
    captured = sum((_money(each) for paid in payments for each in paid["captures"]), Decimal(0))
    return max(captured, _money(order, "raw_total"))


def _money(part: Mapping[str, Any], name: str = "raw_amount") -> Decimal:
    """An amount in whole units of its currency: as text, of which no digit is lost."""
    return Decimal(part[name]["value"])


def _who(order: Mapping[str, Any]) -> dict[str, Any]:
    """Who ordered. A guest has a customer, too, but no account."""
    customer = order["customer"] or {}
    return {
        "customer_id": customer["id"] if customer.get("has_account") else None,
        "email": order["email"] or None,
        "phone": customer.get("phone") or None,
    }
