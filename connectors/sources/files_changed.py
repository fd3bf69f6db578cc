"""The files of a source that are new or have changed, each read as a page of its own."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Generator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Protocol

from connectors.errors import Misconfigured
from connectors.sources.files_find import REMOTE, find, passed_over
from connectors.sources.files_open import open_rows
from connectors.sources.files_options import FileEventsOptions, FilesOptions
from connectors.sources.files_seen import Cursor, Item, Local
from connectors.sources.files_store import Store
from connectors.sources.rows import Layout, Rows
from connectors.sources.rows_lines import positions
from connectors.types import Fault, Page, Stream

AnyOptions = FilesOptions | FileEventsOptions


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


def open_all(options: AnyOptions) -> None:
    """Open every file and look for the columns; raises Misconfigured with what is missing.

    Of those in an object store, the last by name, as each must be brought here first.
    """
    items = _items(options)
    far = [item for item in items if not item.near]
    for item in [*(item for item in items if item.near), *far[-1:]]:
        with item.here() as path:
            _open(path, item, options)


async def changed(
    options: AnyOptions, cursor: Cursor, read_rows: Callable[[Rows], Read], *, needed: bool
) -> AsyncGenerator[Page]:
    """One page for each file that is not as the cursor has it, by name.

    ``needed``: that there is no row at all that can be used is a mistake.
    """
    items = await asyncio.to_thread(_items, options)
    others = passed_over(options.paths())
    current = await asyncio.gather(*(asyncio.to_thread(cursor.is_current, item) for item in items))
    new = [item for item, known in zip(items, current, strict=True) if not known]
    for item in new:
        if item.near:
            with item.here() as path:
                _open(path, item, options)
    for item in new:
        before = await asyncio.to_thread(item.now)
        async with _brought(item) as path:
            with named(path, item):
                read = await asyncio.to_thread(read_rows, _open(path, item, options))
            try:
                if not await asyncio.to_thread(item.rests, before):
                    raise Misconfigured(
                        f"{item.name} changed while it was read; run again once it rests"
                    )
                cursor = cursor.after(item, replace(before, orders=read.count))
                faults, others = others + read.faults, ()
                yield Page(read.stream(), cursor.text(), item.name, faults, read.set_aside())
            finally:
                read.close()
    if needed and not any(cursor.files[item.name].orders for item in items):
        raise Misconfigured(
            f"there is no order in {', '.join(options.paths())}: "
            f"{'one file' if len(items) == 1 else f'{len(items):,} files'}, "
            "without a row that can be used"
        )


@asynccontextmanager
async def _brought(item: Item) -> AsyncGenerator[Path]:
    here = item.here()
    path = await asyncio.to_thread(here.__enter__)
    try:
        yield path
    finally:
        await asyncio.to_thread(here.__exit__, None, None, None)


def _items(options: AnyOptions) -> list[Item]:
    """All files that are meant, each once: those of this machine, then those of object stores."""
    store = Store(options.endpoint, options.region)
    far = {item.name: item for url in options.paths() if REMOTE in url for item in store.files(url)}
    near = find([path for path in options.paths() if REMOTE not in path])
    return [*map(Local, near), *(far[name] for name in sorted(far))]


def _open(path: Path, item: Item, options: AnyOptions) -> Rows:
    with named(path, item):
        rows = open_rows(path, Layout(options.encoding, options.delimiter))
        rows.name = item.name
        positions(rows, options.columns.chosen())
    return rows


@contextmanager
def named(path: Path, item: Item) -> Generator[None]:
    """A message names the file where the operator has it, not its copy here."""
    try:
        yield
    except Misconfigured as error:
        if item.near:
            raise
        raise Misconfigured(str(error).replace(str(path), item.name)) from error
