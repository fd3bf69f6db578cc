"""The ledger corrected from outside: rows due again, and rows that a vendor vouches for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from sync.ledger import KEYS, Ledger, Mark, slices
from sync.store.dialect import execute_many, plain_moment, upsert
from sync.store.tables import ledger

DIFFERS = "read back: the vendor does not hold what it accepted"
ELSEWHERE = "read back: the vendor holds another segment"
#: Stands where a run's id does: no run has written such a row.
READ_BACK = "read back"


@dataclass(frozen=True, slots=True)
class Vouched:
    """What a vendor turned out to hold of a customer; texts as ``sync.values`` has them.

    ``whole`` says that it is all that is wanted, so that nothing has to be sent.
    """

    customer_id: str
    wanted: str
    value: str
    held: str
    whole: bool


def acknowledged(of: Ledger) -> list[str]:
    """The customers of whom this destination accepted all that was sent, by id."""
    query = sa.select(ledger.c.customer_id).where(*of.mine, ledger.c.mark == Mark.ACKED.value)
    with of.store.read() as connection:
        return list(connection.execute(query.order_by(ledger.c.customer_id)).scalars())


def accepted(of: Ledger, ids: Sequence[str]) -> Iterator[dict[str, str]]:
    """What was accepted of those of them who are still ``acked``, some at a time."""
    query = sa.select(ledger.c.customer_id, ledger.c.accepted).where(
        *of.mine, ledger.c.mark == Mark.ACKED.value, ledger.c.accepted.is_not(None)
    )
    for some in slices(ids, KEYS):
        with of.store.read() as connection:
            rows = connection.execute(query.where(ledger.c.customer_id.in_(some))).all()
        yield {row[0]: row[1] for row in rows}


def due_again(of: Ledger, differing: Mapping[str, str], at: datetime) -> None:
    """Have these customers sent again, unless another value was accepted since it was looked at.

    ``differing`` has the accepted text by customer id. One transaction.
    """
    statement = (
        sa.update(ledger)
        .where(
            *of.mine,
            ledger.c.customer_id == sa.bindparam("key"),
            ledger.c.mark == Mark.ACKED.value,
            ledger.c.accepted == sa.bindparam("seen"),
        )
        .values(mark=Mark.UNSURE.value, value=ledger.c.accepted, reason=DIFFERS, updated_at=at)
    )
    rows = [{"key": who, "seen": text} for who, text in differing.items()]
    if rows:
        with of.store.begin() as connection:
            connection.execute(statement, rows)


def adopt(of: Ledger, found: Sequence[Vouched], at: datetime) -> None:
    """Write down what a vendor holds as if it had been accepted here. One transaction.

    Who holds another segment than is wanted is known, and due.
    """
    if not found:
        return
    keys = ("destination", "channel", "customer_id")
    columns = ("wanted", "value", "mark", "accepted", "reason", "ticket", "run_id", "updated_at")
    with of.store.begin() as connection:
        rows: dict[str, object] = {
            "destination": of.destination,
            "channel": of.channel,
            "customer_id": [one.customer_id for one in found],
            "wanted": [one.wanted for one in found],
            "value": [None if one.whole else one.value for one in found],
            "mark": [(Mark.ACKED if one.whole else Mark.UNSURE).value for one in found],
            "accepted": [one.held for one in found],
            "reason": [None if one.whole else ELSEWHERE for one in found],
            "ticket": None,
            "run_id": READ_BACK,
            "updated_at": plain_moment(connection, at),
        }
        execute_many(connection, upsert(connection, ledger, keys, columns), rows)
