"""What became of a run's changes at one destination, by the ledger and the outbox alone."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from connectors.base import Destination
from connectors.errors import ConnectorError, Throttled, Unauthorized, Unavailable
from connectors.types import Change
from sync.brake import Held, HeldLists
from sync.tally import Tally
from sync.wire import Stopping

#: Reasons that are told, the most frequent first.
REASONS = 20


@dataclass(frozen=True, slots=True)
class DestinationResult:
    """What became of the changes, profiles and events together, each counted once.

    ``planned`` is ``delivered + rejected + unsure + waiting``. ``unsure`` were on the wire and the
    answer does not tell: ``in_flight`` of them are in a job that the vendor still works on,
    ``unknown`` of them are events that must not be sent again unasked. ``waiting`` were not
    attempted, or surely without effect; ``held_back`` of them by the brake. ``requests`` counts
    every request, ``writes`` those that could change something.
    """

    destination: str
    planned: int
    requests: int
    writes: int
    delivered: int
    rejected: int
    unsure: int
    waiting: int
    held_back: int = 0
    in_flight: int = 0
    unknown: int = 0
    vanished: int = 0
    held: Held | None = None
    reasons: dict[str, int] = field(default_factory=dict[str, int])
    stopped_because: str | None = None
    #: What "delivered" leaves open at this destination, and of how many.
    unconfirmed: str | None = None
    left_open: int = 0
    held_lists: HeldLists | None = None
    #: Of ``delivered`` who ``joined`` lists and who ``left``; empty where nobody did.
    lists: dict[str, int] = field(default_factory=dict[str, int])


def counted(
    destination: str,
    rows: Iterable[Tally],
    *,
    waiting: tuple[int, int],
    requests: tuple[int, int],
    vanished: int,
    held: Held | None,
    stopped_because: str | None,
) -> DestinationResult:
    """Add up the rows of a run. ``requests`` is all of them, and the writes among them.

    ``waiting`` is those that could have gone, and those that the brake holds.
    """
    marks: Counter[str] = Counter()
    reasons: Counter[str] = Counter()
    in_flight = 0
    for row in rows:
        marks[row.mark] += row.count
        in_flight += row.count if row.in_flight else 0
        if row.reason is not None:
            reasons[row.reason] += row.count
    unsure = marks["unsure"] + marks["unknown"]
    return DestinationResult(
        destination,
        planned=marks.total() + sum(waiting),
        requests=requests[0],
        writes=requests[1],
        delivered=marks["acked"],
        rejected=marks["refused"],
        unsure=unsure,
        waiting=sum(waiting),
        held_back=waiting[1],
        in_flight=in_flight,
        unknown=marks["unknown"],
        vanished=vanished,
        held=held,
        reasons=dict(reasons.most_common(REASONS)),
        stopped_because=stopped_because,
    )


def confirmed(
    result: DestinationResult,
    connector: Destination[Any],
    rows: Mapping[type[Change], Iterable[Tally]],
) -> DestinationResult:
    """With what the vendor leaves open of that which it says is done, by kind of change."""
    told = {kind: connector.unconfirmed(kind) for kind in rows}
    said = " ".join(dict.fromkeys(each for each in told.values() if each is not None))
    left = sum(
        row.count
        for kind, each in rows.items()
        for row in each
        if told[kind] is not None and row.mark == "acked"
    )
    return replace(result, unconfirmed=said or None, left_open=left)


def sentence(destination: str, halted: ConnectorError | Stopping | None) -> str | None:
    """Why a destination was left before all was sent, and what to do."""
    if halted is None:
        return None
    if isinstance(halted, Stopping):
        return f"{destination}: asked to stop; the next run goes on where this one was"
    if isinstance(halted, Unauthorized):
        return f"{destination} does not accept the key or its permissions; mend them: {halted}"
    if isinstance(halted, Unavailable):
        return f"{destination} gives no usable answer; the next run goes on: {halted}"
    if isinstance(halted, Throttled):
        return f"{destination} asked for patience for too long; the next run goes on: {halted}"
    return f"{destination}: {halted}"
