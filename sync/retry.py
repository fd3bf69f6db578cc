"""A person decides on what did not land: once more, or taken as arrived."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from sync.audiences import CHANNEL
from sync.ledger import ATTRIBUTES, KEYS, Mark, slices
from sync.outbox import EventMark
from sync.store import Store
from sync.store.tables import ledger, outbox

TAKEN = "taken as arrived by a person"
#: A ``wanted`` that no customer has, so that a refused row is due whatever is wanted of him.
NOTHING = "null"


def events_again(
    store: Store, destinations: Sequence[str], customers: Sequence[str] | None, at: datetime
) -> int:
    """Have events of which nobody knows whether they arrived sent again; how many.

    They go with the next run under their own ids. A vendor that cannot tell a repeat counts those
    that had arrived twice. ``customers`` None is everybody.
    """
    values = {"mark": EventMark.NEW.value, "reason": None, "updated_at": at}
    return _decide(store, _events(destinations, EventMark.UNKNOWN), outbox, customers, values)


def events_taken(
    store: Store, destinations: Sequence[str], customers: Sequence[str] | None, at: datetime
) -> int:
    """Take these events as arrived: they are never sent again; how many."""
    values = {"mark": EventMark.ACKED.value, "reason": TAKEN, "updated_at": at}
    return _decide(store, _events(destinations, EventMark.UNKNOWN), outbox, customers, values)


@dataclass(frozen=True, slots=True)
class Stale:
    """Refused events: how many are ``young`` enough to go, of when the oldest of these is, others.

    ``late`` are older, or of customers whose profile is neither due nor accepted.
    """

    young: int
    oldest: datetime | None
    late: int


def refused_events(
    store: Store,
    destinations: Sequence[str],
    customers: Sequence[str] | None,
    since: datetime,
) -> Stale:
    """What ``refused_again`` would do with events; writes nothing."""
    ready = _ready(destinations, since)
    query = sa.select(
        sa.func.count(),
        sa.func.count(sa.case((ready, 1))),
        sa.func.min(sa.case((ready, outbox.c.occurred_at))),
    ).where(_events(destinations, EventMark.REFUSED))
    parts = [query]
    if customers is not None:
        parts = [query.where(outbox.c.customer_id.in_(s)) for s in slices(customers, KEYS)]
    with store.read() as connection:
        rows = [connection.execute(part).one() for part in parts]
    young = sum(row[1] for row in rows)
    oldest = min((row[2] for row in rows if row[2] is not None), default=None)
    return Stale(young, oldest, sum(row[0] for row in rows) - young)


def refused_again(
    store: Store,
    destinations: Sequence[str],
    customers: Sequence[str] | None,
    at: datetime,
    *,
    since: datetime,
) -> int:
    """Have refused profiles, places on lists and events tried again with the next run; how many.

    A profile stays refused until it is answered for; one whose customer is no longer published is
    never due. An event that was refused with its profile goes once that is accepted. Events of
    before ``since`` stay refused, as a flow would start by a move of long ago; so do those of
    customers whose profile is neither due nor accepted.
    """
    profiles = sa.and_(
        ledger.c.destination.in_(list(destinations)),
        ledger.c.channel == ATTRIBUTES,
        ledger.c.mark == Mark.REFUSED.value,
        ledger.c.wanted != NOTHING,
    )
    count = _decide(store, profiles, ledger, customers, {"wanted": NOTHING, "updated_at": at})
    # on a list he may be or not: so he joins it, or leaves it, as is wanted by then
    places = sa.and_(
        ledger.c.destination.in_(list(destinations)),
        ledger.c.channel.startswith(CHANNEL, autoescape=True),
        ledger.c.mark == Mark.REFUSED.value,
    )
    due = {"mark": Mark.UNSURE.value, "updated_at": at}
    count += _decide(store, places, ledger, customers, due)
    values = {"mark": EventMark.NEW.value, "reason": None, "updated_at": at}
    events = sa.and_(_events(destinations, EventMark.REFUSED), _ready(destinations, since))
    return count + _decide(store, events, outbox, customers, values)


def _events(destinations: Sequence[str], mark: EventMark) -> sa.ColumnElement[bool]:
    return sa.and_(outbox.c.destination.in_(list(destinations)), outbox.c.mark == mark.value)


def _ready(destinations: Sequence[str], since: datetime) -> sa.ColumnElement[bool]:
    """Events that are young enough, of customers whose profile is there, or goes before them.

    A refused profile is made due together with its events.
    """
    theirs = sa.tuple_(outbox.c.destination, outbox.c.customer_id).in_(
        sa.select(ledger.c.destination, ledger.c.customer_id).where(
            ledger.c.destination.in_(list(destinations)), ledger.c.channel == ATTRIBUTES
        )
    )
    return sa.and_(outbox.c.occurred_at >= since, theirs)


def _decide(
    store: Store,
    those: sa.ColumnElement[bool],
    table: sa.Table,
    customers: Sequence[str] | None,
    values: Mapping[str, object],
) -> int:
    statement = sa.update(table).where(those).values(**values)
    with store.begin() as connection:
        if customers is None:
            return connection.execute(statement).rowcount
        return sum(
            connection.execute(statement.where(table.c.customer_id.in_(some))).rowcount
            for some in slices(customers, KEYS)
        )
