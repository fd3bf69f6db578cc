"""What the store hands out and takes in. Moments are aware and in UTC, days are the shop's."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from typing import Any


class Status(StrEnum):
    """How a run stands."""

    RUNNING = "running"
    DONE = "done"
    #: The brake holds moves until a person approves them.
    HELD = "held"
    FAILED = "failed"
    #: Asked to stop; it goes on where it was.
    STOPPED = "stopped"


@dataclass(frozen=True, slots=True)
class Fence:
    """The right to write: valid while the lease of that name still has that token."""

    name: str
    token: int


@dataclass(frozen=True, slots=True)
class Run:
    """One run of the daily job for the shop's day ``as_of``."""

    id: str
    as_of: date
    started_at: datetime
    finished_at: datetime | None
    status: Status
    report: Mapping[str, Any] | None


@dataclass(frozen=True, slots=True)
class Step:
    """A finished (or begun) step of a run."""

    run_id: str
    name: str
    started_at: datetime
    finished_at: datetime | None
    seconds: float | None
    result: Mapping[str, Any] | None


@dataclass(frozen=True, slots=True)
class Approval:
    """Somebody allowed a held run to move at most ``up_to`` customers of any one destination."""

    run_id: str
    up_to: int
    approved_by: str
    approved_at: datetime


@dataclass(frozen=True, slots=True)
class Part:
    """An immutable file of the lake. ``replaced_by`` is the part that stands in its place.

    ``stream`` is what it holds: orders or events.
    """

    seq: int
    source: str
    unit: str | None
    path: str
    rows: int
    run_id: str | None
    written_at: datetime
    replaced_by: int | None
    stream: str = "orders"


@dataclass(frozen=True, slots=True)
class Rechecked:
    """What a full recheck found that a source had not told of.

    ``gone``: orders and refunds that it no longer has. ``changed``: those that differ now.
    ``found``: those that it had before the recheck began, and had never brought.
    """

    gone: int = 0
    changed: int = 0
    found: int = 0


@dataclass(frozen=True, slots=True)
class LastPull:
    """The pulls of a source. ``began_*`` are None unless a full recheck is under way.

    ``began_version``: the lake's version at which it began; ``began_history``: days back to which
    the source could see; ``began_unread``: rows that were there and could not be read, some perhaps
    counted twice. ``rechecked`` is what the last one found that came to its end.
    """

    pulled_at: datetime | None = None
    began_at: datetime | None = None
    began_version: int | None = None
    began_history: float | None = None
    rechecked_at: datetime | None = None
    rechecked: Rechecked | None = None
    began_unread: int = 0


@dataclass(frozen=True, slots=True)
class Version:
    """A stored model or set of thresholds: the text exactly as it was given.

    ``made_on`` is the day a model was fitted on, None for thresholds; ``made_by`` is who accepted
    the thresholds, None for a model.
    """

    version: int
    body: str
    made_at: datetime
    made_on: date | None = None
    made_by: str | None = None


@dataclass(frozen=True, slots=True)
class Proposal:
    """A version of the thresholds from its proposal on; ``accepted_at`` is None if it never was."""

    version: int
    body: str
    proposed_at: datetime
    proposed_by: str
    accepted_at: datetime | None
    accepted_by: str | None


@dataclass(frozen=True, slots=True)
class NewSnapshot:
    """An evaluated table of customers that stands complete in a Parquet file.

    ``reading`` is how the orders were read, as ``sync.reading`` has it.
    """

    run_id: str
    as_of: date
    path: str
    customers: int
    model_version: int | None
    thresholds_version: int | None
    lake_version: int
    settings: Mapping[str, Any]
    created_at: datetime
    reading: Mapping[str, Any] | None = field(default=None, kw_only=True)


@dataclass(frozen=True, slots=True)
class Snapshot(NewSnapshot):
    """A published snapshot; the one with the highest id is the published state."""

    id: int


@dataclass(frozen=True, slots=True)
class Transition:
    """A customer changed segment. ``from_segment`` is None when seen for the first time."""

    customer_id: str
    scheme: str
    from_segment: str | None
    to_segment: str
    cause: str
    run_id: str = ""
    as_of: date | None = None


@dataclass(frozen=True, slots=True)
class Moved:
    """How many customers made the same move for the same cause."""

    scheme: str
    from_segment: str | None
    to_segment: str
    cause: str
    customers: int


@dataclass(frozen=True, slots=True)
class OutboxEvent:
    """An event that waits to be sent; its id is the dedup key at the vendor.

    ``payload`` is the JSON of the event's properties as ``sync.values`` writes it.
    """

    id: str
    destination: str
    customer_id: str
    name: str
    payload: str
    occurred_at: datetime
    backfill: bool = False


@dataclass(frozen=True, slots=True)
class Somebody:
    """All that a person goes by.

    ``ids`` as we show them; ``emails`` in small letters; ``phones`` as written and as E.164;
    ``accounts``: source and the id in it ("" for whichever source, in notes of old).
    """

    ids: tuple[str, ...]
    emails: tuple[str, ...]
    phones: tuple[str, ...] = ()
    accounts: tuple[tuple[str, str], ...] = ()

    @property
    def keys(self) -> list[str]:
        """Every customer id that is or was his; a guest's is his address or his number."""
        return sorted({*self.ids, *self.emails, *self.phones})

    @property
    def door_keys(self) -> list[str]:
        """What is hashed to know them at the door; an id counts in its source alone."""
        accounts = (f"{source}\n{raw}" if source else raw.lower() for source, raw in self.accounts)
        return sorted({*accounts, *self.emails, *(f"\n{phone}" for phone in self.phones)})
