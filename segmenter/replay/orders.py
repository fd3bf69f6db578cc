"""Orders as arrays by day, and where each customer stands on a day."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import NamedTuple

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from segmenter.expr import Engine, Table
from segmenter.lifetime import Floats
from segmenter.summary import visible

Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]

#: Money is kept in ten-thousandths, as orders have four decimals: sums are exact.
PARTS = 10_000
_EPOCH = date(1970, 1, 1).toordinal()


class Facts(NamedTuple):
    """Some customers on a day: days with an order less one, age at the last, age, money."""

    x: Floats
    tx: Floats
    age: Floats
    money: Floats


@dataclass(frozen=True, slots=True)
class Today:
    """What came in on one day, one row a customer (``who``, ascending).

    ``orders`` and ``sold`` are of orders, ``rest`` is the money of refunds; ``last`` is the day of
    the order before.
    """

    who: Ints
    orders: Ints
    sold: Ints
    rest: Ints
    last: Ints

    def of(self, customers: Ints) -> Today:
        """The rows of these customers, zeros for those to whom nothing happened."""
        if self.who.size == 0:
            nothing = np.zeros(customers.size, np.int64)
            return Today(customers, nothing, nothing, nothing, nothing)
        at = np.minimum(np.searchsorted(self.who, customers), self.who.size - 1)
        there = (self.who[at] == customers).astype(np.int64)
        columns = (self.orders, self.sold, self.rest, self.last)
        return Today(customers, *(column[at] * there for column in columns))


@dataclass(frozen=True, slots=True)
class Log:
    """Every order up to a day: one row a customer and day, ascending by day.

    Customers are numbers, ascending by the day of their first order; ``first`` is that day.
    """

    names: tuple[str, ...]
    first: Ints
    day: Ints
    who: Ints
    orders: Ints
    sold: Ints
    rest: Ints

    @property
    def last_day(self) -> int:
        """The last day on which anything happened, counted from 1970."""
        return int(self.day[-1]) if self.day.size else 0


def number(day: date) -> int:
    """A day as a number, counted from 1970."""
    return day.toordinal() - _EPOCH


def read_log(engine: Engine, orders: Table, until: date) -> Log:
    """The orders up to the end of ``until``, summed up by customer and day of the shop."""
    rows = visible(orders, until)
    bought = rows.kind == "order"
    parts = (rows.amount.cast("float64") * float(PARTS)).round().cast("int64")
    summed: pa.Table = engine.to_pyarrow(
        rows.group_by("customer", "day").aggregate(
            orders=bought.cast("int64").sum(),
            sold=parts.sum(where=bought).fill_null(0),
            rest=parts.sum(where=~bought).fill_null(0),
        )
    )
    names, code = np.unique(_texts(summed["customer"]), return_inverse=True)
    day = summed["day"].cast(pa.date32()).cast(pa.int32()).to_numpy().astype(np.int64)
    counts = [summed[name].to_numpy().astype(np.int64) for name in ("orders", "sold", "rest")]
    never = np.iinfo(np.int64).max
    first = np.full(names.size, never)
    np.minimum.at(first, code, np.where(counts[0] > 0, day, never))
    order = np.argsort(first, kind="stable")
    place = np.empty_like(order)
    place[order] = np.arange(order.size)
    # Who never ordered is no buyer: such rows come last by number and are left out.
    kept = first[code] < never
    who = place[code]
    sort = np.lexsort((who, day))
    sort = sort[kept[sort]]
    return Log(
        tuple(names[order][first[order] < never].tolist()),
        first[order][first[order] < never],
        day[sort],
        who[sort],
        *(column[sort] for column in counts),
    )


def _texts(column: pa.ChunkedArray) -> NDArray[np.str_]:
    texts: NDArray[np.str_] = np.asarray(column.to_pylist(), dtype=np.str_)
    return texts


class Standing:
    """Where everybody stands at the end of ``day``; it only goes forward."""

    def __init__(self, log: Log) -> None:
        buyers = len(log.names)
        self.log = log
        self.day = 0
        self._read = 0
        self.last = np.zeros(buyers, np.int64)
        self.orders = np.zeros(buyers, np.int64)
        self.days = np.zeros(buyers, np.int64)
        self.money = np.zeros(buyers, np.int64)

    @property
    def buyers(self) -> int:
        """How many have bought so far; they are the customers from 0 up."""
        return int(np.searchsorted(self.log.first, self.day, side="right"))

    def go_to(self, day: int) -> None:
        """Take in everything up to the end of a day."""
        while self._read < self.log.day.size and self.log.day[self._read] <= day:
            self.next_day(int(self.log.day[self._read]))
        self.day = day

    def next_day(self, day: int) -> Today:
        """Take in one day and tell what happened on it."""
        end = int(np.searchsorted(self.log.day, day, side="right"))
        rows = slice(self._read, end)
        self._read, self.day = end, day
        log, who = self.log, self.log.who[rows]
        today = Today(who, log.orders[rows], log.sold[rows], log.rest[rows], self.last[who])
        bought = today.orders > 0
        self.orders[who] += today.orders
        self.money[who] += today.sold + today.rest
        self.days[who] += bought
        self.last[who[bought]] = day
        return today

    def facts(self, customers: Ints | slice) -> Facts:
        """These customers today."""
        first = self.log.first[customers]
        return Facts(
            (self.days[customers] - 1).astype(np.float64),
            (self.last[customers] - first).astype(np.float64),
            (self.day - first).astype(np.float64),
            self.money[customers] / float(PARTS),
        )

    def yesterday(self, today: Today) -> Facts:
        """The customers of ``today`` with nothing of it, but a day older."""
        who, bought = today.who, today.orders > 0
        first = self.log.first[who]
        return Facts(
            (self.days[who] - bought - 1).astype(np.float64),
            (np.where(bought, today.last, self.last[who]) - first).astype(np.float64),
            (self.day - first).astype(np.float64),
            (self.money[who] - today.sold - today.rest) / float(PARTS),
        )
