"""The last steps of a run: what each destination lacks, and bringing it there."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from sync.brake import Brake
from sync.deliver import Delivering, DestinationResult, deliver
from sync.held import Stays
from sync.plan import DestinationPlan, Prepared, plan, prepare
from sync.present import located, present
from sync.progress import Progress
from sync.reading import Reading
from sync.report import Delivered
from sync.store import Snapshot

if TYPE_CHECKING:
    from sync.app import App


def prepared(
    app: App, published: Snapshot, run_id: str, *, only: str | None = None
) -> Sequence[Prepared]:
    """What each destination lacks of what is published; ``delivered`` gives the memory back."""
    place = Reading.from_dict(published.reading).retired
    gone = None if place is None else present(app.loaded.data_dir / place)
    every = app.targets(run_id) if only is None else [app.target(only, run_id)]
    targets = [replace(target, retired=gone) for target in every]
    return prepare(app.store, located(app, published), targets)


def planned(app: App, published: Snapshot, run_id: str) -> list[DestinationPlan]:
    """What each destination would get, held back by the brake where need be."""
    made = prepared(app, published, run_id)
    try:
        return plan(
            app.store,
            made,
            run_id=run_id,
            clock=app.clock,
            brake=_brake(app),
            approved=_approved(app, run_id),
        )
    finally:
        asyncio.run(_close(made))


def delivered(
    app: App,
    published: Snapshot,
    made: Sequence[Prepared],
    run_id: str,
    progress: Progress,
    stop: threading.Event,
    *,
    fresh: bool,
) -> Mapping[str, Delivered]:
    """Bring it there, to all destinations at once, and tell what became of it.

    ``fresh``: this run has delivered nothing before, so that nothing of it needs to be looked for.
    """
    run = Delivering(
        app.store,
        run_id,
        app.clock,
        _brake(app),
        _approved(app, run_id),
        progress=_Told(progress),
        stop=stop,
        fresh=fresh,
    )
    results = asyncio.run(_deliver(run, app, published, made))
    return {name: _summed(result) for name, result in results.items()}


async def _deliver(
    run: Delivering, app: App, published: Snapshot, made: Sequence[Prepared]
) -> Mapping[str, DestinationResult]:
    try:
        return await deliver(run, located(app, published), made)
    finally:
        await _close(made)


async def _close(made: Sequence[Prepared]) -> None:
    for each in made:
        each.close()
        await each.target.connector.aclose()


def _brake(app: App) -> Brake:
    given = app.loaded.settings.brake
    return Brake(given.max_count, given.max_share, given.max_removals)


def _approved(app: App, run_id: str) -> int | None:
    """The ceiling of this run: its own, or of one held since the last that was done.

    So an approval given on a later day is for the moves that are due by then.
    """
    for each in (run_id, *app.store.held_before(run_id)):
        approval = app.store.approval(each)
        if approval is not None and (each == run_id or app.store.snapshot_of(each) is not None):
            return approval.up_to
    return None


def _summed(result: DestinationResult) -> Delivered:
    return Delivered(
        result.planned,
        result.requests,
        result.delivered,
        result.rejected,
        result.unsure,
        result.waiting,
        result.writes,
        result.reasons,
        _stopped(result),
        Stays(result.held, result.held_lists).sentence(),
        result.held_back,
        result.unconfirmed,
        result.left_open,
        result.lists,
    )


def _stopped(result: DestinationResult) -> str | None:
    """Why it stopped, and what nobody will send again."""
    said = [result.stopped_because] if result.stopped_because is not None else []
    if result.unknown:
        said.append(
            f"{result.destination} may have got {result.unknown:,} events or not, and cannot tell "
            "a repeat: they are not sent again"
        )
    return "; ".join(said) or None


class _Told:
    """Progress of a destination as progress of the run."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress

    def advance(self, destination: str, done: int, total: int, note: str) -> None:
        """Pass it on."""
        self._progress.advance(destination, done, total, note)

    def wait(self, destination: str, seconds: float) -> None:
        """Pass it on."""
        self._progress.wait(destination, seconds)
