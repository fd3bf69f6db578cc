"""What a run clears away when it is done: nothing that is still read, now or by the next run."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sync.failpoints import reach
from sync.feeds import FEEDS
from sync.reading import FOLDER

if TYPE_CHECKING:
    from sync.app import App

#: Published evaluations whose files are kept: a week back, and today's.
KEPT = 8


def tidy(app: App) -> None:
    """Merge small parts, and delete files that nobody reads; only while holding the lease.

    The lake stays readable as of the published version, which the causes of the next moves need.
    """
    published = app.store.recent_snapshots(KEPT)
    if not published:
        return
    lake = app.lake()
    engine = app.engine()
    for name in app.sources:
        for feed in FEEDS:
            lake.compact(engine, name, app.clock.now(), feed)
    reach("tidy.compacted")
    lake.sweep(keep=published[0].lake_version)
    kept = [each for snapshot in published for each in (snapshot.reading or {}).values()]
    for path in (app.loaded.data_dir / FOLDER).glob("*.parquet"):
        if str(path.relative_to(app.loaded.data_dir)) not in kept:
            path.unlink(missing_ok=True)
    unfinished(app)
    wanted = {app.loaded.data_dir / snapshot.path for snapshot in published}
    for path in (app.loaded.data_dir / "snapshots").glob("*.parquet"):
        if path not in wanted:
            path.unlink(missing_ok=True)


def unfinished(app: App) -> None:
    """Delete what a kill left of files that were being written; only while holding the lease."""
    for folder in (FOLDER, "snapshots", "figures"):
        for path in (app.loaded.data_dir / folder).rglob(".*.part"):
            path.unlink(missing_ok=True)
