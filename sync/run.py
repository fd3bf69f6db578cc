"""One run: ingest, segment, plan, deliver, report. Each step is written down; a kill costs one.

A run that did not come to its end goes on under its own id: what it published is not computed
again, and what it sent is known by the ledger.
"""

from __future__ import annotations

import threading
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from datetime import date
from typing import TYPE_CHECKING, Any

from connectors.errors import Misconfigured
from connectors.http import mask
from sync import gates
from sync.failpoints import reach
from sync.names import names_of
from sync.outbox import events_for
from sync.progress import Progress, Silent
from sync.pull import pull, told
from sync.report import Delivered, Move, Pulled, Report, Segment, merged
from sync.report import Status as ReportStatus
from sync.store import Run, Snapshot, Status
from sync.tenure import tenure

if TYPE_CHECKING:
    from sync.app import App
    from sync.plan import DestinationPlan
    from sync.segment import Evaluated


def run(
    app: App,
    as_of: date | None,
    *,
    progress: Progress | None = None,
    stop: threading.Event | None = None,
) -> Report:
    """Run once for a day of the shop (None: today). ``stop`` ends it after what is on the wire.

    Raises Busy if another run is under way, and what a source raises; then nothing is published.
    """
    day = _day(app, as_of)
    stop = stop or threading.Event()
    with tenure(app.store, app.clock, lost=stop.set):
        _go_on_forgetting(app)
        _refuse_going_back(app, day)
        found = app.store.unfinished_run(day)
        if found is None:
            found = app.store.start_run(day, app.clock.now())
        else:
            app.store.resume_run(found.id)
        running = _Running(app, found, progress or Silent(), stop)
        try:
            report = running.to_the_end()
        except BaseException as error:
            why = mask(str(error)) or type(error).__name__
            app.store.finish_run(found.id, Status.FAILED, {"why": why}, app.clock.now())
            raise
        app.store.finish_run(found.id, Status(report.status), report.to_dict(), app.clock.now())
        reach("run.finished")
        if report.status == "done":
            # imported late, as the lake needs pyarrow
            from sync.housekeeping import tidy

            tidy(app)
        return report


def rehearse(
    app: App, as_of: date | None, *, progress: Progress | None = None
) -> tuple[Report, Sequence[DestinationPlan]]:
    """What ``run`` would do: all but the delivery, on an app that stands on a copy of the state."""
    day = _day(app, as_of)
    _refuse_going_back(app, day)
    found = app.store.unfinished_run(day) or app.store.start_run(day, app.clock.now())
    return _Running(app, found, progress or Silent(), threading.Event()).rehearsed()


def publish(
    app: App, as_of: date | None, *, progress: Progress | None = None, stop: threading.Event
) -> Snapshot | None:
    """All but the delivery, which the next run of the day does; only while holding the lease.

    None if nothing was published: asked to stop, or what was pulled may not be (``gates``).
    """
    day = _day(app, as_of)
    _refuse_going_back(app, day)
    found = app.store.unfinished_run(day) or app.store.start_run(day, app.clock.now())
    published = _Running(app, found, progress or Silent(), stop).published()
    app.store.finish_run(found.id, Status.STOPPED, None, app.clock.now())
    return published


def _status(*, stopped: bool, held: str | None) -> ReportStatus:
    if stopped:
        return "stopped"
    return "done" if held is None else "held"


def _day(app: App, as_of: date | None) -> date:
    today = app.today()
    if as_of is not None and as_of > today:
        raise Misconfigured(f"{as_of} lies in the future; today is {today} in the shop")
    return today if as_of is None else as_of


def _go_on_forgetting(app: App) -> None:
    """Who is half forgotten must not come back with this run."""
    if app.store.being_forgotten():
        # imported late, as the lake needs pyarrow
        from sync.erase import erase_files

        erase_files(app)


def _refuse_going_back(app: App, day: date) -> None:
    published = app.store.latest_snapshot()
    if published is not None and day < published.as_of:
        raise Misconfigured(
            f"the segments of {published.as_of} are published, and a run never goes back behind "
            f"that to {day}; to look at the past use another data_dir and state_url, or backtest"
        )


@dataclass(slots=True)
class _Running:
    """The steps of one run, with what each leaves behind for the report."""

    app: App
    run: Run
    progress: Progress
    stop: threading.Event
    seconds: dict[str, float] = field(default_factory=dict[str, float])

    def to_the_end(self) -> Report:
        """Every step, or those that are left."""
        published, pulled, held = self._publish_if_it_may()
        if published is None:
            return self._empty(pulled, held)
        results = self._deliver(published)
        with self._step("report"):
            report = self._report(published, pulled, results)
        return replace(report, seconds=dict(self.seconds))

    def published(self) -> Snapshot | None:
        """The steps until the result is published."""
        return self._publish_if_it_may()[0]

    def rehearsed(self) -> tuple[Report, Sequence[DestinationPlan]]:
        """Every step but the delivery; only ever on a copy of the state."""
        from sync import dispatch

        published, pulled, held = self._publish_if_it_may()
        if published is None:
            return self._empty(pulled, held), ()
        with self._step("plan"):
            plans = dispatch.planned(self.app, published, self.run.id)
        return replace(self._report(published, pulled, {}), seconds=dict(self.seconds)), plans

    def _publish_if_it_may(self) -> tuple[Snapshot | None, tuple[Pulled, ...], str | None]:
        """What is published by this run, what it pulled, and why it holds if it does."""
        steps = {step.name: step for step in self.app.store.steps(self.run.id)}
        self.seconds.update({n: s.seconds for n, s in steps.items() if s.seconds is not None})
        published = self.app.store.snapshot_of(self.run.id)
        if published is not None:
            return published, told(steps["ingest"].result), None
        pulled = self._ingest()
        # of what was cut short nothing can be said
        held = None if self.stop.is_set() else gates.held(self.app, self.run.id, pulled)
        if held is not None or self.stop.is_set():
            return None, pulled, held
        return self._segment(), pulled, None

    def _ingest(self) -> tuple[Pulled, ...]:
        with self._step("ingest") as result:
            approved = gates.is_approved(self.app, self.run.id)
            pulled = pull(self.app, self.run.id, self.progress, self.stop, approved=approved)
            result["pulled"] = [asdict(each) for each in pulled]
        return pulled

    def _segment(self) -> Snapshot:
        # imported late: learning needs pandas, scipy and ibis, which take a second to load
        from sync.segment import Segmenting

        with self._step("segment"):
            self.progress.advance("segments", 0, 1, "working them out")
            evaluated = Segmenting(self.app, self.run.as_of).evaluate(self.run.id)
            reach("segment.written")
            published = self._publish(evaluated)
            self.progress.advance("segments", 1, 1, "published")
        return published

    def _publish(self, evaluated: Evaluated) -> Snapshot:
        projections = {name: self.app.projection(name) for name in self.app.destinations}
        made, moves = evaluated.snapshot, evaluated.moves
        events = events_for(self.app.store, moves, projections, made.as_of, made.created_at)
        return self.app.store.publish(made, moves, events)

    def _report(
        self, published: Snapshot, pulled: tuple[Pulled, ...], results: Mapping[str, Delivered]
    ) -> Report:
        """From what is stored, so that a run that was cut off tells the same in the end."""
        from sync.described import described

        store = self.app.store
        found = described(self.app, published)
        first = store.snapshot_before(published) is None
        braked = {name: d.held for name, d in results.items() if d.held is not None}
        held = "\n".join(merged(braked)) or None
        return Report(
            self.run.id,
            self.run.as_of,
            # asked to stop when all was done: then it is done
            _status(
                stopped=self.stop.is_set()
                and any(d.waiting > d.held_back for d in results.values()),
                held=held,
            ),
            found.orders,
            published.customers,
            pulled,
            found.segments,
            self._moves(found.segments, first_load=first),
            results,
            {},
            first_load=first,
            future_orders=found.future,
            notes=found.notes,
            held=held,
        )

    def _moves(self, segments: Sequence[Segment], *, first_load: bool) -> tuple[Move, ...]:
        """Who went where and why; at a first load all who are there were seen for the first time.

        That is not written down customer by customer: it is what the segments tell.
        """
        # imported late, as it brings ibis
        from segmenter.cause import FIRST_SEEN

        if first_load:
            return tuple(
                Move(each.scheme, None, each.segment, FIRST_SEEN, each.customers)
                for each in segments
                if each.customers
            )
        moved = self.app.store.transitions_of(self.run.id)
        names = names_of(self.app)
        return tuple(Move(**asdict(names.told(each))) for each in moved)

    def _empty(self, pulled: tuple[Pulled, ...], held: str | None) -> Report:
        """Nothing was published: held, or asked to stop."""
        run, status = self.run, _status(stopped=held is None, held=held)
        seconds = dict(self.seconds)
        return Report(run.id, run.as_of, status, 0, 0, pulled, (), (), {}, seconds, held=held)

    def _deliver(self, published: Snapshot) -> Mapping[str, Delivered]:
        # imported late, as ibis is
        from sync import dispatch

        app, run_id = self.app, self.run.id
        fresh = all(step.name != "deliver" for step in app.store.steps(run_id))
        with self._step("plan"):
            made = dispatch.prepared(app, published, run_id)
        with self._step("deliver") as result:
            results = dispatch.delivered(
                app, published, made, run_id, self.progress, self.stop, fresh=fresh
            )
            result.update({name: asdict(each) for name, each in results.items()})
        return results

    @contextmanager
    def _step(self, name: str) -> Generator[dict[str, Any]]:
        """Write down when a step began and ended, and what it gives for whoever goes on."""
        store, clock = self.app.store, self.app.clock
        began, ticks = clock.now(), clock.monotonic()
        store.step(self.run.id, name, began)
        result: dict[str, Any] = {}
        yield result
        seconds = clock.monotonic() - ticks
        self.seconds[name] = self.seconds.get(name, 0.0) + seconds
        store.step(self.run.id, name, began, clock.now(), self.seconds[name], result)
        reach(f"run.{name}")
