"""The words that the engine and a connector share.

Money is ``Decimal``, moments are aware and in UTC, ids are text. Nothing here knows a vendor.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Generic, TypeAlias, TypeVar

import pyarrow as pa

#: What a property may hold. ``None`` means "clear it"; 0, False and "" are values like any other.
#: A float is finite: JSON has no other. A day is a ``date``: vendors write days each in their way.
Value = str | int | float | bool | date | datetime | None

#: The columns of every page of orders, whatever the source. ``amount`` is what the row adds to the
#: customer's spend: at least zero for an order, negative for a refund. ``customer_id``, ``email``
#: and ``phone`` may be null; the others never are. ``kind`` holds the values of ``Kind``.
ORDERS: pa.Schema = pa.schema(
    {
        "order_id": pa.string(),
        "customer_id": pa.string(),
        "email": pa.string(),
        "phone": pa.string(),
        "ordered_at": pa.timestamp("us", "UTC"),
        "amount": pa.decimal128(18, 4),
        "currency": pa.string(),
        "kind": pa.string(),
    }
)


#: The columns of every page of events. ``kind`` is the source's word for what was done, such as
#: ``email_click``; ``customer_id``, ``email`` and ``phone`` may be null, the others never are.
EVENTS: pa.Schema = pa.schema(
    {
        "event_id": pa.string(),
        "customer_id": pa.string(),
        "email": pa.string(),
        "phone": pa.string(),
        "kind": pa.string(),
        "occurred_at": pa.timestamp("us", "UTC"),
    }
)

#: Rows in memory, or more of them than memory should hold.
Stream: TypeAlias = pa.Table | pa.RecordBatchReader


class Kind(StrEnum):
    """What a row of orders stands for."""

    ORDER = "order"
    #: Reduces what the customer spent, and is no order.
    REFUND = "refund"
    #: Takes an earlier version of the same order id away: cancelled, deleted, a test.
    VOID = "void"


@dataclass(frozen=True, slots=True)
class Order:
    """One order, as a source that speaks row by row tells it."""

    order_id: str
    ordered_at: datetime
    amount: Decimal
    currency: str
    customer_id: str | None = None
    email: str | None = None
    phone: str | None = None
    kind: Kind = Kind.ORDER


@dataclass(frozen=True, slots=True)
class Fault:
    """Rows that a source could read but not use: how many, and the first as an example.

    ``unread``: orders that are there and could not be read, so that who is not told of may be
    among them; a full recheck then takes nothing away.
    """

    name: str
    count: int
    example: str
    unread: bool = False


@dataclass(frozen=True, slots=True)
class Page:
    """Orders or events, and the cursor from which the next pull goes on once they are stored.

    ``rows`` has the columns of ``ORDERS`` or of ``EVENTS``. ``unit`` names a thing that is read as
    a whole, such as a file: a later page of the same unit replaces all that the earlier one
    brought. Without a unit, a page adds to what is there and the latest version of an id wins. An
    id stands in a page once. ``rows`` and ``set_aside`` may be streams, to be read once, before
    the next page is asked for.
    """

    rows: Stream
    cursor: str
    unit: str | None = None
    faults: tuple[Fault, ...] = ()
    #: Rows that could not be used, as they came, with a column that tells the problem.
    set_aside: Stream | None = None

    @classmethod
    def of(cls, orders: Sequence[Order], cursor: str) -> Page:
        """Build a page from single orders; column types are those of ``ORDERS``."""
        rows = [{name: getattr(order, name) for name in ORDERS.names} for order in orders]
        return cls(pa.Table.from_pylist(rows, schema=ORDERS), cursor)


@dataclass(frozen=True, slots=True)
class Coverage:
    """How much of a shop a source can see. ``advice`` is a sentence: what hides the rest, and
    what to ask for, or what else should be mended; empty where all is well.
    """

    #: Only orders that are at most so old can be seen; None: all of them.
    history: timedelta | None = None
    advice: str = ""


@dataclass(frozen=True, slots=True)
class Person:
    """Who a change is about. ``id`` is our stable id; a vendor may know the person by another."""

    id: str
    email: str | None = None
    phone: str | None = None


@dataclass(frozen=True, slots=True)
class Change:
    """Something that a destination shall make true. ``id`` is stable: outcomes are kept by it."""

    id: str
    person: Person


@dataclass(frozen=True, slots=True)
class Identify(Change):
    """Set these properties.

    ``known`` is what the destination last accepted, and None if nothing was accepted, or if
    something else may have arrived since: then every property is sent. ``first`` says that
    nothing was ever sent, so that there is nothing to clear.
    """

    properties: Mapping[str, Value]
    known: Mapping[str, Value] | None = None
    first: bool = False

    def standing(self) -> Mapping[str, Value]:
        """All properties, but without a null where there surely is nothing to clear."""
        unknown = self.known is None and not self.first
        if unknown or None not in self.properties.values():
            return self.properties
        known = self.known or {}
        return {k: v for k, v in self.properties.items() if v is not None or _held(known, k)}

    def delta(self) -> Mapping[str, Value]:
        """Only the properties that differ from what the destination last accepted."""
        known = self.known
        if known is None:
            return self.standing()
        return {k: v for k, v in self.standing().items() if k not in known or known[k] != v}


def _held(known: Mapping[str, Value], name: str) -> bool:
    return known.get(name) is not None


@dataclass(frozen=True, slots=True)
class Track(Change):
    """Record an event. ``backfill`` asks the vendor to trigger nothing by it."""

    name: str
    occurred_at: datetime
    properties: Mapping[str, Value] = field(default_factory=dict[str, Value])
    backfill: bool = False


@dataclass(frozen=True, slots=True)
class Audience:
    """A list at a vendor. ``id`` is the vendor's, by which ``Enter`` and ``Exit`` name it."""

    id: str
    name: str


@dataclass(frozen=True, slots=True)
class Enter(Change):
    """Put the person into an audience of ours, by the id that ``ensure`` gave."""

    audience: str


@dataclass(frozen=True, slots=True)
class Exit(Change):
    """Take the person out of an audience of ours."""

    audience: str


@dataclass(frozen=True, slots=True)
class Delivered:
    """The vendor says that it has been done, not merely accepted."""


@dataclass(frozen=True, slots=True)
class Rejected:
    """The vendor will not do it for this one change, and says why."""

    reason: str


@dataclass(frozen=True, slots=True)
class Unsure:
    """It may have been done or not; the vendor's answer does not tell."""

    reason: str


Outcome = Delivered | Rejected | Unsure

C = TypeVar("C", bound=Change)


@dataclass(frozen=True, slots=True)
class Receipt:
    """What became of a batch: an outcome by change id, or a ticket to ask again with."""

    outcomes: Mapping[str, Outcome]
    ticket: str | None = None


@dataclass(frozen=True, slots=True)
class Batch(Generic[C]):
    """Changes of one kind that go in one request. A change id stands in it once."""

    changes: tuple[C, ...]

    def __len__(self) -> int:
        return len(self.changes)

    def __iter__(self) -> Iterator[C]:
        return iter(self.changes)

    def delivered(
        self, rejected: Mapping[str, str] | None = None, unsure: Mapping[str, str] | None = None
    ) -> Receipt:
        """All were delivered but those named by change id, each with its reason."""
        outcomes: dict[str, Outcome] = {change.id: Delivered() for change in self.changes}
        for change_id, reason in (rejected or {}).items():
            outcomes[change_id] = Rejected(reason)
        for change_id, reason in (unsure or {}).items():
            outcomes[change_id] = Unsure(reason)
        return Receipt(outcomes)

    def pending(self, ticket: str) -> Receipt:
        """The vendor took the batch as a job; ask again with this ticket."""
        return Receipt({}, ticket)
