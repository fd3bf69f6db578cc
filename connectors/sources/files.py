"""Orders or events from files: CSV, packed or not, Parquet and JSON lines; folders or patterns.

Each file is a unit: it is taken whole or not at all, and when it changes, what it brings replaces
what it brought. A file that is gone leaves its orders in place. Where two files hold the same
order id, the one that was stored later wins; files that are new together go by their names.
So all lines of an order must stand in one file.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from functools import partial

from connectors.base import Source
from connectors.sources.files_changed import changed, open_all
from connectors.sources.files_options import FileEventsOptions, FilesOptions
from connectors.sources.files_seen import Cursor
from connectors.sources.rows_events import RowEvents
from connectors.sources.rows_orders import RowOrders
from connectors.types import Page

__all__ = ["FileEvents", "FileEventsOptions", "Files", "FilesOptions"]


class Files(Source[FilesOptions]):
    """A source of files. The cursor tells which files were read, and what they were."""

    options_class = FilesOptions
    #: Every file is looked at each time; one that is gone leaves its orders in place.
    recheck_days = None

    async def check(self) -> None:
        """Open every file and look for the columns; raises Misconfigured with what is missing."""
        await asyncio.to_thread(open_all, self.options)

    def orders(self, since: str | None) -> AsyncIterator[Page]:
        """One page for each file that is new or has changed, by name; memory stays flat.

        A page's tables are streams that end with the next page. Raises Misconfigured, before the
        first page where it can, if a file is missing, is not what its name says, lacks a column,
        or has more unreadable rows than ``tolerate``; and at the end if there is no order at all.
        """
        cursor = Cursor.read(since, self.options.meaning())
        return changed(self.options, cursor, partial(RowOrders, options=self.options), needed=True)


class FileEvents(Source[FileEventsOptions]):
    """Events from files, one a row; as with orders each file is a unit."""

    options_class = FileEventsOptions

    async def check(self) -> None:
        """Open every file and look for the columns; raises Misconfigured with what is missing."""
        await asyncio.to_thread(open_all, self.options)

    def events(self, since: str | None) -> AsyncIterator[Page]:
        """One page for each file that is new or has changed, by name. Raises as ``Files``."""
        cursor = Cursor.read(since, self.options.meaning())
        return changed(self.options, cursor, partial(RowEvents, options=self.options), needed=False)
