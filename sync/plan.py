"""What a run would send, before anything is sent. Reads only; the run then does just this."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import Any

from connectors.base import Delivery, Destination
from connectors.exchange import ENVELOPE
from connectors.http import encode
from connectors.types import Change, Identify, Person, Track
from sync.books import Profiles
from sync.brake import Brake, Held, HeldLists
from sync.clock import Clock
from sync.difference import Counts, Difference, Ended, Kind
from sync.held import stays
from sync.ledger import Ledger
from sync.outbox import Outbox
from sync.projection import Projection
from sync.roster import Roster, expected
from sync.store import OutboxEvent, Store
from sync.transport import Transport

#: Destinations that are compared with the ledger at a time; more would only share the memory.
AT_ONCE = 2
#: Changes whose size is looked at, to tell how many requests they will take.
SAMPLE = 200

#: The moment of an event that is only asked about.
AT_ANY_TIME = datetime(2000, 1, 1, tzinfo=UTC)

NO_COUNTS = Counts(0, 0, 0, 0, 0, 0)


@dataclass(frozen=True, slots=True)
class Target:
    """A configured destination: its name, the connector, what it gets, and how it is reached."""

    name: str
    connector: Destination[Any]
    projection: Projection
    transport: Transport | None = None
    #: The file of the ids that are somebody else's by now; what we sent of them is cleared.
    retired: Path | None = None

    def difference(self, store: Store, snapshot: Path) -> Difference:
        """The published customers compared with what this destination holds."""
        ended = None
        if self.retired is not None:
            ended = Ended(self.retired, self.connector.by_address())
        return Difference(snapshot, self.projection, Ledger(store, self.name), ended)

    def roster(self, store: Store, snapshot: Path) -> Roster | None:
        """The published customers compared with who is on the lists, if it shall have any."""
        if self.projection.audiences is None:
            return None
        by_address = self.connector.by_address()
        chosen, retired = self.projection.audiences, self.retired
        return Roster(snapshot, chosen, store, self.name, by_address=by_address, retired=retired)


@dataclass(frozen=True, slots=True)
class Prepared:
    """A destination with what it lacks. ``close`` gives the memory back."""

    target: Target
    difference: Difference | None
    roster: Roster | None = None

    @property
    def counts(self) -> Counts:
        """Customers by why they are due."""
        return NO_COUNTS if self.difference is None else self.difference.counts

    def close(self) -> None:
        """Forget what was computed."""
        for each in (self.difference, self.roster):
            if each is not None:
                each.close()


@dataclass(frozen=True, slots=True)
class DestinationPlan:
    """What one destination would get.

    ``in_flight`` are profiles and events whose job is at the vendor: it is asked first.
    ``requests`` and ``seconds`` are what the writes take at the vendor's limits, expected from the
    size of a sample; asking for jobs comes on top. ``waiting`` are held moves and their events,
    which are part of ``planned``. ``data_points`` is what the vendor would bill, expected from the
    same sample; None where it bills none. What a plan cannot foresee is that the vendor lost a job:
    its customers are due again, and if the brake then holds their moves, their events wait too.
    """

    destination: str
    entries: int
    moves: int
    refreshes: int
    events: int
    in_flight: int
    known: int
    vanished: int
    held: Held | None
    requests: int
    seconds: float
    waiting: int = 0
    data_points: int | None = None
    #: Changes of lists that would go: who joins, who leaves. Those held are among ``waiting``.
    joins: int = 0
    leaves: int = 0
    held_lists: HeldLists | None = None

    @property
    def planned(self) -> int:
        """All changes that are due, those that would have to wait among them."""
        moves = self.moves if self.held is None else 0
        lists = self.joins + self.leaves
        sent = self.entries + self.refreshes + moves + self.events + lists
        return sent + self.in_flight + self.waiting


def prepare(store: Store, snapshot: Path, targets: Sequence[Target]) -> list[Prepared]:
    """Compare the published customers with the ledger of each destination, several at a time."""

    def one(target: Target) -> Prepared:
        if target.connector.delivery(Identify) is None:
            return Prepared(target, None)
        difference = target.difference(store, snapshot)
        return Prepared(target, difference, target.roster(store, snapshot))

    with ThreadPoolExecutor(AT_ONCE) as pool:
        return list(pool.map(one, targets))


def plan(
    store: Store,
    prepared: Sequence[Prepared],
    *,
    run_id: str,
    clock: Clock,
    brake: Brake,
    approved: int | None = None,
    coming: Iterable[OutboxEvent] = (),
) -> list[DestinationPlan]:
    """What each destination would get. Works on a store that is read-only.

    ``coming`` are events that publishing would add to the outbox.
    """
    waiting: dict[str, dict[str, str]] = {
        each.target.name: Outbox(store, each.target.name).waiting() for each in prepared
    }
    for event in coming:
        waiting.get(event.destination, {})[event.id] = event.customer_id
    return [
        _one(store, each, waiting[each.target.name], run_id, clock, brake, approved)
        for each in prepared
    ]


def _one(
    store: Store,
    prepared: Prepared,
    waiting: dict[str, str],
    run_id: str,
    clock: Clock,
    brake: Brake,
    approved: int | None,
) -> DestinationPlan:
    target, counts = prepared.target, prepared.counts
    stay = stays(brake, target.name, run_id, prepared.difference, prepared.roster, approved)
    held = stay.moves
    events = len(free(waiting, prepared.difference, held))
    count = profiles(counts, held)
    some = _sample(store, prepared, held, run_id, clock) if count else []
    requests = _profile_requests(target.connector, count, some)
    requests += _event_requests(target.connector, events)
    lists = expected(prepared.roster, target.connector)
    requests += lists.requests
    return DestinationPlan(
        target.name,
        counts.entries,
        counts.moves,
        counts.refreshes,
        events,
        counts.in_flight + Outbox(store, target.name).in_flight() + lists.in_flight,
        counts.known,
        counts.vanished,
        held,
        requests,
        seconds_for(target.connector, requests),
        (0 if held is None else held.moves + len(waiting) - events) + lists.waiting,
        _data_points(target.connector, count, some, events),
        lists.joins,
        lists.leaves,
        stay.lists,
    )


def free(waiting: dict[str, str], difference: Difference | None, held: Held | None) -> list[str]:
    """The events, by id, whose customer's move is not held: property first, event second."""
    if held is None or difference is None or not waiting:
        return list(waiting)
    stuck = difference.ids(Kind.MOVE)
    return [event_id for event_id, customer in waiting.items() if customer not in stuck]


def profiles(counts: Counts, held: Held | None) -> int:
    """How many profiles go out."""
    return counts.entries + counts.refreshes + (counts.moves if held is None else 0)


def kinds(held: Held | None) -> frozenset[Kind]:
    """Which reasons to be due are delivered: first entries go on while moves are held."""
    return frozenset(Kind) if held is None else frozenset({Kind.ENTRY, Kind.REFRESH})


def seconds_for(connector: Destination[Any], requests: int) -> float:
    """The least seconds that so many requests take if the strictest limit counts all of them."""
    waits = [(math.ceil(requests / r.calls) - 1) * r.seconds for r in connector.limits()]
    return max([0.0, *waits])


def _sample(
    store: Store, prepared: Prepared, held: Held | None, run_id: str, clock: Clock
) -> list[Identify]:
    """The first of the profiles that would go out."""
    if prepared.difference is None:
        return []
    book = Profiles(Ledger(store, prepared.target.name), run_id, clock)
    some = islice(prepared.difference.entries(kinds(held)), SAMPLE)
    return list(book.changes(some))


def _data_points(
    connector: Destination[Any], count: int, some: Sequence[Identify], events: int
) -> int | None:
    each = [connector.data_points(change) for change in some]
    billed = [points for points in each if points is not None]
    event = connector.data_points(Track("", Person(""), "", AT_ANY_TIME))
    if event is None:
        return None
    return round(sum(billed) / len(billed) * count if billed else 0) + event * events


def _profile_requests(connector: Destination[Any], count: int, some: Sequence[Identify]) -> int:
    delivery = connector.delivery(Identify)
    return 0 if count == 0 or delivery is None else _requests(connector, delivery, count, some)


def _event_requests(connector: Destination[Any], events: int) -> int:
    delivery = connector.delivery(Track)
    return 0 if delivery is None else math.ceil(events / delivery.size)


def _requests(
    connector: Destination[Any], delivery: Delivery, changes: int, sample: Sequence[Change]
) -> int:
    size = delivery.size
    if delivery.bytes is not None and sample:
        weight = sum(len(encode(connector.wire(change))) + 1 for change in sample) / len(sample)
        size = min(size, max(1, int((delivery.bytes - ENVELOPE) / weight)))
    return math.ceil(changes / size)
