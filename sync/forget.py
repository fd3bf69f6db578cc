"""Forgetting somebody: files first, then what destinations hold, then the rows of the state.

Whom it is about is written down before anything else and taken away last, so that it goes on
wherever it was cut off. Salted hashes stay, by which the person is known at the door.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import sqlalchemy as sa

from connectors.errors import ConnectorError, Refused
from connectors.types import Identify, Person
from sync.batches import batches
from sync.books import Profiles
from sync.difference import Kind
from sync.erase import erase_files
from sync.failpoints import reach
from sync.goby import left_of
from sync.jobs import jobs_of
from sync.lane import Lane
from sync.ledger import ATTRIBUTES, Entry, Ledger, Mark
from sync.off_lists import OffLists
from sync.readback import read_back
from sync.result import sentence
from sync.scratch_folders import sweep
from sync.store import Somebody
from sync.store.tables import ledger
from sync.values import Sent, dump, load
from sync.wire import Pace, Stopping, Wire

if TYPE_CHECKING:
    from sync.app import App
    from sync.plan import Target

#: Stands where a run's id does.
FORGET = "forget"


@dataclass(frozen=True, slots=True)
class Cleared:
    """One destination: profiles that it took the clearing of or refused, and why it stopped.

    ``held``: properties that it still showed when it was read back; None where it cannot be read.
    """

    destination: str
    cleared: int
    refused: tuple[str, ...] = ()
    stopped: str | None = None
    held: tuple[str, ...] | None = None


async def forget(app: App, who: Somebody, stop: threading.Event) -> list[Cleared]:
    """Do all that is left to be done; only while holding the lease.

    Where a destination stopped, its rows stay, and so does the note to go on.
    """
    erase_files(app)
    sweep()
    reach("forget.files")
    told = [await _clear(app, name, who, stop) for name in app.destinations]
    reach("forget.cleared")
    if all(each.stopped is None for each in told):
        left = left_of(app, who)
        if left is not None:
            return [*told, Cleared("here", 0, stopped=left)]
        app.store.end_forgetting(who)
        reach("forget.ended")
    return [each for each in told if each.cleared or each.refused or each.stopped]


def unreachable(app: App, who: Somebody) -> list[str]:
    """Destinations that were told of them once and left the configuration: nobody clears those."""
    query = sa.select(ledger.c.destination).where(ledger.c.customer_id.in_(who.keys)).distinct()
    with app.store.read() as connection:
        return sorted(set(connection.execute(query).scalars()) - set(app.destinations))


async def _clear(app: App, name: str, who: Somebody, stop: threading.Event) -> Cleared:
    """Set to nothing what we wrote, by the protocol of delivery. The profile itself stays."""
    target, book = app.target(name), Profiles(Ledger(app.store, name), FORGET, app.clock)
    lists = OffLists(app.store, target, who.keys, FORGET, app.clock)
    halted: ConnectorError | Stopping | None = None
    held: tuple[str, ...] | None = None
    try:
        delivery = target.connector.delivery(Identify)
        if delivery is not None and _rows(app, name, who):
            wire = Wire(Pace(), app.clock, stop, secrets=target.connector.secrets())
            lane = Lane(target, delivery, book, wire, app.store, lambda _: None)
            flying = {row.ticket for row in _rows(app, name, who)} - {None}
            lane.take_over([j.ticket for j in jobs_of(app.store, name) if j.ticket in flying])
            book.others = True
            await lane.run(iter(()))
            book.others = False
            rounds = [] if lane.halted is not None else _rounds(app, name, who)
            for entries in rounds:
                due = ((entry, Kind.MOVE) for entry in entries)
                await lane.run(batches(target.connector, delivery, book.changes(due)))
                if lane.halted is not None:
                    break
                reach("forget.round")
            halted = lane.halted or await lists.go(wire)
            if halted is None and target.connector.reads:
                held = await _still_held(target, wire, rounds or _told(_rows(app, name, who)))
    except (ConnectorError, Stopping) as error:
        halted = error
    finally:
        await target.connector.aclose()
    left = _rows(app, name, who)
    open_ = [row for row in left if row.mark == Mark.UNSURE]
    stopped = sentence(name, halted)
    if stopped is None and (open_ or lists.open()):
        waits = f"{len(open_)} profiles and {lists.open()} places on lists"
        stopped = f"{name}: the vendor has not answered for {waits} yet"
    refused = tuple(str(r.reason) for r in left if r.mark == Mark.REFUSED and _is_ours(r))
    refused += lists.refused()
    cleared = sum(row.mark == Mark.ACKED and _is_ours(row) for row in left)
    return Cleared(name, cleared, refused, stopped, held)


async def _still_held(target: Target, wire: Wire, rounds: list[list[Entry]]) -> tuple[str, ...]:
    """The properties of ours that the vendor still shows. Raises what stops a destination."""
    shown: set[str] = set()
    for entries in rounds:
        sent = {entry.customer_id: load(entry.value) for entry in entries}
        people = [Person(who, each.email, each.phone) for who, each in sent.items()]
        names = sorted({name for each in sent.values() for name in each.properties})
        told = await read_back(target.connector, wire, people, names, lambda _: None)
        if told.unreadable:
            raise Refused("the clearing was taken, but reading it back was refused")
        held = (each.items() for each in told.held.values())
        shown |= {n for each in held for n, value in each if n in names and value is not None}
    return tuple(sorted(shown))


def _told(rows: Sequence[sa.Row[tuple[object, ...]]]) -> list[list[Entry]]:
    """What was cleared before this process began."""
    return [[Entry(r.customer_id, r.wanted, r.accepted) for r in rows if r.accepted is not None]]


def _rows(app: App, name: str, who: Somebody) -> Sequence[sa.Row[tuple[object, ...]]]:
    """The rows of those whom the destination may hold something of."""
    query = sa.select(ledger).where(
        ledger.c.destination == name,
        ledger.c.channel == ATTRIBUTES,
        ledger.c.customer_id.in_(who.keys),
        sa.or_(ledger.c.accepted.is_not(None), ledger.c.mark == Mark.UNSURE.value),
    )
    with app.store.read() as connection:
        return connection.execute(query.order_by(ledger.c.customer_id)).all()


def _rounds(app: App, name: str, who: Somebody) -> list[list[Entry]]:
    """What is to be sent, in rounds: one for each address under which a profile may be known.

    Where it is several they are written down first, as the first round overwrites the row. Until
    the last round the row does not stand as forgotten, so that after a kill all are done again.
    """
    noted = app.store.reached(who).get(name, {})
    known: dict[str, list[str]] = {}
    for row in _rows(app, name, who):
        if not _is_ours(row) or row.mark == Mark.UNSURE:
            now = [text for text in (row.accepted, row.value) if text is not None]
            known[row.customer_id] = list(dict.fromkeys([*noted.get(row.customer_id, []), *now]))
    places = {key: _places(texts) for key, texts in known.items()}
    several = {key: texts for key, texts in known.items() if len(places[key]) > 1}
    if several.keys() - noted.keys():
        app.store.reached(who, {name: {**noted, **several}})
        reach("forget.noted")
    most = max(map(len, places.values()), default=0)
    rounds: list[list[Entry]] = [[] for _ in range(most)]
    for key, cleared in places.items():
        # the address of last comes last: it is what the ledger then knows
        for nth, nothing in enumerate(cleared, most - len(cleared)):
            wanted = _wanted(key) if nth == most - 1 else _wanted(key, "begun")
            rounds[nth].append(Entry(key, wanted, nothing))
    return rounds


def _places(texts: Sequence[str]) -> list[str]:
    """For each address among what was sent the text that clears everything there."""
    sent = [load(text) for text in texts]
    names = sorted({name for each in sent for name in each.properties})
    where = dict.fromkeys((each.email, each.phone) for each in sent)
    return [dump(Sent(email, phone, dict.fromkeys(names))) for email, phone in where]


def _is_ours(row: sa.Row[tuple[object, ...]]) -> bool:
    """Whether the row is about forgetting."""
    return bool(row.wanted == _wanted(row.customer_id))


def _wanted(customer_id: str, *more: str) -> str:
    return json.dumps([customer_id, FORGET, *more], ensure_ascii=False)
