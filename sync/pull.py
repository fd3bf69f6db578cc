"""The first step of a run: bring what is new at the sources into the lake."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from connectors.types import Fault
from sync.feeds import FEEDS
from sync.intake import Intake
from sync.progress import Progress
from sync.report import Pulled

if TYPE_CHECKING:
    from sync.app import App
    from sync.lake import Lake


DAY = timedelta(days=1)


def pull(
    app: App, run_id: str, progress: Progress, stop: threading.Event | None = None
) -> tuple[Pulled, ...]:
    """Pull every source to its end, or to the page in whose middle ``stop`` was set.

    Each page is safe before the next one is asked for. What passes is waited for; raises what else
    a source raises: then what was pulled stays, and nothing is published.
    """
    return asyncio.run(_pull_all(app, run_id, progress, stop or threading.Event()))


async def _pull_all(
    app: App, run_id: str, progress: Progress, stop: threading.Event
) -> tuple[Pulled, ...]:
    return tuple([await _pull(app, name, run_id, progress, stop) for name in app.sources])


async def _pull(
    app: App, name: str, run_id: str, progress: Progress, stop: threading.Event
) -> Pulled:
    intake = Intake(app, name, run_id, progress, stop)
    try:
        coverage = await intake.probe()
        on = coverage is not None
        for feed in FEEDS:
            if on and feed.name in intake.source.brings():
                on = await intake.to_the_end(feed)
    finally:
        await intake.aclose()
    lake = app.lake()
    faults = [*intake.faults, *_in_several(lake, name, run_id)]
    rows, clock_off = intake.rows, intake.transport.clock_off
    pulled = Pulled(
        name, rows["orders"], summed(faults), events=rows["events"], clock_off=clock_off
    )
    if intake.aside:
        pulled = replace(pulled, set_aside=str(lake.aside(name)))
    if coverage is None or coverage.history is None:
        return pulled
    return replace(pulled, history_days=coverage.history / DAY, advice=coverage.advice)


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
