"""The second step of a run: who is in which segment, learnt and evaluated from the lake."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import ibis
import pyarrow as pa
import pyarrow.parquet as pq

from connectors.disk import whole_file
from connectors.errors import Misconfigured
from segmenter.basis import Basis
from segmenter.cards import one_a_person
from segmenter.complete import complete
from segmenter.evaluate import evaluate, moves
from segmenter.expr import Table
from segmenter.gate import gate
from segmenter.learn import learn, propose
from segmenter.model import Model
from segmenter.pinned import edges_of
from segmenter.refresh import summarize_again
from segmenter.settings import Settings
from segmenter.stage import rows_in, stage
from segmenter.thresholds import DEFINITION, Thresholds
from sync import choices
from sync.activity import Activity
from sync.past import as_made, figures_of, learnt_by
from sync.people import Read, Reader
from sync.present import located
from sync.reading import Reading, as_published, as_then, cards_of
from sync.store import NewSnapshot, Snapshot

if TYPE_CHECKING:
    from sync.app import App


@dataclass(frozen=True, slots=True)
class Evaluated:
    """An evaluation that is written down but not published; ``moves`` as the segmenter has them."""

    snapshot: NewSnapshot
    moves: pa.Table


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
        self.currency = app.loaded.settings.currency
        self.then = Reading.from_dict(None if self.previous is None else self.previous.reading)
        self.pinned = edges_of(app.loaded.segments.pinned)
        self.figures: Table | None = None
        self.activity: Activity
        self.events: Table | None = None
        self.cards: Table | None = None

    def evaluate(self, run_id: str) -> Evaluated:
        """Learn if it is time, evaluate, and write the result beside the published one.

        Raises Misconfigured if there is no order up to the day.
        """
        # read first, so that a mistake in them is told before anything is worked out
        self.figures = choices.figures(self.engine, self.app.chosen())
        self.activity = Activity(self.app, self.engine, up_to=self.version, until=self.now)
        unchanged = None if self.activity.own is not None else self._unchanged(run_id)
        if unchanged is not None:
            return unchanged
        read = self._read(run_id)
        self._know_people(read.reading)
        before, previous = self._before(), self._published()
        orders = read.orders
        # summed up once, as learning, proposing and evaluating all begin with it
        buyers = summarize_again(
            *(self.engine, orders, self.as_of),
            before=None if read.anew else before,
            previous=previous,
            merged=read.merged,
        )
        if rows_in(buyers) == 0:
            raise Misconfigured(
                f"there is no order up to {self.as_of}; nothing is published. Look at the sources: "
                "tidesman check"
            )
        model_version, model = self._model(orders, buyers)
        thresholds_version, basis = self._basis(orders, buyers, model)
        basis = replace(basis, merged=read.merged)
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
            reading=read.reading.to_dict(),
        )
        moved = self.engine.to_pyarrow(moves(stored, self.as_of, self.settings))
        return Evaluated(snapshot, moved)

    def _unchanged(self, run_id: str) -> Evaluated | None:
        """The published result once more, if all that it follows from is as it was; else None."""
        old = self.previous
        if old is None or self.figures is not None or self.activity.since(old.created_at):
            return None
        model, thresholds = self.app.store.latest_model(), self.app.store.latest_thresholds()
        if model is None or thresholds is None or self._is_due(Model.from_json(model.body)):
            return None
        then = (old.as_of, old.lake_version, old.model_version, old.thresholds_version)
        now = (self.as_of, self.version, model.version, thresholds.version)
        if then != now or Settings.from_dict(old.settings) != self.settings:
            return None
        stale = Thresholds.from_json(thresholds.body).definition != DEFINITION
        if stale or old.reading is None or self.then.asked() != self.app.reading():
            return None
        orders = self._raw()
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
            reading=old.reading,
        )
        return Evaluated(again, nobody)

    def _is_due(self, model: Model) -> bool:
        """Whether a model is too old for the day, or younger than it."""
        age = (self.as_of - model.fitted_on).days
        return not 0 <= age < self.app.loaded.settings.segmentation.refit_days

    def _read(self, run_id: str) -> Read:
        old = self.previous
        place = None if old is None else located(self.app, old)
        return Reader(self.app, self.engine, old, place).read(self._raw(), self.as_of, run_id)

    def _know_people(self, reading: Reading) -> None:
        """Figures and events stand under the ids of the operator's own tables until now."""
        self.cards = cards_of(self.app, self.engine, reading)
        if self.figures is not None:
            self.figures = stage(self.engine, one_a_person(self.figures, self.cards))
        self.events = self.activity.by_customer(reading, self.cards)

    def _orders(self) -> Table:
        """The orders of now, each of the customer whose it was when last published."""
        return as_published(self.app, self.engine, self._raw())

    def _raw(self) -> Table:
        orders = self.lake.orders(self.engine, up_to=self.version)
        return orders.filter(orders.ordered_at <= ibis.literal(self.now))

    def _model(self, orders: Table, buyers: Table) -> tuple[int, Model]:
        store = self.app.store
        latest = store.latest_model()
        if latest is not None:
            model = Model.from_json(latest.body)
            if not self._is_due(model) and not self._in_other_money(model.currency):
                return latest.version, model
        model = learn(self.engine, orders, self.as_of, self.settings, buyers=buyers)
        given = (self.engine, orders, self.as_of, self.settings, model)
        model = gate(*given, buyers=buyers, events=self.events)
        model = replace(model, currency=self.currency)
        return store.save_model(self.as_of, model.to_json(), self.app.clock.now()), model

    def _thresholds(self, orders: Table, buyers: Table, model: Model) -> tuple[int, Thresholds]:
        store = self.app.store
        latest = store.latest_thresholds()
        there = None if latest is None else Thresholds.from_json(latest.body)
        foreign = there is not None and self._in_other_money(there.currency)
        if latest and there and not foreign and there.definition == DEFINITION:
            return latest.version, there
        made = propose(
            *(self.engine, orders, self.as_of, model, self.settings),
            buyers=buyers,
            pinned=self.pinned,
        )
        made, by = replace(made, currency=self.currency), "proposed at the first run"
        if foreign:
            by = f"proposed anew in {self.currency}"
        elif there is not None:
            made, by = there.renewed(made), "proposed anew where something else is measured now"
        return store.save_thresholds(made.to_json(), by, self.app.clock.now()), made

    def _in_other_money(self, currency: str | None) -> bool:
        """Whether numbers in this currency (None: that of the published result) are not ours."""
        return (currency or self.then.currency or self.currency) != self.currency

    def _basis(self, orders: Table, buyers: Table, model: Model) -> tuple[int, Basis]:
        """What today's result follows from, and the version of its thresholds."""
        version, thresholds = self._thresholds(orders, buyers, model)
        basis = Basis(
            *(orders, self.as_of, model, thresholds, self.settings),
            figures=self.figures,
            events=self.events,
        )
        whole = complete(*(self.engine, basis, self.settings), buyers=buyers, pinned=self.pinned)
        if whole is thresholds:
            return version, basis
        by = "proposed for a scheme that was switched on"
        version = self.app.store.save_thresholds(whole.to_json(), by, self.app.clock.now())
        return version, replace(basis, thresholds=whole)

    def _keep_figures(self, run_id: str) -> None:
        """Put the figures aside, as the operator's own file will have changed by the next run."""
        if self.figures is None:
            return
        place = figures_of(self.app, run_id)
        place.parent.mkdir(parents=True, exist_ok=True)
        with whole_file(place) as unfinished:
            self.engine.to_parquet(self.figures.order_by("customer_id"), unfinished)
        kept = {
            place,
            *([] if self.previous is None else [figures_of(self.app, self.previous.run_id)]),
        }
        for each in place.parent.glob("*.parquet"):
            if each not in kept:
                each.unlink(missing_ok=True)

    def _before(self) -> Basis | None:
        """What the published result was made from, so that a move's cause can be found."""
        old = self.previous
        learnt = None if old is None else learnt_by(self.app, old)
        if old is None or learnt is None:
            return None
        orders = self.lake.orders(self.engine, up_to=old.lake_version)
        then = self.then
        if self._in_other_money(then.currency):
            # the same orders in the new money, which corrects none of them
            asked = self.app.reading()
            then = replace(then, currency=asked.currency, rates=asked.rates)
        orders = as_then(self.app, self.engine, orders, then)
        place, figures = figures_of(self.app, old.run_id), self.figures
        if place.exists():
            figures = one_a_person(self.engine.read_parquet(place), self.cards)
        return as_made(old, learnt, orders, figures=figures, events=self._events_then(old))

    def _events_then(self, old: Snapshot) -> Table | None:
        if self.activity.pulled is None:
            return self.events
        given = (self.app, self.engine)
        then = Activity(*given, up_to=old.lake_version, until=old.created_at)
        return then.by_customer(self.then, self.cards)

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
