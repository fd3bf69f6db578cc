"""The files of a source that are new or have changed, each read as a page of its own."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable
from pathlib import Path
from typing import Protocol

from connectors.errors import Misconfigured
from connectors.sources.files_find import Cursor, Seen, digest, find, passed_over
from connectors.sources.files_open import open_rows
from connectors.sources.files_options import FileEventsOptions, FilesOptions
from connectors.sources.rows import Layout, Rows
from connectors.sources.rows_lines import positions
from connectors.types import Fault, Page, Stream


class Read(Protocol):
    """What was read of a file; streams are read once, before it is closed."""

    count: int
    faults: tuple[Fault, ...]

    def stream(self) -> Stream:
        """The rows that can be used."""
        ...

    def set_aside(self) -> Stream | None:
        """Those that cannot."""
        ...

    def close(self) -> None:
        """Give back memory."""
        ...


def open_all(options: FilesOptions | FileEventsOptions) -> None:
    """Open every file and look for the columns; raises Misconfigured with what is missing."""
    for path in find(options.paths()):
        _open(path, options)


async def changed(
    options: FilesOptions | FileEventsOptions, cursor: Cursor, read_rows: Callable[[Rows], Read]
) -> AsyncGenerator[Page]:
    """One page for each file that is not as the cursor has it, by name."""
    files = await asyncio.to_thread(find, options.paths())
    others = passed_over(options.paths(), files)
    new = [path for path in files if not cursor.is_current(path)]
    for path in new:
        _open(path, options)
    for path in new:
        before = path.stat()
        sha256 = await asyncio.to_thread(digest, path)
        read = await asyncio.to_thread(read_rows, _open(path, options))
        try:
            after = path.stat()
            if (after.st_size, after.st_mtime_ns) != (before.st_size, before.st_mtime_ns):
                raise Misconfigured(f"{path} changed while it was read; run again once it rests")
            seen = Seen(after.st_size, after.st_mtime_ns, sha256, read.count)
            cursor = cursor.after(path, seen)
            faults, others = others + read.faults, ()
            yield Page(read.stream(), cursor.text(), str(path), faults, read.set_aside())
        finally:
            read.close()


def _open(path: Path, options: FilesOptions | FileEventsOptions) -> Rows:
    rows = open_rows(path, Layout(options.encoding, options.delimiter))
    positions(rows, options.columns.chosen())
    return rows
