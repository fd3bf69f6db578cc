"""Reading a whole ledger at once, as planning needs it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import sqlalchemy as sa
from pyarrow import csv
from sqlalchemy.engine import Connection

from sync.ledger import KEYS, Ledger, Mark, slices
from sync.store import StoreError
from sync.store.tables import ledger

#: From so many keys on it is cheaper to read every row.
MANY = 50_000
#: Rows whose texts are joined at a time: far below the 1 GB that SQLite allows for a text.
RANGE = 2_000_000


@dataclass(frozen=True, slots=True)
class Standing:
    """What a ledger holds in total: rows, rows ever accepted, rows whose job is at the vendor."""

    rows: int
    known: int
    in_flight: int


class Scan:
    """The rows of one ledger, as columns."""

    def __init__(self, ledger_of: Ledger) -> None:
        self._ledger = ledger_of

    def scan(self, customers: int) -> tuple[Standing, pa.ChunkedArray]:
        """All rows in one pass: how many there are, and every ``wanted`` that is settled.

        Settled is what was accepted, or refused with that very value. The texts are joined inside
        the database: a million of them come over in a third of the time of a million rows.
        ``customers`` is about how many rows to expect.
        """
        settled = ledger.c.mark.in_([Mark.ACKED.value, Mark.REFUSED.value])
        query = sa.select(
            sa.func.count(),
            sa.func.count(ledger.c.accepted),
            sa.func.count(ledger.c.ticket),
            sa.func.count(sa.case((settled, 1))),
            sa.func.aggregate_strings(sa.case((settled, ledger.c.wanted)), "\n"),
        ).where(*self._ledger.mine)
        rows = known = in_flight = 0
        texts: list[pa.Array] = []
        with self._ledger.store.read() as connection:
            for part in self._ranges(connection, customers):
                row = connection.execute(query.where(*part)).one()
                rows, known, in_flight = rows + row[0], known + row[1], in_flight + row[2]
                if row[3]:
                    texts.extend(self._lines(row[4], row[3]).chunks)
        return Standing(rows, known, in_flight), pa.chunked_array(texts, pa.string())

    def _lines(self, text: str, count: int) -> pa.ChunkedArray:
        """The lines of a text. ``wanted`` is JSON: no sign that means anything to CSV is in it."""
        lines = csv.read_csv(
            pa.py_buffer(text.encode()),
            read_options=csv.ReadOptions(column_names=["wanted"]),
            parse_options=csv.ParseOptions(delimiter="\x1f", quote_char=False),
            convert_options=csv.ConvertOptions(column_types={"wanted": pa.string()}),
        ).column(0)
        if len(lines) != count:
            raise StoreError(
                f"the ledger of {self._ledger.destination} is damaged: {count} rows expected"
            )
        return lines

    def _ranges(
        self, connection: Connection, customers: int
    ) -> Iterator[tuple[sa.ColumnElement[bool], ...]]:
        """One range of all keys, or several for a ledger whose texts would not fit into one."""
        key = ledger.c.customer_id
        after: tuple[sa.ColumnElement[bool], ...] = ()
        if customers > RANGE:
            query = sa.select(key).where(*self._ledger.mine).order_by(key).offset(RANGE).limit(1)
            while (edge := connection.execute(query.where(*after)).scalar()) is not None:
                yield (*after, key < edge)
                after = (key >= edge,)
        yield after

    def facts(self, ids: pa.ChunkedArray) -> pa.Table:
        """Of these customers: whether ever accepted, and whether in a job at the vendor."""
        columns = (
            ledger.c.customer_id,
            ledger.c.accepted.is_not(None),
            ledger.c.ticket.is_not(None),
        )
        query = sa.select(*columns).where(*self._ledger.mine)
        rows: list[Any] = []
        with self._ledger.store.read() as connection:
            if len(ids) > MANY:
                rows.extend(connection.execute(query))
            else:
                for some in slices(ids.to_pylist(), KEYS):
                    found = connection.execute(query.where(ledger.c.customer_id.in_(some)))
                    rows.extend(found)
        keys, known, flying = zip(*rows, strict=True) if rows else ((), (), ())
        return pa.table(
            {
                "customer_id": pa.array(keys, pa.string()),
                "known": pa.array(map(bool, known), pa.bool_()),
                "in_flight": pa.array(map(bool, flying), pa.bool_()),
            }
        )

    def all_accepted(self) -> Iterator[pa.Table]:
        """Customer id and last accepted value of every row that is acked, some at a time."""
        query = sa.select(ledger.c.customer_id, ledger.c.accepted).where(
            *self._ledger.mine, ledger.c.mark == Mark.ACKED.value
        )
        with self._ledger.store.read() as connection:
            rows = connection.execution_options(yield_per=MANY).execute(query)
            for some in rows.partitions():
                keys, values = zip(*some, strict=True)
                yield pa.table({"customer_id": pa.array(keys), "accepted": pa.array(values)})
