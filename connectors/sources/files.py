"""Orders from files: CSV, compressed CSV, Parquet and JSON lines, in folders or by pattern.

Each file is a unit: it is taken whole or not at all, and when it changes, what it brings replaces
what it brought. A file that is gone leaves its orders in place. Where two files hold the same
order id, the one that was stored later wins; files that are new together go by their names.
So all lines of an order must stand in one file.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

from connectors.base import Source
from connectors.errors import Misconfigured
from connectors.sources.files_find import Cursor, Seen, digest, find, passed_over
from connectors.sources.files_open import open_rows
from connectors.sources.files_options import FilesOptions
from connectors.sources.rows import Layout, Rows
from connectors.sources.rows_lines import positions
from connectors.sources.rows_orders import RowOrders
from connectors.types import Page

__all__ = ["Files", "FilesOptions"]


class Files(Source[FilesOptions]):
    """A source of files. The cursor tells which files were read, and what they were."""

    options_class = FilesOptions
    #: Every file is looked at each time; one that is gone leaves its orders in place.
    recheck_days = None

    async def check(self) -> None:
        """Open every file and look for the columns; raises Misconfigured with what is missing."""
        await asyncio.to_thread(lambda: [self._open(path) for path in find(self.options.paths())])

    async def orders(self, since: str | None) -> AsyncIterator[Page]:
        """One page for each file that is new or has changed, by name; memory stays flat.

        A page's tables are streams that end with the next page. Raises Misconfigured, before the
        first page where it can, if a file is missing, is not what its name says, lacks a column,
        or has more unreadable rows than ``tolerate``; and at the end if there is no order at all.
        """
        cursor = Cursor.read(since, self.options.meaning())
        files = await asyncio.to_thread(find, self.options.paths())
        others = passed_over(self.options.paths(), files)
        changed = [path for path in files if not cursor.is_current(path)]
        for path in changed:
            self._open(path)
        for path in changed:
            before = path.stat()
            sha256 = await asyncio.to_thread(digest, path)
            read = await asyncio.to_thread(RowOrders, self._open(path), self.options)
            try:
                after = path.stat()
                if (after.st_size, after.st_mtime_ns) != (before.st_size, before.st_mtime_ns):
                    raise Misconfigured(
                        f"{path} changed while it was read; run again once it rests"
                    )
                seen = Seen(after.st_size, after.st_mtime_ns, sha256, read.count)
                cursor = cursor.after(path, seen)
                faults, others = others + read.faults, ()
                yield Page(read.orders(), cursor.text(), str(path), faults, read.set_aside())
            finally:
                read.close()
        if not any(cursor.files[str(path)].orders for path in files):
            raise Misconfigured(
                f"there is no order in {', '.join(self.options.paths())}: "
                f"{'one file' if len(files) == 1 else f'{len(files):,} files'}, "
                "without a row that can be used"
            )

    def _open(self, path: Path) -> Rows:
        rows = open_rows(path, Layout(self.options.encoding, self.options.delimiter))
        positions(rows, self.options)
        return rows
