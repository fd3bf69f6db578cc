"""At the pull, the orders and events of people who were forgotten are dropped and counted."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

import pyarrow as pa

from connectors.spreadsheet import compute
from connectors.types import Fault, Page, Stream
from segmenter.phone import e164
from sync.store import Store
from sync.theirs import bare

NAME = "forgotten people"


class Door:
    """Knows forgotten people of one source by hashes. While there are none it costs nothing.

    A row is dropped for its customer id or its e-mail address; for its phone number only where it
    has neither. Rows that were set aside are dropped for any cell. ``region`` as ``e164`` has it.
    ``home`` is given where ids are as we show them: the source whose ids these are without a name.
    """

    def __init__(
        self, store: Store, source: str, region: str | None, home: str | None = None
    ) -> None:
        self._store, self._source, self._region, self._home = store, source, region, home
        self._known = store.forgotten_digests()
        self._dropped = 0

    def admitted(self, page: Page) -> Page:
        """The page without forgotten people; its streams are still read once, by whoever stores."""
        if not self._known:
            return page
        aside = page.set_aside
        return replace(
            page,
            rows=_stream(page.rows, self._rows),
            set_aside=None if aside is None else _stream(aside, self._set_aside),
        )

    def faults(self) -> tuple[Fault, ...]:
        """What was dropped since it was last asked, told by count alone."""
        dropped, self._dropped = self._dropped, 0
        return (Fault(NAME, dropped, ""),) if dropped else ()

    def _rows(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        ids, emails, phones = (batch.column(name) for name in ("customer_id", "email", "phone"))
        gone = compute.or_(self._hit(ids, self._as_id), self._hit(emails, _as_address))
        alone = bare(batch)
        if compute.any(alone).as_py():
            lone = compute.if_else(alone, phones, pa.scalar(None, phones.type))
            gone = compute.or_(gone, self._hit(lone, self._as_number))
        kept = batch.filter(compute.invert(gone))
        self._dropped += batch.num_rows - kept.num_rows
        return kept

    def _set_aside(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        gone = pa.repeat(pa.scalar(False), batch.num_rows)
        for column in batch.columns:
            if pa.types.is_string(column.type):
                for spelt in (self._as_id, _as_address, self._as_number):
                    gone = compute.or_(gone, self._hit(column, spelt))
        return batch.filter(compute.invert(gone))

    def _hit(self, column: pa.Array, spelt: Callable[[str], list[str]]) -> pa.Array:
        keys = {value: spelt(value) for value in column.unique().drop_null().to_pylist()}
        digests = self._store.digests([key for each in keys.values() for key in each])
        known = [v for v, each in keys.items() if any(digests[k] in self._known for k in each)]
        return compute.is_in(column, value_set=pa.array(known, column.type))

    # each with the plain text that was hashed before ids had a source
    def _as_id(self, value: str) -> list[str]:
        one = value.strip()
        keys = [f"{self._source}\n{value}", f"{self._source}\n{one}", _plain(value)]
        if self._home is None:
            return keys
        # a guest is shown by his number
        return [*keys, f"{self._home}\n{one}", one.replace(":", "\n", 1), f"\n{one}"]

    def _as_number(self, value: str) -> list[str]:
        (number,) = e164([value], self._region)
        return [_plain(value), *(f"\n{one.strip()}" for one in (value, number) if one is not None)]


def _as_address(value: str) -> list[str]:
    return [_plain(value)]


def _plain(value: str) -> str:
    return value.strip().lower()


def _stream(rows: Stream, keep: object) -> pa.RecordBatchReader:
    reader = rows if isinstance(rows, pa.RecordBatchReader) else rows.to_reader()

    def kept() -> Iterator[pa.RecordBatch]:
        for batch in reader:
            yield keep(batch)  # type: ignore[operator]

    return pa.RecordBatchReader.from_batches(reader.schema, kept())
