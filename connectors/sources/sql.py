"""Orders from a database: one query, whose rows are read as those of a file.

With a cursor column a pull brings what has changed since the last one, with an overlap. Without
one each pull is a whole: it replaces the last one, so that what was deleted goes. The rows of a
pull are as of one moment. No row is used before all were looked at: rows without a key, and keys
that stand twice, are counted and told, set aside or refused.
"""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from pathlib import Path

from connectors.base import Source
from connectors.errors import Misconfigured
from connectors.sources.rows import Rows
from connectors.sources.rows_lines import positions
from connectors.sources.rows_orders import RowOrders
from connectors.sources.sql_cursor import Cursor, Newest
from connectors.sources.sql_database import Database, opened
from connectors.sources.sql_options import SqlOptions
from connectors.sources.sql_select import Select
from connectors.sources.sql_spool import Spool, spool
from connectors.types import Fault, Page

__all__ = ["Sql", "SqlOptions"]

#: What all rows of a query are together, where there is no cursor.
WHOLE = "query"


class Sql(Source[SqlOptions]):
    """A query on a database behind an SQLAlchemy URL, or on a SQLite or DuckDB file."""

    options_class = SqlOptions

    async def check(self) -> None:
        """Send the query for its columns alone; raises with what is missing."""
        await asyncio.to_thread(self._check)

    async def orders(self, since: str | None) -> AsyncIterator[Page]:
        """One page of all that is new, or of all there is; none if that is what was brought last.

        A page's tables are streams that end with the next page. Raises Misconfigured if a column
        is missing, if too many rows cannot be read, or if there is no order at all.
        """
        cursor = Cursor.read(since, self.options.meaning())
        with tempfile.TemporaryDirectory(prefix="tidesman-") as folder:
            found, newest = await asyncio.to_thread(self._bring, cursor, Path(folder))
            whole = not self.options.cursors()
            if not found.count and (whole or not cursor.marks):
                raise Misconfigured(f"{found.rows.name} brings no row; is it the right database?")
            after = replace(cursor, marks=newest.marks, digest=found.digest)
            if not found.count or after == cursor:
                return
            read = await asyncio.to_thread(RowOrders, found.rows, self.options)
            try:
                if whole and not read.count:
                    raise Misconfigured(f"{found.rows.name} brings no order that can be used")
                faults = (*read.faults, *_ahead(newest))
                unit = WHOLE if whole else None
                yield Page(read.stream(), after.text(), unit, faults, read.set_aside())
            finally:
                read.close()

    def _check(self) -> None:
        with opened(self.options.place()) as database:
            self._wanted(database)

    def _bring(self, cursor: Cursor, folder: Path) -> tuple[Spool, Newest]:
        options = self.options
        with opened(options.place()) as database:
            columns = self._wanted(database)
            newest = Newest(options.cursors(), cursor.marks, database.now())
            since = cursor.since(options.cursors(), options.overlap_hours, options.overlap_steps)
            # an order of which one line is new is added up from all its lines
            whole = options.columns.order_id if options.lines else None
            select = Select(options.query, columns, since, whole)
            return spool(database, select, newest, folder), newest

    def _wanted(self, database: Database) -> tuple[str, ...]:
        """The columns that are needed, as the query has them; raises if one is not there."""
        there = database.columns(self.options.query)
        rows = Rows(f"the query on {database.name}", "", there, (), lambda _: iter(()))
        rows.numbered = False
        wanted = [there[place] for place in positions(rows, self.options.columns.chosen()).values()]
        for column in self.options.cursors():
            if column not in there:
                raise Misconfigured(
                    f"{rows.name} has no column {column!r} (cursor); it has {', '.join(there)}"
                )
        return tuple(dict.fromkeys([*wanted, *self.options.cursors()]))


def _ahead(newest: Newest) -> Iterator[Fault]:
    counts = [count for count, _ in newest.ahead.values()]
    if counts:
        example = next(iter(newest.ahead.values()))[1]
        yield Fault("rows that changed in the future", sum(counts), example)
