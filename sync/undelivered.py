"""What did not land, by name: each profile, event and place on a list that nobody acknowledged."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import sqlalchemy as sa

from sync.audiences import CHANNEL, IN
from sync.ledger import ATTRIBUTES, Mark
from sync.names import Names
from sync.outbox import EventMark
from sync.store import Store
from sync.store.tables import ledger, outbox

PROFILE = "profile"
#: What the changes of lists begin with; the name of the list follows.
JOIN, LEAVE = "join ", "leave "


@dataclass(frozen=True, slots=True)
class Undelivered:
    """One change; ``reason`` is the vendor's.

    ``what`` is the word profile, the event's name, or join or leave and the name of a list, with
    the segment's name in use where the list bears the field's.
    """

    destination: str
    customer_id: str
    what: str
    mark: str
    reason: str | None

    @property
    def kind(self) -> str:
        """Profiles, places on lists, or events."""
        if self.what == PROFILE:
            return "profiles"
        return "places on lists" if self.what.startswith((JOIN, LEAVE)) else "events"


def undelivered(
    store: Store, destinations: Sequence[str], names: Names | None = None
) -> list[Undelivered]:
    """What is refused, unsure or unknown at these destinations, by destination and customer."""
    channel, wanted = ledger.c.channel, ledger.c.wanted
    turn = sa.case((wanted == IN, JOIN), else_=LEAVE)
    place = turn + sa.func.substr(channel, len(CHANNEL) + 1)
    rows = sa.select(
        ledger.c.destination,
        ledger.c.customer_id,
        sa.case((channel == ATTRIBUTES, PROFILE), else_=place).label("what"),
        ledger.c.mark,
        ledger.c.reason,
    ).where(
        ledger.c.destination.in_(destinations),
        sa.or_(channel == ATTRIBUTES, channel.startswith(CHANNEL, autoescape=True)),
        ledger.c.mark.in_([Mark.REFUSED, Mark.UNSURE]),
    )
    events = sa.select(
        outbox.c.destination, outbox.c.customer_id, outbox.c.name, outbox.c.mark, outbox.c.reason
    ).where(
        outbox.c.destination.in_(destinations),
        outbox.c.mark.in_([EventMark.REFUSED, EventMark.UNSURE, EventMark.UNKNOWN]),
    )
    query = rows.union_all(events).order_by("destination", "customer_id", "what")
    with store.read() as connection:
        found = [Undelivered(*row) for row in connection.execute(query)]
    return found if names is None else [_called(each, names) for each in found]


def _called(one: Undelivered, names: Names) -> Undelivered:
    if one.kind == "places on lists":
        for scheme, given in names.given.items():
            for segment, name in given.items():
                if one.what.endswith(f"{scheme}: {segment}"):
                    return replace(one, what=f"{one.what} ({name})")
    return one
