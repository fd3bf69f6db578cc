"""What a WooCommerce look-alike holds, how it changes, and how it is shown.

As seen on a real server: creation, a new status and a refund move ``date_modified``, an order note
does not; a refund leaves ``total`` as it is, and one of the whole sets ``refunded``; what is thrown
away bears the status ``trash``. Every time stands twice: by the shop's clock, and in UTC.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

STATUSES = (
    *("pending", "processing", "on-hold", "completed", "cancelled", "refunded", "failed"),
    "checkout-draft",
)


@dataclass
class Refund:
    """Money that went back; ``amount`` is positive."""

    id: int
    amount: Decimal
    created: datetime


@dataclass
class Held:
    """One order. Moments are aware, in UTC, and in whole seconds."""

    id: int
    total: Decimal
    status: str
    currency: str
    customer_id: int
    email: str
    phone: str
    created: datetime
    modified: datetime
    refunds: list[Refund] = field(default_factory=list[Refund])


class Shop:
    """The orders of one shop, and what its people do to them by other ways than the API."""

    def __init__(self, clock: Callable[[], float], timezone: str = "Europe/Berlin") -> None:
        self.clock = clock
        self.zone = ZoneInfo(timezone)
        self.orders: dict[int, Held] = {}
        self._ids = itertools.count(1_001)

    def now(self) -> datetime:
        """The shop's time, in UTC and whole seconds."""
        return datetime.fromtimestamp(int(self.clock()), UTC)

    def place(
        self,
        total: str,
        *,
        status: str = "processing",
        currency: str = "EUR",
        customer_id: int = 0,
        email: str = "",
        phone: str = "",
    ) -> int:
        """Somebody orders; the order's id."""
        number, now = next(self._ids), self.now()
        self.orders[number] = Held(
            number, Decimal(total), status, currency, customer_id, email, phone, now, now
        )
        return number

    def change(self, number: int, **values: Any) -> None:  # noqa: ANN401 - fields of an order
        """Set fields of an order, such as ``status`` or ``total``."""
        for name, value in values.items():
            setattr(self.orders[number], name, value)
        self.orders[number].modified = self.now()

    def note(self, number: int) -> None:
        """Write a note on an order, which moves nothing."""
        self.orders[number] = self.orders[number]

    def refund(self, number: int, amount: str) -> int:
        """Give money back; the refund's id."""
        order, refund = self.orders[number], Refund(next(self._ids), Decimal(amount), self.now())
        order.refunds.insert(0, refund)
        whole = sum((each.amount for each in order.refunds), Decimal(0)) >= order.total
        self.change(number, status="refunded" if whole else order.status)
        return refund.id

    def trash(self, number: int) -> None:
        """Throw an order away."""
        self.change(number, status="trash")

    def delete(self, number: int) -> None:
        """Throw an order away for good."""
        del self.orders[number]

    def local(self, moment: datetime) -> datetime:
        """The shop's wall clock at a moment, without a zone."""
        return moment.astimezone(self.zone).replace(tzinfo=None)

    def shown(self, order: Held) -> dict[str, Any]:
        """An order as the API tells it."""
        return {
            "id": order.id,
            "parent_id": 0,
            "status": order.status,
            "currency": order.currency,
            "total": _money(order.total),
            "customer_id": order.customer_id,
            "billing": {"first_name": "Anna", "email": order.email, "phone": order.phone},
            **self._times("date_created", order.created),
            **self._times("date_modified", order.modified),
            "date_paid_gmt": None,
            "refunds": [
                {"id": each.id, "reason": "", "total": f"-{_money(each.amount)}"}
                for each in order.refunds
            ],
        }

    def shown_refund(self, refund: Refund) -> dict[str, Any]:
        """A refund as the API tells it; its amount bears no sign."""
        told = {"id": refund.id, "amount": _money(refund.amount), "reason": ""}
        return {**told, **self._times("date_created", refund.created)}

    def _times(self, name: str, moment: datetime) -> dict[str, str]:
        utc = moment.replace(tzinfo=None)
        return {name: self.local(moment).isoformat(), f"{name}_gmt": utc.isoformat()}


def _money(amount: Decimal) -> str:
    return str(amount.quantize(Decimal("0.01")))
