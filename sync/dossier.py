"""All that is held of one person, as values that JSON can hold."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import duckdb
import sqlalchemy as sa

from sync.overlap import SMALL
from sync.store import Somebody
from sync.store.tables import ledger, outbox, transitions
from sync.values import load, load_properties

if TYPE_CHECKING:
    from sync.app import App

ORDERS = """
SELECT * FROM read_parquet($files, union_by_name = true)
WHERE customer_id IN (SELECT unnest($ids)) OR lower(trim(email)) IN (SELECT unnest($emails))
ORDER BY ordered_at, order_id, version
"""
SCORES = "SELECT * FROM read_parquet($files) WHERE customer_id IN (SELECT unnest($ids))"


def dossier(app: App, who: Somebody) -> dict[str, Any]:
    """Orders in every version, scores and segments as published, moves, what was sent and accepted.

    Nothing is left out that ``forget`` would take away, but rows that were set aside as unreadable.
    """
    snapshot = app.store.latest_snapshot()
    published = [] if snapshot is None else [app.loaded.data_dir / snapshot.path]
    root = app.loaded.data_dir / "lake"
    lake = [root / path for _, _, path in app.store.all_parts()]
    with duckdb.connect(config=SMALL) as base:
        orders = _found(base, ORDERS, lake, ids=list(who.ids), emails=list(who.emails))
        scores = _found(base, SCORES, published, ids=who.keys)
    return {
        "goes_by": asdict(who),
        "orders": orders,
        "scores_and_segments": scores,
        "moves": _rows(app, transitions, who),
        "destinations": [_told(row) for row in _rows(app, ledger, who)],
        "events": [
            {**row, "payload": load_properties(row["payload"])} for row in _rows(app, outbox, who)
        ],
    }


def _found(
    base: duckdb.DuckDBPyConnection, query: str, files: list[Any], **given: object
) -> list[dict[str, Any]]:
    there = [str(path) for path in files if path.exists()]
    if not there:
        return []
    # moments in UTC; as Arrow, since duckdb's own rows need a library of time zones more
    base.execute("SET TimeZone = 'UTC'")
    found: Any = base.sql(query, params={"files": there, **given}).to_arrow_table()
    rows: list[dict[str, Any]] = found.to_pylist()
    return rows


def _rows(app: App, table: sa.Table, who: Somebody) -> list[dict[str, Any]]:
    query = sa.select(table).where(table.c.customer_id.in_(who.keys))
    with app.store.read() as connection:
        return [dict(row) for row in connection.execute(query).mappings()]


def _told(row: dict[str, Any]) -> dict[str, Any]:
    texts = {name: row[name] for name in ("value", "accepted")}
    return {**row, **{k: None if t is None else asdict(load(t)) for k, t in texts.items()}}
