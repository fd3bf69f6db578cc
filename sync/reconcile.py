"""Reading a destination back: what differs from the ledger, mending it, and rebuilding a ledger."""

from __future__ import annotations

import math
import random
import threading
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

import pyarrow.parquet as pq
import sqlalchemy as sa

from connectors.errors import Misconfigured
from connectors.types import Person, Value
from sync import adopt, dispatch
from sync.adopt import Vouched
from sync.audiences import IN, rows_of_lists
from sync.compare import Comparison, compare
from sync.difference import Difference, Kind
from sync.ledger import Entry, Ledger, Mark
from sync.plan import Target
from sync.present import located
from sync.progress import Progress
from sync.readback import Held, read_back
from sync.report import Delivered
from sync.store import Snapshot, Status, Store
from sync.store.tables import ledger
from sync.values import Sent, dump, load
from sync.wire import Never, Pace, Wire

if TYPE_CHECKING:
    from sync.app import App

#: Customers whose rows are in memory at a time.
SOME = 5_000
#: What ``read`` gives beside properties where it ``reads_addresses``; fields of ``Sent``.
ADDRESSES = ("email", "phone")


@dataclass(frozen=True, slots=True)
class Rebuilt:
    """``whole`` hold all that is wanted, ``partly`` something else of ours, ``asked`` in all."""

    asked: int
    whole: int
    partly: int


def refuse_unreadable(target: Target) -> None:
    """Raise Misconfigured where nothing can be read back."""
    if not target.connector.reads:
        raise Misconfigured(
            f"{target.name} cannot be read back: its vendor has no way to, or its connector none"
        )


async def compared(
    app: App, target: Target, sample: int | None, progress: Progress
) -> tuple[Comparison, dict[str, str]]:
    """Read back what was accepted, of all customers or of so many by chance.

    Gives the comparison, and the accepted text of those who differ and are still published.
    Raises what stops a destination.
    """
    rows = Ledger(app.store, target.name)
    ids = adopt.acknowledged(rows)
    if sample is not None and sample < len(ids):
        # a sample guards nothing; another one each time finds more
        ids = sorted(random.sample(ids, sample))
    found, texts = Comparison(), dict[str, str]()
    tell = _told(progress, target.name, len(ids), _note(target, len(ids)))
    for accepted in adopt.accepted(rows, ids):
        sent = {who: load(text) for who, text in accepted.items()}
        people = [Person(who, each.email, each.phone) for who, each in sent.items()]
        names = sorted({name for each in sent.values() for name in each.properties})
        told = await read_back(target.connector, _wire(app, target), people, names, tell)
        compare(found, target.connector, sent, told)
        texts |= {who: text for who, text in accepted.items() if who in found.customers}
    mendable = set(found.differing) & _published(app)
    return found, {who: text for who, text in texts.items() if who in mendable}


def places(store: Store, name: str) -> int:
    """How many people stand on lists by us; who is on a list no connector reads back."""
    mine = sa.and_(
        rows_of_lists(store, name), ledger.c.wanted == IN, ledger.c.mark == Mark.ACKED.value
    )
    with store.read() as connection:
        query = sa.select(sa.func.count()).select_from(ledger).where(mine)
        return int(connection.execute(query).scalar_one())


def repair(
    app: App,
    name: str,
    differing: Mapping[str, str],
    progress: Progress,
    stop: threading.Event,
) -> Delivered | None:
    """Mark these customers as due and deliver; only while holding the lease.

    None if a run of the published day is unfinished: then it is that run that sends them.
    """
    adopt.due_again(Ledger(app.store, name), differing, app.clock.now())
    published = app.store.latest_snapshot()
    if published is None or app.store.unfinished_run(published.as_of) is not None:
        return None
    run = app.store.start_run(published.as_of, app.clock.now())
    try:
        made = dispatch.prepared(app, published, run.id, only=name)
        results = dispatch.delivered(app, published, made, run.id, progress, stop, fresh=True)
    except BaseException:
        app.store.finish_run(run.id, Status.FAILED, {"why": "a repair failed"}, app.clock.now())
        raise
    result = results[name]
    status = Status.HELD if result.held is not None else Status.DONE
    told = {"destinations": {name: asdict(result)}, "held": result.held}
    app.store.finish_run(run.id, status, told, app.clock.now())
    return result


def mended(app: App, name: str, differing: Mapping[str, str]) -> int:
    """How many of these customers the destination has accepted by now."""
    standing = Ledger(app.store, name).standing(list(differing))
    return sum(row.mark is Mark.ACKED for row in standing.values())


async def rebuilt(app: App, target: Target, published: Snapshot, progress: Progress) -> Rebuilt:
    """Ask for every published customer whom the ledger does not know as accepted.

    Who is there with the segments that are wanted, and with his address and number where those
    are read, is written down as accepted, who is there with
    others as known and due; who is not there stays a first entry. Nothing is sent, no event is
    made. Repeating it goes on where it was.
    """
    rows = Ledger(app.store, target.name)
    difference = Difference(located(app, published), target.projection, rows)
    try:
        total, whole, partly = difference.counts.entries, 0, 0
        tell = _told(progress, target.name, total, "customers looked for")
        names = [each.name for each in target.projection.properties()]
        names += ADDRESSES if target.connector.reads_addresses else ()
        entries = [entry for entry, _ in difference.entries(frozenset({Kind.ENTRY}))]
        for start in range(0, total, SOME):
            some = entries[start : start + SOME]
            sent = {entry.customer_id: load(entry.value) for entry in some}
            people = [Person(who, each.email, each.phone) for who, each in sent.items()]
            told = await read_back(target.connector, _wire(app, target), people, names, tell)
            found = [
                _vouched(target, entry, sent[entry.customer_id], told.held[entry.customer_id])
                for entry in some
                if told.held.get(entry.customer_id)
            ]
            adopt.adopt(rows, found, app.clock.now())
            whole += sum(one.whole for one in found)
            partly += sum(not one.whole for one in found)
    finally:
        difference.close()
    return Rebuilt(total, whole, partly)


def _vouched(target: Target, entry: Entry, sent: Sent, held: Held) -> Vouched:
    holds, projection = target.connector.holds, target.projection
    ours: dict[str, Value] = {}
    for name, value in sent.properties.items():
        there = held.get(name)
        if holds(there, value):
            ours[name] = value
        elif isinstance(there, str | int | float):
            ours[name] = there
    segments = [projection.name(f"{scheme}_segment") for scheme in projection.schemes]
    # where there is no segment nothing shows that it was us
    whole = bool(segments) and all(
        holds(held.get(name), sent.properties[name]) for name in segments
    )
    if target.connector.reads_addresses:
        whole = whole and all(holds(held.get(name), getattr(sent, name)) for name in ADDRESSES)
    kept = dump(Sent(sent.email, sent.phone, ours))
    return Vouched(entry.customer_id, entry.wanted, entry.value, kept, whole)


def _note(target: Target, customers: int) -> str:
    """With the least minutes that it takes at the vendor's limits."""
    calls = math.ceil(customers / max(1, target.connector.reads))
    rates = target.connector.read_limits()
    seconds = max((calls / rate.calls * rate.seconds for rate in rates), default=0.0)
    return f"read back; at the vendor's limits {math.ceil(seconds / 60)} min or more in all"


def _published(app: App) -> set[str]:
    """Who is published: nobody else is ever sent."""
    snapshot = app.store.latest_snapshot()
    if snapshot is None:
        return set()
    column = pq.read_table(located(app, snapshot), columns=["customer_id"])["customer_id"]
    return set(column.to_pylist())


def _wire(app: App, target: Target) -> Wire:
    return Wire(Pace(), app.clock, Never(), secrets=target.connector.secrets())


def _told(progress: Progress, name: str, total: int, note: str) -> Callable[[int], None]:
    done = 0

    def tell(count: int) -> None:
        nonlocal done
        done += count
        progress.advance(name, done, total, note)

    return tell
