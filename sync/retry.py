"""A person decides on what did not land: once more, or taken as arrived."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

import sqlalchemy as sa

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


def refused_again(
    store: Store, destinations: Sequence[str], customers: Sequence[str] | None, at: datetime
) -> int:
    """Have refused profiles and events tried again with the next run; how many.

    A profile stays refused until it is answered for; one whose customer is no longer published is
    never due. An event that was refused with its profile goes once that is accepted.
    """
    profiles = sa.and_(
        ledger.c.destination.in_(list(destinations)),
        ledger.c.channel == ATTRIBUTES,
        ledger.c.mark == Mark.REFUSED.value,
        ledger.c.wanted != NOTHING,
    )
    count = _decide(store, profiles, ledger, customers, {"wanted": NOTHING, "updated_at": at})
    values = {"mark": EventMark.NEW.value, "reason": None, "updated_at": at}
    events = _events(destinations, EventMark.REFUSED)
    return count + _decide(store, events, outbox, customers, values)


def _events(destinations: Sequence[str], mark: EventMark) -> sa.ColumnElement[bool]:
    return sa.and_(outbox.c.destination.in_(list(destinations)), outbox.c.mark == mark.value)


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
