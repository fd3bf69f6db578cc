"""What the laws of a source know, and what a source and its shop must be able to do for each."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from typing import Any, ClassVar

import httpx
from pydantic import SecretStr

from connectors.base import Source
from connectors.testing.law import Can, Tried
from connectors.testing.shop import (
    Cancels,
    Changes,
    Deletes,
    Forbids,
    HttpShop,
    Refunds,
    Shop,
    Spoils,
)
from connectors.testing.source_bench import SourceBench
from connectors.testing.wire import READS


class Has(Enum):
    """What a shop can do; laws of what it cannot do are not collected."""

    CHANGES = "orders can change: it has change()"
    CANCELS = "orders can be cancelled: it has cancel()"
    REFUNDS = "money can go back: it has refund()"
    DELETES = "orders can vanish: it has delete()"
    FORBIDS = "a key can lack a permission: it has forbid()"
    SPOILS = "an order can be unusable: it has spoil()"
    GUESTS = "guests can buy"
    EMPTY = "there can be no order at all"
    PAGES = "pages add up; none replaces another"


class SourceLaws(Tried):
    """What all laws of a source know. See ``SourceSuite``."""

    source: ClassVar[type[Source[Any]]]
    shop: ClassVar[type[Shop]]
    currencies: ClassVar[tuple[str, ...]] = ("EUR", "USD")
    guests: ClassVar[bool] = True
    can_be_empty: ClassVar[bool] = True
    units: ClassVar[bool] = False
    check_requests: ClassVar[int] = 1
    own_waits: ClassVar[tuple[tuple[Mapping[str, str], float | None], ...]] = ()

    def bench(self) -> SourceBench:
        """A fresh shop, with the source for it."""
        return SourceBench(self)

    def customer_id(self, number: int) -> str:
        """The id by which the source tells that customer; override where the shop has its own."""
        return str(number)

    def is_read(self, request: httpx.Request) -> bool:
        """Whether a request surely changes nothing; override where questions are posted."""
        return request.method in READS


def source_abilities(laws: type[SourceLaws]) -> frozenset[Enum]:
    """What the source and its shop can do. Raises TypeError if the shop lacks a method."""
    shop: type[Any] = laws.shop  # whatever the suite has put there
    if not issubclass(shop, Shop):
        raise TypeError(f"{shop.__name__} must be a Shop: see shop.py")
    cls = laws.source
    fields = cls.options_class.model_fields.values()
    there: dict[Enum, bool] = {
        Can.HTTP: issubclass(shop, HttpShop),
        Can.KEY: any(field.annotation is SecretStr for field in fields),
        Can.RATES: bool(cls.rates) or cls.limits is not Source.limits,
        Can.OWN_WAITS: bool(laws.own_waits),
        Has.CHANGES: issubclass(shop, Changes),
        Has.CANCELS: issubclass(shop, Cancels),
        Has.REFUNDS: issubclass(shop, Refunds),
        Has.DELETES: issubclass(shop, Deletes),
        Has.FORBIDS: issubclass(shop, Forbids),
        Has.SPOILS: issubclass(shop, Spoils),
        Has.GUESTS: laws.guests,
        Has.EMPTY: laws.can_be_empty,
        Has.PAGES: not laws.units,
    }
    return frozenset(can for can, is_there in there.items() if is_there)
