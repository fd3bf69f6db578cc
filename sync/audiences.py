"""Which lists a destination shall have, and what is remembered of each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from connectors.base import Destination
from connectors.types import Enter, Exit
from sync.store import Store
from sync.store.dialect import upsert
from sync.store.tables import audiences, ledger

#: What the channels of lists begin with in the ledger; the name of the list follows.
CHANNEL = "audience:"
#: What a row of such a channel wants.
IN, OUT = "in", "out"


@dataclass(frozen=True, slots=True)
class Audiences:
    """The operator's choice: one list for each segment of these schemes.

    ``adopt`` uses lists that bear such a name and were not made by us; ``load`` lets the first
    load of a list go without being asked for.
    """

    schemes: tuple[str, ...]
    prefix: str
    adopt: bool = False
    load: bool = False

    def usable(self, vendor: type[Destination[Any]], on: Sequence[str]) -> Audiences | None:
        """The choice itself, None if no list is asked for.

        Raises ValueError where the vendor has no lists, or a scheme is not switched on.
        """
        if not self.schemes:
            return None
        if not {Enter, Exit} <= vendor.deliveries.keys():
            raise ValueError(
                f"audiences: {vendor.__name__} has no lists that can be filled from outside; leave "
                f"this out and make segments there on {self.schemes[0]}_segment, which is sent too"
            )
        off = [scheme for scheme in self.schemes if scheme not in on]
        if off:
            raise ValueError(f"audiences: {off[0]} is not among the schemes that are switched on")
        return self

    def name(self, scheme: str, segment: str) -> str:
        """What the list of a segment is called."""
        return f"{self.prefix}{scheme}: {segment}"


@dataclass(frozen=True, slots=True)
class Known:
    """A list that we made, were about to make, or adopted."""

    name: str
    vendor_id: str | None
    opened_at: datetime | None


def channel_of(name: str) -> str:
    """The ledger's channel of a list."""
    return CHANNEL + name


def kind_of(*, joins: bool) -> type[Enter | Exit]:
    """The kind of change that puts people on a list, or takes them off."""
    return Enter if joins else Exit


def lists_of(store: Store, destination: str) -> dict[str, Known]:
    """What is remembered of the lists of a destination, by name."""
    a = audiences.c
    query = sa.select(a.name, a.vendor_id, a.opened_at).where(a.destination == destination)
    with store.read() as connection:
        return {row[0]: Known(*row) for row in connection.execute(query)}


def rows_of_lists(store: Store, destination: str) -> sa.ColumnElement[bool]:
    """Which rows of the ledger are about lists of a destination; named, so that an index serves."""
    channels = [channel_of(name) for name in sorted(lists_of(store, destination))]
    return sa.and_(ledger.c.destination == destination, ledger.c.channel.in_(channels))


def begin(store: Store, destination: str, name: str, at: datetime) -> None:
    """Write down that nothing bears that name and that we are about to make it."""
    _write(store, destination, name, at, {})


def remember(store: Store, destination: str, name: str, vendor_id: str, at: datetime) -> None:
    """Keep the vendor's id of a list."""
    _write(store, destination, name, at, {"vendor_id": vendor_id})


def opened(store: Store, destination: str, name: str, at: datetime) -> None:
    """Its first load is let go: from now on people join without being asked for."""
    _write(store, destination, name, at, {"opened_at": at})


def _write(
    store: Store, destination: str, name: str, at: datetime, values: dict[str, object]
) -> None:
    keys = ("destination", "name")
    row = {"destination": destination, "name": name, "begun_at": at, **values}
    with store.begin() as connection:
        columns = tuple(values) or ("begun_at",)
        connection.execute(upsert(connection, audiences, keys, columns), row)
