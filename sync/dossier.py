"""All that is held of one person, as values that JSON can hold."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from operator import itemgetter
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

import pyarrow.parquet as pq
import sqlalchemy as sa

from sync.feeds import EVENTS, ORDERS, Feed
from sync.store import Part, Somebody
from sync.store.tables import ledger, outbox, transitions
from sync.theirs import IDENTITY, read_aside, theirs, theirs_aside
from sync.values import load, load_properties

if TYPE_CHECKING:
    from sync.app import App


def dossier(app: App, who: Somebody) -> dict[str, Any]:
    """Orders and activity (events of sources) in every version, scores and segments as published,
    moves, what was sent (``events`` of ours) and accepted.

    Rows of files are found by the rule by which ``forget`` takes them away.
    """
    root = app.loaded.data_dir
    snapshot = app.store.latest_snapshot()
    parts = app.store.all_parts()
    ours = {str(path.relative_to(root)): _found(path, who) for path in root.glob("*/*.parquet")}
    aside = app.lake().set_aside
    return {
        "goes_by": asdict(who),
        "orders": _pulled(root, parts, who, ORDERS),
        "activity": _pulled(root, parts, who, EVENTS),
        "scores_and_segments": [] if snapshot is None else ours.pop(snapshot.path, []),
        "other_files": {name: rows for name, rows in sorted(ours.items()) if rows},
        "set_aside": [row for path in sorted(aside.rglob("*.csv")) for row in _aside(path, who)],
        "moves": _rows(app, transitions, who),
        "destinations": [_told(row) for row in _rows(app, ledger, who)],
        "events": [
            {**row, "payload": load_properties(row["payload"])} for row in _rows(app, outbox, who)
        ],
    }


def _pulled(root: Path, parts: Sequence[Part], who: Somebody, feed: Feed) -> list[dict[str, Any]]:
    paths = (root / "lake" / part.path for part in parts if part.stream == feed.name)
    order = itemgetter(feed.moment, feed.key, "version")
    return sorted((row for path in paths for row in _found(path, who)), key=order)


def _found(path: Path, who: Somebody) -> list[dict[str, Any]]:
    if not path.exists():
        return []
    with pq.ParquetFile(path) as file:
        if not IDENTITY & set(file.schema_arrow.names):
            return []
        batches = (batch.filter(theirs(batch, who)) for batch in file.iter_batches())
        return [row for batch in batches for row in batch.to_pylist()]


def _aside(path: Path, who: Somebody) -> list[dict[str, Any]]:
    table = read_aside(path)
    rows = table.filter(theirs_aside(table, unquote(path.parent.name), who))
    return [dict(row) for row in rows.to_pylist()]


def _rows(app: App, table: sa.Table, who: Somebody) -> list[dict[str, Any]]:
    query = sa.select(table).where(table.c.customer_id.in_(who.keys))
    with app.store.read() as connection:
        return [dict(row) for row in connection.execute(query).mappings()]


def _told(row: dict[str, Any]) -> dict[str, Any]:
    texts = {name: row[name] for name in ("value", "accepted")}
    return {**row, **{k: None if t is None else asdict(load(t)) for k, t in texts.items()}}
