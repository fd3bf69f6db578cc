"""Whether a source has far fewer orders than when they were last published."""

from __future__ import annotations

from typing import TYPE_CHECKING

import duckdb

from connectors.types import Kind
from sync.overlap import SMALL
from sync.present import present

if TYPE_CHECKING:
    from segmenter.expr import Table
    from sync.app import App

VOIDS = "SELECT count(*) FROM read_parquet(?) WHERE kind = ?"


def shrunk(app: App) -> str | None:
    """The sentence about it, or None; nothing can have shrunk before anything was published."""
    previous = app.store.latest_snapshot()
    if previous is None or previous.lake_version == app.store.lake_version():
        return None
    least = app.loaded.settings.brake.min_source_share
    for name in app.sources:
        before, now = _orders(app, name, previous.lake_version)
        if before > 0 and now < least * before:
            return (
                f"the source {name} now has {now:,} orders where it had {before:,}; nothing is "
                "published until this is mended or approved"
            )
    return None


def _orders(app: App, name: str, then: int) -> tuple[int, int]:
    """How many orders a source had as of a version of the lake, and how many it has now.

    The parts of units are counted by their rows. Pages overlap, so there only orders taken away
    can make fewer of them: the rest is counted once there is such a row.
    """
    before, now = app.store.parts(name, up_to=then), app.store.parts(name)
    if all(part.unit is not None for part in (*before, *now)):
        return sum(part.rows for part in before), sum(part.rows for part in now)
    lake = app.lake()
    new = [str(present(lake.root / part.path)) for part in now if part.seq > then and part.rows]
    if not new or not _any_void(new):
        return 0, 0
    engine = app.engine()
    try:
        counts = [
            0 if rows is None else engine.to_pyarrow(_standing(rows).count()).as_py()
            for rows in (lake.latest(engine, name, up_to=then), lake.latest(engine, name))
        ]
        return counts[0], counts[1]
    finally:
        engine.disconnect()


def _standing(rows: Table) -> Table:
    return rows.filter(rows.kind != Kind.VOID.value)


def _any_void(files: list[str]) -> bool:
    with duckdb.connect(config=SMALL) as base:
        found = base.execute(VOIDS, [files, Kind.VOID.value]).fetchone()
    return found is not None and found[0] > 0
