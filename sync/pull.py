"""The first step of a run: bring what is new at the sources into the lake."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from connectors.types import Fault
from sync.feeds import EVENTS, ORDERS
from sync.intake import Intake
from sync.progress import Progress
from sync.recheck import DAY, Recheck, TooMany
from sync.report import Pulled
from sync.store import Rechecked

if TYPE_CHECKING:
    from sync.app import App
    from sync.lake import Lake


def pull(
    app: App,
    run_id: str,
    progress: Progress,
    stop: threading.Event | None = None,
    *,
    approved: bool = False,
) -> tuple[Pulled, ...]:
    """Pull every source to its end, or to the page in whose middle ``stop`` was set.

    A source whose full recheck is due is pulled from its beginning once more. ``approved``: that
    it then has far fewer orders holds nothing.

    Each page is safe before the next one is asked for. What passes is waited for; raises what else
    a source raises: then what was pulled stays, and nothing is published.
    """
    stop = stop or threading.Event()

    async def every() -> tuple[Pulled, ...]:
        intakes = (Intake(app, name, run_id, progress, stop) for name in app.sources)
        return tuple([await _pull(app, intake, approved=approved) for intake in intakes])

    return asyncio.run(every())


async def _pull(app: App, intake: Intake, *, approved: bool) -> Pulled:
    name, found, brings = intake.name, None, intake.source.brings()
    try:
        coverage = await intake.probe()
        if coverage is not None and ORDERS.name in brings:
            recheck = Recheck(app, name, intake.source, coverage)
            found = await _orders(intake, recheck, approved=approved)
        if EVENTS.name in brings and not intake.stop.is_set():
            await intake.to_the_end(EVENTS)
    finally:
        await intake.aclose()
    lake = app.lake()
    faults = [*intake.faults, *_in_several(lake, name, intake.run_id)]
    rows, clock_off = intake.rows, intake.transport.clock_off
    pulled = Pulled(
        name, rows["orders"], summed(faults), events=rows["events"], clock_off=clock_off
    )
    if intake.aside:
        pulled = replace(pulled, set_aside=str(lake.aside(name)))
    if coverage is not None and coverage.history is not None and ORDERS.name in brings:
        pulled = replace(pulled, history_days=coverage.history / DAY, advice=coverage.advice)
    if isinstance(found, TooMany):
        return replace(pulled, too_many=(found.gone, found.of))
    return replace(pulled, rechecked=found)


async def _orders(
    intake: Intake, recheck: Recheck, *, approved: bool
) -> Rechecked | TooMany | None:
    """What a full recheck found; None if none was due, or if asked to stop before its end."""
    store, name, found = intake.app.store, intake.name, None
    if not recheck.is_under_way():
        if store.cursor(name) is None and recheck.is_due():
            # the first pull brings all there is
            recheck.begin()
        elif not await intake.to_the_end(ORDERS):
            return None
        elif recheck.is_due():
            # only now, so that what it finds is what the source did not tell of
            recheck.begin()
    if recheck.is_under_way():
        if not await intake.to_the_end(ORDERS):
            return None
        found = recheck.end(approved=approved)
        intake.faults += recheck.faults
    store.pulled(name, intake.app.clock.now())
    return found


def _in_several(lake: Lake, source: str, run_id: str) -> list[Fault]:
    """Orders of which a later file took the place, though it holds them otherwise."""
    found = lake.in_several(source, run_id)
    if found is None:
        return []
    count, order_id, units = found
    *_, before, last = (unit.rsplit("/", 1)[-1] for unit in units)
    example = (
        f"{order_id} in {before} and {last}; the file read later, {last}, counts alone, "
        "so all lines of an order must stand in one file"
    )
    return [Fault("order ids that stand in several files", count, example)]


def summed(faults: list[Fault]) -> tuple[tuple[str, int, str], ...]:
    """Faults by name over all pages, each with its first example."""
    totals: dict[str, tuple[int, str]] = {}
    for fault in faults:
        count, example = totals.get(fault.name, (0, fault.example))
        totals[fault.name] = (count + fault.count, example)
    return tuple((name, count, example) for name, (count, example) in totals.items() if count)


def told(result: Mapping[str, Any] | None) -> tuple[Pulled, ...]:
    """What an earlier process wrote down of its pull."""
    rows = [] if result is None else result.get("pulled", [])
    return tuple(Pulled.from_dict(row) for row in rows)
