"""A copy of everything to try things on: the same orders and state, and nothing that is kept.

The state is opened for reading only and copied; files of the lake are linked, not copied. What a
trial pulls, learns and publishes lies in a temporary folder and is gone at the end.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Generator
from contextlib import ExitStack, closing, contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from urllib.parse import quote

from sqlalchemy import insert, make_url, select

from connectors.errors import Misconfigured
from sync.app import App, open_app, prepared
from sync.clock import SystemClock
from sync.scratch_folders import scratch_folder
from sync.store import Store, StoreMissing, StoreOutdated
from sync.store.dialect import open_engine
from sync.store.sentences import translated
from sync.store.tables import metadata

#: Rows that are copied at a time.
CHUNK = 10_000


@contextmanager
def scratch(config: Path | None) -> Generator[App]:
    """The configured parts on a copy of their state. Secrets are not needed and not there.

    Raises ConfigurationError and StoreError; Misconfigured passes with the places of the original.
    """
    loaded = prepared(config, secrets=False)
    with scratch_folder() as folder:
        data, state = folder / "data", folder / "state.db"
        data.mkdir()
        _copy_state(loaded.state_url, state)
        _link(loaded.data_dir, data)
        url = f"sqlite:///{state}"
        with closing(Store(url)) as store:
            try:
                yield App(replace(loaded, data_dir=data, state_url=url), store, SystemClock())
            except Misconfigured as error:
                # told of the files themselves, as nobody knows the copy
                told = str(error).replace(str(data), str(loaded.data_dir))
                raise Misconfigured(told) from error


@contextmanager
def looking(config: Path | None) -> Generator[App]:
    """The configured parts for reading only; of a state with an older schema a copy up to date."""
    with ExitStack() as stack:
        try:
            app = stack.enter_context(open_app(config, read_only=True, secrets=False))
        except StoreOutdated:
            app = stack.enter_context(scratch(config))
        yield app


@contextmanager
def stateless(config: Path | None) -> Generator[App]:
    """The configured parts in their places, for who only asks; nothing is made or changed.

    The state is one that is gone at the end. Raises ConfigurationError, and StoreError if the
    real one cannot be reached; that there is none yet is no error.
    """
    loaded = prepared(config, secrets=False)
    with suppress(StoreMissing):
        engine = open_engine(loaded.state_url, read_only=True)
        try:
            with translated(engine), engine.connect():
                pass
        finally:
            engine.dispose()
    with (
        scratch_folder() as folder,
        closing(Store(f"sqlite:///{folder / 'state.db'}")) as store,
    ):
        yield App(loaded, store, SystemClock())


def _copy_state(url: str, copy: Path) -> None:
    try:
        original = Store(url, read_only=True)
    except StoreMissing:
        return
    except StoreOutdated:
        if make_url(url).get_backend_name() != "sqlite":
            raise
        # whoever opens the copy brings it up to date
        _back_up(url, copy)
        return
    with closing(original):
        if original.engine.dialect.name == "sqlite":
            _back_up(url, copy)
            return
        with closing(Store(f"sqlite:///{copy}")) as fresh:
            _copy_tables(original, fresh)


def _back_up(url: str, copy: Path) -> None:
    place = quote(str(Path(make_url(url).database or "").absolute()))
    with (
        closing(sqlite3.connect(f"file:{place}?mode=ro", uri=True)) as source,
        closing(sqlite3.connect(copy)) as target,
    ):
        source.backup(target)


def _copy_tables(original: Store, fresh: Store) -> None:
    with original.read() as source, fresh.begin() as target:
        for table in metadata.sorted_tables:
            for rows in source.execute(select(table)).mappings().partitions(CHUNK):
                target.execute(insert(table), [dict(row) for row in rows])


def _link(original: Path, copy: Path) -> None:
    """The Parquet files only: what a run reads. A file written anew takes the place of its link."""
    for file in original.rglob("*.parquet"):
        link = copy / file.relative_to(original)
        link.parent.mkdir(parents=True, exist_ok=True)
        link.symlink_to(file)
