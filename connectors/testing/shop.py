"""What a shop in memory must offer, so that the laws of a source can sell, refund and look.

Trouble on the wire is made by the kit itself. A shop takes the one key that it lets in and starts
empty; each law makes its own. It has a clock of its own, which stands still unless it is told to
``wait``: what happens bears that time.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Protocol, runtime_checkable

import httpx


@dataclass(frozen=True, slots=True)
class Sale:
    """What somebody buys. ``customer`` is a number that stands for him; None is a guest."""

    amount: Decimal
    currency: str
    customer: int | None
    email: str | None


@runtime_checkable
class Shop(Protocol):
    """One shop, in memory or as files."""

    def __init__(self, key: str) -> None: ...

    def options(self, key: str) -> Mapping[str, object]:
        """The options of a source that comes with this key, perhaps a wrong one.

        Let pages be small, so that 25 orders are several of them.
        """
        ...

    def place(self, sale: Sale) -> str:
        """Somebody buys and pays; the order's id, as the source shall tell it."""
        ...

    def now(self) -> datetime:
        """The shop's time, aware."""
        ...

    def wait(self, seconds: float) -> None:
        """Let the shop's clock go on."""
        ...


@runtime_checkable
class HttpShop(Shop, Protocol):
    """A shop that is spoken to by HTTP. One that has no ``transport`` is not."""

    def transport(self) -> httpx.AsyncBaseTransport:
        """The way to it, such as ``httpx.ASGITransport(app)`` or ``httpx.MockTransport``."""
        ...


@runtime_checkable
class Changes(Protocol):
    """Wanted if an order can be worth something else later."""

    def change(self, order_id: str, amount: Decimal) -> None:
        """The order is worth that from now on."""
        ...


@runtime_checkable
class Cancels(Protocol):
    """Wanted if an order can be cancelled."""

    def cancel(self, order_id: str) -> None:
        """The order does not count any more, and the shop shows that."""
        ...


@runtime_checkable
class Refunds(Protocol):
    """Wanted if money can be given back."""

    def refund(self, order_id: str, amount: Decimal) -> None:
        """That much of the order, a positive amount, goes back now."""
        ...


@runtime_checkable
class Deletes(Protocol):
    """Wanted if an order can vanish."""

    def delete(self, order_id: str) -> None:
        """The order is gone without a sign."""
        ...


@runtime_checkable
class Spoils(Protocol):
    """Wanted if the shop can hold what is no order, such as an amount that is no number."""

    def spoil(self, order_id: str) -> None:
        """The order is such that it cannot be used."""
        ...


@runtime_checkable
class Forbids(Protocol):
    """Wanted if a key can lack a permission."""

    def forbid(self) -> None:
        """The key may not read orders any more."""
        ...
