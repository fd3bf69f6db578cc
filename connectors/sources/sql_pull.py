"""One pull by a query: its rows on this machine's disk, looked at, then handed on as one page."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import AsyncGenerator, Callable, Iterator
from dataclasses import replace
from pathlib import Path

from connectors.errors import Misconfigured
from connectors.sources.files_changed import Read
from connectors.sources.rows import Rows
from connectors.sources.rows_lines import positions
from connectors.sources.sql_cursor import Cursor, Newest
from connectors.sources.sql_database import Database, opened
from connectors.sources.sql_options import SqlEventsOptions, SqlOptions
from connectors.sources.sql_select import Select
from connectors.sources.sql_spool import Spool, spool
from connectors.types import Fault, Page

#: What all rows of a query are together, where there is no cursor.
WHOLE = "query"

AnyOptions = SqlOptions | SqlEventsOptions


def look(options: AnyOptions) -> None:
    """Send the query for its columns alone; raises with what is missing."""
    with opened(options.place()) as database:
        _wanted(database, options)


async def pulled(
    options: AnyOptions, since: str | None, read_rows: Callable[[Rows], Read], *, needed: bool
) -> AsyncGenerator[Page]:
    """One page of all that is new, or of all there is; none if that is what was brought last.

    ``needed``: a query that brings nothing at all is a mistake.
    """
    cursor = Cursor.read(since, options.meaning())
    whole = not options.cursors()
    with tempfile.TemporaryDirectory(prefix="tidesman-") as folder:
        found, newest = await asyncio.to_thread(_bring, options, cursor, Path(folder))
        if needed and not found.count and (whole or not cursor.marks):
            raise Misconfigured(f"{found.rows.name} brings no row; is it the right database?")
        after = replace(cursor, marks=newest.marks, digest=found.digest)
        if after == cursor or not (found.count or whole):
            return
        read = await asyncio.to_thread(read_rows, found.rows)
        try:
            if needed and whole and not read.count:
                raise Misconfigured(f"{found.rows.name} brings no order that can be used")
            faults = (*read.faults, *_ahead(newest))
            unit = WHOLE if whole else None
            yield Page(read.stream(), after.text(), unit, faults, read.set_aside())
        finally:
            read.close()


def _bring(options: AnyOptions, cursor: Cursor, folder: Path) -> tuple[Spool, Newest]:
    with opened(options.place()) as database:
        columns = _wanted(database, options)
        newest = Newest(options.cursors(), cursor.marks, database.now())
        since = cursor.since(options.cursors(), options.overlap_hours, options.overlap_steps)
        # an order of which one line is new is added up from all its lines
        select = Select(options.query, columns, since, options.whole())
        return spool(database, select, newest, folder), newest


def _wanted(database: Database, options: AnyOptions) -> tuple[str, ...]:
    """The columns that are needed, as the query has them; raises if one is not there."""
    there = database.columns(options.query)
    rows = Rows(f"the query on {database.name}", "", there, (), lambda _: iter(()), numbered=False)
    wanted = [there[place] for place in positions(rows, options.columns.chosen()).values()]
    for column in options.cursors():
        if column not in there:
            raise Misconfigured(
                f"{rows.name} has no column {column!r} (cursor); it has {', '.join(there)}"
            )
    return tuple(dict.fromkeys([*wanted, *options.cursors()]))


def _ahead(newest: Newest) -> Iterator[Fault]:
    counts = [count for count, _ in newest.ahead.values()]
    if counts:
        example = next(iter(newest.ahead.values()))[1]
        yield Fault("rows that changed in the future", sum(counts), example)
