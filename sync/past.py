"""What an evaluation of the past was made from, as far as it is still kept."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import ibis

from connectors.errors import Misconfigured
from segmenter.basis import Basis
from segmenter.expr import Engine, Table
from segmenter.model import Model
from segmenter.settings import Settings
from segmenter.thresholds import Thresholds
from sync.activity import Activity
from sync.reading import Reading, as_published, as_then, cards_of

if TYPE_CHECKING:
    from sync.app import App
    from sync.store import Snapshot


def basis_of(app: App, engine: Engine, snapshot: Snapshot) -> Basis | None:
    """The basis of a snapshot; None if it names no model or thresholds.

    Orders are those that were known then; where the lake no longer has that version, those that
    are known now, up to that moment. Figures are kept for the last two runs only.
    """
    learnt = learnt_by(app, snapshot)
    if learnt is None:
        return None
    figures = figures_of(app, snapshot.run_id)
    return as_made(
        snapshot,
        learnt,
        _orders(app, engine, snapshot),
        figures=engine.read_parquet(figures) if figures.exists() else None,
        events=_events(app, engine, snapshot),
    )


def learnt_by(app: App, snapshot: Snapshot) -> tuple[Model, Thresholds] | None:
    """The model and the thresholds of a snapshot; None if it names none."""
    if snapshot.model_version is None or snapshot.thresholds_version is None:
        return None
    model = app.store.model(snapshot.model_version)
    thresholds = app.store.thresholds(snapshot.thresholds_version)
    if model is None or thresholds is None:
        return None
    return Model.from_json(model.body), Thresholds.from_json(thresholds.body)


def as_made(
    snapshot: Snapshot,
    learnt: tuple[Model, Thresholds],
    orders: Table,
    *,
    figures: Table | None,
    events: Table | None,
) -> Basis:
    """The basis of a snapshot, on those of these orders that were there at its moment."""
    return Basis(
        orders.filter(orders.ordered_at <= ibis.literal(snapshot.created_at)),
        snapshot.as_of,
        *learnt,
        Settings.from_dict(snapshot.settings),
        figures=figures,
        events=events,
    )


def figures_of(app: App, run_id: str) -> Path:
    """Where the operator's figures are kept as a run read them."""
    return app.loaded.data_dir / "figures" / f"{run_id}.parquet"


def _events(app: App, engine: Engine, snapshot: Snapshot) -> Table | None:
    reading, until = Reading.from_dict(snapshot.reading), snapshot.created_at
    try:
        cards = cards_of(app, engine, reading)
    except Misconfigured:
        cards = None
    try:
        activity = Activity(app, engine, up_to=snapshot.lake_version, until=until)
    except Misconfigured:
        # the lake no longer has that version
        activity = Activity(app, engine, up_to=None, until=until)
    return activity.by_customer(reading, cards)


def _orders(app: App, engine: Engine, snapshot: Snapshot) -> Table:
    try:
        orders = app.lake().orders(engine, up_to=snapshot.lake_version)
    except Misconfigured:
        orders = app.lake().orders(engine)
    try:
        return as_then(app, engine, orders, Reading.from_dict(snapshot.reading))
    except Misconfigured:
        # its cards are gone too
        return as_published(app, engine, orders)
