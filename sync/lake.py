"""The lake: immutable Parquet files of orders and events, of which the latest version counts.

A page becomes one part: its file is written under a temporary name, synced and renamed;
only then one transaction makes the part count, takes away the part that it replaces, and moves
the cursor. A kill before the transaction leaves a file that nobody reads, and the same page is
pulled again.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from datetime import datetime
from hashlib import sha256
from itertools import groupby
from pathlib import Path
from typing import Any
from urllib.parse import quote

import duckdb
import ibis
import ibis.expr.types as ir
import pyarrow as pa
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq

from connectors.disk import whole_file
from connectors.spreadsheet import safe_batch
from connectors.types import Kind, Page, Stream
from sync.failpoints import reach
from sync.feeds import EVENTS, ORDERS, Feed
from sync.overlap import SMALL, Overlap
from sync.present import present
from sync.repeated import refuse_repeated
from sync.store import Store
from sync.store.records import Part, Rechecked

ROW_GROUP = 122_880
#: More parts than this are merged.
MANY = 50
#: Ids of the new parts that stand in another part with something else: how many, and the first.
SEVERAL = """
SELECT count(*), min(order_id) FROM (
    SELECT order_id FROM read_parquet($all)
    WHERE order_id IN (SELECT order_id FROM read_parquet($new))
    GROUP BY order_id HAVING min(amount) <> max(amount) OR min(kind) <> max(kind)
)
"""
WHERE = "SELECT filename FROM read_parquet($all, filename = true) WHERE order_id = $id"


class Lake:
    """What was pulled. One writer at a time, as the lease provides; many readers.

    ``root`` is a folder of its own. Rows that a source set aside go to ``set_aside``, by default
    the folder of that name beside ``root``.
    """

    def __init__(self, root: Path, store: Store, set_aside: Path | None = None) -> None:
        self.root, self.store = root, store
        self.set_aside = set_aside or root.with_name("set_aside")

    def write(
        self, source: str, page: Page, run_id: str | None, at: datetime, feed: Feed = ORDERS
    ) -> Part | None:
        """Store a page and its cursor; None if there was nothing but the cursor to store.

        Repeating it is harmless: the same rows as a newer version.
        """
        version, name = self.version() + 1, self._name(source, feed)
        with whole_file(self.root / name) as path:
            rows = _write_parquet(path, page.rows, source, version, feed)
            refuse_repeated(path, source, feed)
            reach("lake.written")
        self._write_set_aside(source, page, version, feed)
        reach("lake.renamed")
        if rows == 0 and page.unit is None:
            (self.root / name).unlink()
            self.store.save_cursor(source, page.cursor, at, stream=feed.name)
            return None
        part = self.store.save_part(
            *(source, name, rows, at),
            unit=page.unit,
            cursor=page.cursor,
            run_id=run_id,
            stream=feed.name,
        )
        reach("lake.committed")
        return part

    def take_away(self, source: str, voids: Stream, at: datetime, found: Rechecked) -> Part:
        """Store orders as taken away, and that the full recheck that missed them has ended."""
        version, name = self.version() + 1, self._name(source, ORDERS)
        with whole_file(self.root / name) as path:
            rows = _write_parquet(path, voids, source, version, ORDERS)
        reach("lake.renamed")
        part = self.store.save_part(source, name, rows, at, recheck=found)
        reach("lake.committed")
        return part

    def aside(self, source: str) -> Path:
        """The folder of the rows that a source set aside; it is there once there are any."""
        return self.set_aside / quote(source, safe="")

    def version(self) -> int:
        """The seq of the newest part, 0 while the lake is empty."""
        return self.store.lake_version()

    def orders(self, engine: ibis.BaseBackend, *, up_to: int | None = None) -> ir.Table:
        """The latest version of each order of each source, without those that were taken away.

        ``up_to`` reads the lake as it was when that version was its newest. One row for each
        (source, order_id), with the columns of a page, ``source`` and ``version``, in no order.
        Raises Misconfigured if a part's file is gone.
        """
        current = self.latest(engine, up_to=up_to)
        if current is None:
            return ibis.memtable(ORDERS.kept.empty_table())
        return current.filter(current.kind != Kind.VOID.value)

    def latest(
        self,
        engine: ibis.BaseBackend,
        source: str | None = None,
        *,
        feed: Feed = ORDERS,
        up_to: int | None = None,
    ) -> ir.Table | None:
        """The latest version of every row of one source or all, voids too; None if no row came."""
        found = self.store.parts(source, stream=feed.name, up_to=up_to)
        parts = sorted((part for part in found if part.rows), key=lambda p: (p.source, p.seq))
        tables = [
            self._latest(engine, list(group), feed)
            for _, group in groupby(parts, key=lambda p: p.source)
        ]
        if not tables:
            return None
        return ibis.union(*tables) if len(tables) > 1 else tables[0]

    def events(self, engine: ibis.BaseBackend, *, up_to: int | None = None) -> ir.Table | None:
        """The latest version of each event of each source, as ``orders``; None if there is none."""
        return self.latest(engine, feed=EVENTS, up_to=up_to)

    def in_several(self, source: str, run_id: str) -> tuple[int, str, tuple[str, ...]] | None:
        """Order ids that a run's units hold otherwise than another unit of the source does.

        How many, the first of them, and the units it stands in, the one that counts last. They
        differ in amount or kind. None if there is none: that is normal, and costs nothing where
        the run wrote no unit or the source has but one.
        """
        parts = {str(self.root / p.path): p for p in self.store.parts(source) if p.rows and p.unit}
        new = [path for path, part in parts.items() if part.run_id == run_id]
        if not new or len(parts) == 1 or self._none_twice(list(parts.values()), ORDERS):
            return None
        with duckdb.connect(config=SMALL) as base:
            found = base.execute(SEVERAL, {"all": list(parts), "new": new}).fetchone()
            if found is None or found[0] == 0:
                return None
            count, order_id = found
            places = base.execute(WHERE, {"all": list(parts), "id": order_id}).fetchall()
        units = sorted((parts[path].seq, parts[path].unit or "") for (path,) in places)
        return count, order_id, tuple(unit for _, unit in units)

    def compact(
        self,
        engine: ibis.BaseBackend,
        source: str,
        at: datetime,
        feed: Feed = ORDERS,
        *,
        many: int = MANY,
    ) -> Part | None:
        """Merge the parts of a source that pulls pages, once they are many or mostly repeat.

        That is more than ``many``, or fewer rows in the first than in all later ones. What can be
        read now or as of an earlier version stays the same. None if nothing was done: the parts of
        a source of units are replaced one by one and stay apart.
        """
        parts = self.store.parts(source, stream=feed.name)
        grown = sum(part.rows for part in parts[1:]) > sum(part.rows for part in parts[:1])
        if not (grown or len(parts) > many) or any(part.unit is not None for part in parts):
            return None
        latest = self._latest(engine, parts, feed).order_by(feed.moment, feed.key)
        name = self._name(source, feed)
        with whole_file(self.root / name) as path:
            engine.to_parquet(latest, path, compression="zstd")
        rows = pq.read_metadata(self.root / name).num_rows
        reach("lake.renamed")
        old = [part.seq for part in parts]
        return self.store.save_part(source, name, rows, at, stream=feed.name, replaces=old)

    def sweep(self, keep: int | None = None) -> int:
        """Delete what nobody reads, and say how many files that were; only while holding the lease.

        That is what a kill left behind, and, given ``keep``, also parts that were replaced when
        that version was the newest: nothing can be read as of an earlier one any more.
        """
        wanted = {
            self.root / path
            for path, replaced_by in self.store.part_files()
            if keep is None or replaced_by is None or replaced_by > keep
        }
        found = [path for path in self.root.rglob("*") if path.is_file() and path not in wanted]
        found += self.set_aside.rglob(".*.part")
        for path in found:
            path.unlink()
        return len(found)

    def _name(self, source: str, feed: Feed) -> str:
        # a name of its own for each try: who has lost the lease cannot overwrite a part
        name = f"{self.version() + 1:08d}-{secrets.token_hex(4)}.parquet"
        return f"{quote(source, safe='')}/{'' if feed is ORDERS else f'{feed.name}/'}{name}"

    def _latest(self, engine: ibis.BaseBackend, parts: Sequence[Part], feed: Feed) -> ir.Table:
        """The latest version of each row among the parts of one source, oldest part first."""
        if len(parts) == 1 or self._none_twice(parts, feed):
            return self._read(engine, parts)
        first, later = parts[0], parts[1:]
        if first.rows < sum(part.rows for part in later):
            return _latest_version(self._read(engine, parts), feed)
        newer = _latest_version(self._read(engine, later), feed)
        older = self._read(engine, [first]).anti_join(newer, feed.key)
        return older.union(newer)

    def _none_twice(self, parts: Sequence[Part], feed: Feed) -> bool:
        folder = self.root.with_name("overlap")
        folder = folder if feed is ORDERS else folder / feed.name
        memory = folder / f"{quote(parts[0].source, safe='')}.json"
        paths = [present(self.root / part.path) for part in parts]
        return Overlap(memory, feed.key).none_among(paths)

    def _read(self, engine: Any, parts: Sequence[Part]) -> ir.Table:  # noqa: ANN401 - ibis types one path only
        return engine.read_parquet([str(present(self.root / part.path)) for part in parts])

    def _write_set_aside(self, source: str, page: Page, version: int, feed: Feed) -> None:
        key = f"{version:08d}" if page.unit is None else _short(page.unit)
        path = self.aside(source) / f"{'' if feed is ORDERS else f'{feed.name}-'}{key}.csv"
        if page.set_aside is None:
            path.unlink(missing_ok=True)
            return
        reader = _reader(page.set_aside)
        with whole_file(path) as unfinished, pa_csv.CSVWriter(unfinished, reader.schema) as writer:
            for batch in reader:
                writer.write_batch(safe_batch(batch))


def _latest_version(rows: ir.Table, feed: Feed) -> ir.Table:
    newest = ibis.row_number().over(group_by=rows[feed.key], order_by=ibis.desc(rows.version))
    return rows.mutate(age=newest).filter(ibis._.age == 0).drop("age")


def _write_parquet(path: Path, rows: Stream, source: str, version: int, feed: Feed) -> int:
    count, schema = 0, feed.kept
    with pq.ParquetWriter(path, schema, compression="zstd") as writer:
        for batch in _reader(rows):
            count += batch.num_rows
            writer.write_table(_stamped(batch, source, version, schema), ROW_GROUP)
    return count


def _stamped(batch: pa.RecordBatch, source: str, version: int, schema: pa.Schema) -> pa.Table:
    count = batch.num_rows
    columns = [*batch.columns, pa.repeat(source, count), pa.repeat(version, count)]
    return pa.Table.from_arrays(
        [c.cast(f.type) for c, f in zip(columns, schema, strict=True)], schema=schema
    )


def _reader(rows: Stream) -> pa.RecordBatchReader:
    return rows if isinstance(rows, pa.RecordBatchReader) else rows.to_reader()


def _short(unit: str) -> str:
    """A file name for a unit: its own last part, and a digest as that alone may stand twice."""
    return f"{quote(unit.rsplit('/', 1)[-1], safe=' ')}-{sha256(unit.encode()).hexdigest()[:8]}"
