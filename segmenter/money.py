"""Money of several currencies as the shop's own: exact decimals until it is summed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

import ibis

from segmenter.expr import Column, Engine, Table, Text

#: By currency: from which day on (None: always) one unit is worth so much of the shop's currency.
Rates = Mapping[str, tuple[tuple[date | None, Decimal], ...]]

_RATE: Text = "decimal(18, 8)"
_MONEY = "decimal(36, 12)"


@dataclass(frozen=True, slots=True)
class Unpriced:
    """Orders that no rate covers: which currency, where, how many, from which day to which."""

    currency: str
    source: str
    orders: int
    first: date
    last: date


def foreign(orders: Table, currency: str) -> bool:
    """Whether any order is in another currency than the shop's; an empty one is the shop's."""
    return any(code not in {"", currency} for code in _codes(orders))


def unpriced(engine: Engine, orders: Table, currency: str, rates: Rates) -> list[Unpriced]:
    """The orders of the shop's days that have no rate, the most frequent first."""
    rows = orders.mutate(day=orders.ordered_at.date(), rate=_rate(orders, currency, rates))
    left = rows.filter(rows.rate.isnull()).group_by("currency", "source")
    counted = left.aggregate(
        orders=ibis._.count(), first=ibis._.day.min(), last=ibis._.day.max()
    ).order_by([ibis.desc("orders"), "currency", "source"])
    return [Unpriced(**row) for row in engine.to_pyarrow(counted).to_pylist()]


def converted(orders: Table, currency: str, rates: Rates) -> Table:
    """The orders with every amount in the shop's currency, by the rate of the order's day.

    An amount without a rate is null: ask ``unpriced`` first. Twelve digits behind the point, so
    that nothing is rounded before it is summed.
    """
    amount = orders.amount.cast("decimal(18, 4)") * _rate(orders, currency, rates)
    return orders.mutate(amount=amount.cast(_MONEY))


def exact(orders: Table) -> Table:
    """The orders with amounts of the type that ``converted`` gives, as the two meet in unions."""
    return orders.mutate(amount=orders.amount.cast(_MONEY))


def _codes(orders: Table) -> list[str]:
    found: list[str | None] = orders.select("currency").distinct().to_pyarrow()[0].to_pylist()
    return [code or "" for code in found]


def _rate(orders: Table, currency: str, rates: Rates) -> Column:
    own = orders.currency.fill_null("").isin(["", currency])
    day = orders.ordered_at.date()
    branches: list[tuple[Column, Column]] = [(own, _exact(Decimal(1)))]
    for code, dated in sorted(rates.items()):
        # the latest day first, so that the first that is not after the order's is the one
        for start, rate in sorted(dated, key=lambda d: d[0] or date.min, reverse=True):
            there = orders.currency == code
            if start is not None:
                there = there & (day >= ibis.literal(start))
            branches.append((there, _exact(rate)))
    return ibis.cases(*branches, else_=ibis.null(_RATE))


def _exact(rate: Decimal) -> Column:
    return ibis.literal(str(rate)).cast(_RATE)
