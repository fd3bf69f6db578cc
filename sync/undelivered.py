"""What did not land, by name: every profile and event that no destination has acknowledged."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from sync.ledger import ATTRIBUTES, Mark
from sync.outbox import EventMark
from sync.store import Store
from sync.store.tables import ledger, outbox

PROFILE = "profile"


@dataclass(frozen=True, slots=True)
class Undelivered:
    """One change; ``what`` is the word profile or the event's name, ``reason`` the vendor's."""

    destination: str
    customer_id: str
    what: str
    mark: str
    reason: str | None


def undelivered(store: Store, destinations: Sequence[str]) -> list[Undelivered]:
    """What is refused, unsure or unknown at these destinations, by destination and customer."""
    profiles = sa.select(
        ledger.c.destination,
        ledger.c.customer_id,
        sa.literal(PROFILE).label("what"),
        ledger.c.mark,
        ledger.c.reason,
    ).where(
        ledger.c.destination.in_(destinations),
        ledger.c.channel == ATTRIBUTES,
        ledger.c.mark.in_([Mark.REFUSED, Mark.UNSURE]),
    )
    events = sa.select(
        outbox.c.destination, outbox.c.customer_id, outbox.c.name, outbox.c.mark, outbox.c.reason
    ).where(
        outbox.c.destination.in_(destinations),
        outbox.c.mark.in_([EventMark.REFUSED, EventMark.UNSURE, EventMark.UNKNOWN]),
    )
    query = profiles.union_all(events).order_by("destination", "customer_id", "what")
    with store.read() as connection:
        return [Undelivered(*row) for row in connection.execute(query)]
