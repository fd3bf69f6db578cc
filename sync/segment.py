"""The second step of a run: who is in which segment, learnt and evaluated from the lake."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import ibis
import pyarrow as pa
import pyarrow.parquet as pq

from connectors.disk import whole_file
from connectors.errors import Misconfigured
from connectors.types import Kind
from segmenter.basis import Basis
from segmenter.complete import complete
from segmenter.evaluate import census, evaluate, moves
from segmenter.expr import Engine, Table
from segmenter.learn import learn, propose
from segmenter.model import Model
from segmenter.refresh import summarize_again
from segmenter.schemes import definitions
from segmenter.settings import Settings
from segmenter.stage import rows_in
from segmenter.thresholds import Thresholds
from sync import choices
from sync.present import present
from sync.report import Segment
from sync.store import NewSnapshot, Snapshot

if TYPE_CHECKING:
    from sync.app import App


@dataclass(frozen=True, slots=True)
class Counted:
    """Orders up to a day, and those that lie after the moment of counting."""

    orders: int
    future: int


@dataclass(frozen=True, slots=True)
class Evaluated:
    """An evaluation that is written down but not published; ``moves`` as the segmenter has them."""

    snapshot: NewSnapshot
    moves: pa.Table


@dataclass(frozen=True, slots=True)
class Described:
    """What a report tells of a snapshot."""

    orders: int
    future: int
    segments: tuple[Segment, ...]
    notes: tuple[str, ...]


class Segmenting:
    """One evaluation for one day, on what the lake holds now; orders after this moment wait."""

    def __init__(self, app: App, as_of: date) -> None:
        self.app = app
        self.as_of = as_of
        self.engine = app.engine()
        self.settings = app.segmentation()
        self.lake = app.lake()
        self.version = self.lake.version()
        self.now = app.clock.now()
        self.previous = app.store.latest_snapshot()
        self.figures: Table | None = None
        self.events: Table | None = None

    def evaluate(self, run_id: str) -> Evaluated:
        """Learn if it is time, evaluate, and write the result beside the published one.

        Raises Misconfigured if there is no order up to the day.
        """
        # read first, so that a mistake in them is told before anything is worked out
        self.figures = choices.figures(self.engine, self.app.chosen())
        self.events = choices.events(self.engine, self.app.chosen())
        unchanged = self._unchanged(run_id)
        if unchanged is not None:
            return unchanged
        orders = self._orders()
        before, previous = self._before(), self._published()
        # summed up once, as learning, proposing and evaluating all begin with it
        buyers = summarize_again(self.engine, orders, self.as_of, before=before, previous=previous)
        if rows_in(buyers) == 0:
            raise Misconfigured(
                f"there is no order up to {self.as_of}; nothing is published. Look at the sources: "
                "tidesman check"
            )
        model_version, model = self._model(orders, buyers)
        thresholds_version, basis = self._basis(orders, buyers, model)
        self._keep_figures(run_id)
        today = evaluate(
            self.engine,
            basis,
            self.settings,
            before=before,
            previous=previous,
            buyers=buyers,
        )
        place = self._write(today, run_id)
        stored = self.engine.read_parquet(place)
        snapshot = NewSnapshot(
            run_id,
            self.as_of,
            str(place.relative_to(self.app.loaded.data_dir)),
            pq.read_metadata(place).num_rows,
            model_version,
            thresholds_version,
            self.version,
            self.settings.to_dict(),
            self.now,
        )
        moved = self.engine.to_pyarrow(moves(stored, self.as_of, self.settings))
        return Evaluated(snapshot, moved)

    def _unchanged(self, run_id: str) -> Evaluated | None:
        """The published result once more, if all that it follows from is as it was; else None."""
        old = self.previous
        if old is None or self.figures is not None or self.events is not None:
            return None
        model, thresholds = self.app.store.latest_model(), self.app.store.latest_thresholds()
        if model is None or thresholds is None or self._is_due(Model.from_json(model.body)):
            return None
        then = (old.as_of, old.lake_version, old.model_version, old.thresholds_version)
        now = (self.as_of, self.version, model.version, thresholds.version)
        if then != now or Settings.from_dict(old.settings) != self.settings:
            return None
        orders = self._orders()
        if rows_in(orders.filter(orders.ordered_at > ibis.literal(old.created_at))):
            return None
        stored = self.engine.read_parquet(located(self.app, old))
        nobody = self.engine.to_pyarrow(moves(stored, self.as_of, self.settings).limit(0))
        again = NewSnapshot(
            run_id,
            old.as_of,
            old.path,
            old.customers,
            old.model_version,
            old.thresholds_version,
            old.lake_version,
            old.settings,
            self.now,
        )
        return Evaluated(again, nobody)

    def _is_due(self, model: Model) -> bool:
        """Whether a model is too old for the day, or younger than it."""
        age = (self.as_of - model.fitted_on).days
        return not 0 <= age < self.app.loaded.settings.segmentation.refit_days

    def _orders(self) -> Table:
        orders = self.lake.orders(self.engine, up_to=self.version)
        return orders.filter(orders.ordered_at <= ibis.literal(self.now))

    def _model(self, orders: Table, buyers: Table) -> tuple[int, Model]:
        store = self.app.store
        latest = store.latest_model()
        if latest is not None:
            model = Model.from_json(latest.body)
            if not self._is_due(model):
                return latest.version, model
        model = learn(self.engine, orders, self.as_of, self.settings, buyers=buyers)
        return store.save_model(self.as_of, model.to_json(), self.app.clock.now()), model

    def _thresholds(self, orders: Table, buyers: Table, model: Model) -> tuple[int, Thresholds]:
        store = self.app.store
        latest = store.latest_thresholds()
        if latest is not None:
            return latest.version, Thresholds.from_json(latest.body)
        made = propose(self.engine, orders, self.as_of, model, self.settings, buyers=buyers)
        by = "proposed at the first run"
        return store.save_thresholds(made.to_json(), by, self.app.clock.now()), made

    def _basis(self, orders: Table, buyers: Table, model: Model) -> tuple[int, Basis]:
        """What today's result follows from, and the version of its thresholds."""
        version, thresholds = self._thresholds(orders, buyers, model)
        basis = Basis(
            *(orders, self.as_of, model, thresholds, self.settings),
            figures=self.figures,
            events=self.events,
        )
        whole = complete(self.engine, basis, self.settings, buyers=buyers)
        if whole is thresholds:
            return version, basis
        by = "proposed for a scheme that was switched on"
        version = self.app.store.save_thresholds(whole.to_json(), by, self.app.clock.now())
        return version, replace(basis, thresholds=whole)

    def _keep_figures(self, run_id: str) -> None:
        """Put the figures aside, as the operator's own file will have changed by the next run."""
        if self.figures is None:
            return
        place = self._figures_of(run_id)
        place.parent.mkdir(parents=True, exist_ok=True)
        with whole_file(place) as unfinished:
            self.engine.to_parquet(self.figures.order_by("customer_id"), unfinished)
        kept = {place, *([] if self.previous is None else [self._figures_of(self.previous.run_id)])}
        for old in place.parent.glob("*.parquet"):
            if old not in kept:
                old.unlink(missing_ok=True)

    def _figures_of(self, run_id: str) -> Path:
        return self.app.loaded.data_dir / "figures" / f"{run_id}.parquet"

    def _before(self) -> Basis | None:
        """What the published result was made from, so that a move's cause can be found."""
        old = self.previous
        if old is None or old.model_version is None or old.thresholds_version is None:
            return None
        model = self.app.store.model(old.model_version)
        thresholds = self.app.store.thresholds(old.thresholds_version)
        if model is None or thresholds is None:
            return None
        orders = self.lake.orders(self.engine, up_to=old.lake_version)
        place = self._figures_of(old.run_id)
        return Basis(
            orders.filter(orders.ordered_at <= ibis.literal(old.created_at)),
            old.as_of,
            Model.from_json(model.body),
            Thresholds.from_json(thresholds.body),
            Settings.from_dict(old.settings),
            figures=self.engine.read_parquet(place) if place.exists() else self.figures,
            events=self.events,
        )

    def _published(self) -> Table | None:
        if self.previous is None:
            return None
        return self.engine.read_parquet(located(self.app, self.previous))

    def _write(self, today: Table, run_id: str) -> Path:
        """An immutable file: complete under its name or not there at all."""
        place = self.app.loaded.data_dir / "snapshots" / f"{run_id}.parquet"
        with whole_file(place) as unfinished:
            self.engine.to_parquet(today.order_by("customer_id"), unfinished)
        return place


def described(app: App, snapshot: Snapshot) -> Described:
    """Read back from what is stored: the same whenever it is asked."""
    engine = app.engine()
    settings = Settings.from_dict(snapshot.settings)
    counted = count(app, engine, snapshot.as_of, snapshot.lake_version, snapshot.created_at)
    stored = engine.read_parquet(located(app, snapshot))
    rows: list[dict[str, Any]] = engine.to_pyarrow(census(stored, settings)).to_pylist()
    order = [(scheme, name) for scheme, d in definitions(settings).items() for name in d.segments]
    segments = sorted(
        (Segment(**row) for row in rows),
        key=lambda each: order.index((each.scheme, each.segment)),
    )
    version = snapshot.model_version
    model = None if version is None else app.store.model(version)
    notes = () if model is None else _notes(Model.from_json(model.body), snapshot.as_of)
    return Described(counted.orders, counted.future, tuple(segments), notes)


def _notes(model: Model, day: date) -> tuple[str, ...]:
    """What the model says of itself, with its day where it was learnt earlier."""
    if model.fitted_on == day:
        return model.notes
    return tuple(f"{note} (learnt on {model.fitted_on})" for note in model.notes)


def count(app: App, engine: Engine, as_of: date, version: int, moment: datetime) -> Counted:
    """Count the orders of a version of the lake by the shop's day; those after the moment apart."""
    orders: Table = app.lake().orders(engine, up_to=version)
    orders = orders.filter(orders.kind == Kind.ORDER.value)
    # One moment for all rows: asking each order for its day in the shop costs a second a million.
    end = datetime.combine(as_of + timedelta(days=1), time(), app.timezone).astimezone(UTC)
    now = ibis.literal(moment)
    row = orders.aggregate(
        orders=((orders.ordered_at < ibis.literal(end)) & (orders.ordered_at <= now)).sum(),
        future=(orders.ordered_at > now).sum(),
    )
    found = engine.to_pyarrow(row).to_pylist()[0]
    return Counted(found["orders"] or 0, found["future"] or 0)


def located(app: App, snapshot: NewSnapshot) -> Path:
    """Where a snapshot's file lies; its path is kept relative, so that the folder can be moved.

    Raises Misconfigured if it is gone.
    """
    return present(app.loaded.data_dir / snapshot.path)
