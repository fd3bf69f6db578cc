"""At the pull, the orders of people who were forgotten are dropped and counted."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

import pyarrow as pa

from connectors.spreadsheet import compute
from connectors.types import Fault, Page, Stream
from sync.store import Store

NAME = "forgotten people"


class Door:
    """Knows forgotten people by hashes. While there are none it costs nothing.

    A row is dropped for its customer id or its e-mail address; for its phone number only where it
    has neither. Rows that were set aside are dropped for any cell.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._known = store.forgotten_digests()
        self._dropped = 0

    def admitted(self, page: Page) -> Page:
        """The page without forgotten people; its streams are still read once, by whoever stores."""
        if not self._known:
            return page
        aside = page.set_aside
        return replace(
            page,
            orders=_stream(page.orders, self._orders),
            set_aside=None if aside is None else _stream(aside, self._set_aside),
        )

    def faults(self) -> list[Fault]:
        """What was dropped, told by count alone."""
        return [Fault(NAME, self._dropped, "")] if self._dropped else []

    def _orders(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        ids, emails, phones = (batch.column(name) for name in ("customer_id", "email", "phone"))
        bare = compute.and_(_blank(ids), _blank(emails))
        gone = compute.or_(self._hit(ids), self._hit(emails))
        gone = compute.or_(gone, compute.and_(bare, self._hit(phones)))
        kept = batch.filter(compute.invert(gone))
        self._dropped += batch.num_rows - kept.num_rows
        return kept

    def _set_aside(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        for column in batch.columns:
            if pa.types.is_string(column.type):
                hits = self._hit(column)
                if compute.any(hits).as_py():
                    return self._set_aside(batch.filter(compute.invert(hits)))
        return batch

    def _hit(self, column: pa.Array) -> pa.Array:
        values: Sequence[str] = column.unique().drop_null().to_pylist()
        digests = self._store.digests(values)
        known = [value for value, digest in digests.items() if digest in self._known]
        return compute.is_in(column, value_set=pa.array(known, column.type))


def _blank(column: pa.Array) -> pa.Array:
    return compute.fill_null(compute.equal(compute.utf8_trim_whitespace(column), ""), True)


def _stream(rows: Stream, keep: object) -> pa.RecordBatchReader:
    reader = rows if isinstance(rows, pa.RecordBatchReader) else rows.to_reader()

    def kept() -> Iterator[pa.RecordBatch]:
        for batch in reader:
            yield keep(batch)  # type: ignore[operator]

    return pa.RecordBatchReader.from_batches(reader.schema, kept())
