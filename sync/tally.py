"""Counting rows of the ledger or the outbox by what became of them."""

from __future__ import annotations

from dataclasses import dataclass

import sqlalchemy as sa

from sync.store import Store


@dataclass(frozen=True, slots=True)
class Tally:
    """So many rows with the same mark and reason."""

    mark: str
    reason: str | None
    in_flight: bool
    count: int


def tally(store: Store, table: sa.Table, mine: sa.ColumnElement[bool], run_id: str) -> list[Tally]:
    """The rows of a run, or still in a job, counted by mark, reason and whether in a job."""
    flying = table.c.ticket.is_not(None)
    groups = (table.c.mark, table.c.reason, flying)
    query = (
        sa.select(*groups, sa.func.count())
        .where(mine, sa.or_(table.c.run_id == run_id, flying))
        .group_by(*groups)
    )
    with store.read() as connection:
        return [Tally(r[0], r[1], bool(r[2]), r[3]) for r in connection.execute(query)]
