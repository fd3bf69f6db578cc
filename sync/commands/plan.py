"""``tidesman plan``: what a run would do, before anything is sent."""

from __future__ import annotations

import json as json_
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, Any

import typer

from sync.commands.options import AsOf, Config, Debug, Json, day

if TYPE_CHECKING:
    from rich.console import RenderableType

    from sync.plan import DestinationPlan
    from sync.report import Report
    from sync.store import Transition


def plan(
    as_of: AsOf = None,
    sample: Annotated[
        int, typer.Option("--sample", min=0, help="So many of those who move are shown by name.")
    ] = 5,
    config: Config = None,
    json: Json = False,
    debug: Debug = False,  # noqa: ARG001 - read by the guard
) -> None:
    """Show what a run would do now: who moves where and why, and what each destination would get.

    It works on a copy: orders are pulled and segments worked out as a run does it, but nothing is
    written to the state, and nothing is sent. No key is needed.
    """
    from sync.commands.bars import bars
    from sync.commands.show import console, report
    from sync.names import names_of
    from sync.run import rehearse
    from sync.scratch import scratch

    with scratch(config) as app, bars() as progress:
        found, plans = rehearse(app, day(as_of), progress=progress)
        moved = [names_of(app).told(m) for m in app.store.some_moved(found.run_id, sample)]
    if json:
        typer.echo(json_.dumps(_to_json(found, plans, moved)))
    out = console(stderr=json)
    # the copy is gone, and with it the folder of the rows it set aside
    pulled = tuple(replace(each, set_aside=None) for each in found.pulled)
    out.print(report(replace(found, pulled=pulled)))
    if moved:
        out.print(_sample(moved))
    if plans:
        out.print(_table(plans))
    out.print("Nothing was written and nothing was sent. To do it: tidesman run")


def _to_json(
    found: Report, plans: Sequence[DestinationPlan], moved: Sequence[Transition]
) -> dict[str, Any]:
    """A report whose destinations tell what they would get, and some who would move."""
    would = {
        each.destination: {
            "planned": each.planned,
            "waiting": each.waiting,
            "new": each.entries,
            "moves": each.moves,
            "refreshed": each.refreshes,
            "events": each.events,
            "held": each.held is not None or each.held_lists is not None,
            "requests": each.requests,
            "seconds": round(each.seconds, 1),
            "data_points": each.data_points,
            "joins": each.joins,
            "leaves": each.leaves,
        }
        for each in plans
    }
    some = [
        {
            "customer_id": each.customer_id,
            "scheme": each.scheme,
            "from": each.from_segment,
            "to": each.to_segment,
            "cause": each.cause,
        }
        for each in moved
    ]
    return {**found.to_json(), "destinations": would, "sample": some}


def _sample(moved: Sequence[Transition]) -> RenderableType:
    from rich.console import Group
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim", pad_edge=False)
    table.add_column(Text("Some who move", style="bold"), min_width=18)
    for title in ("scheme", "from", "to", "cause"):
        table.add_column(title)
    for each in moved:
        came = "(new)" if each.from_segment is None else each.from_segment
        told = (each.customer_id, each.scheme, came, each.to_segment, each.cause)
        table.add_row(*map(Text, told))
    return Group(table, Text())


def _table(plans: Sequence[DestinationPlan]) -> RenderableType:
    from rich.console import Group
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim", pad_edge=False)
    table.add_column(Text("What would be sent", style="bold"), min_width=18)
    billed = any(each.data_points is not None for each in plans)
    titles = ("planned", "new", "moves", "refreshed", "events", "requests", "about")
    for title in (*titles, *(["data points"] if billed else [])):
        table.add_column(title, justify="right")
    lines: list[RenderableType] = [table]
    for each in plans:
        counts = (each.planned, each.entries, each.moves, each.refreshes, each.events)
        shown = [f"{count:,}" for count in (*counts, each.requests)]
        points = [] if each.data_points is None else [f"{each.data_points:,}"]
        table.add_row(each.destination, *shown, _time(each.seconds), *points)
        if each.held is not None:
            held = (
                f"{each.destination}: the brake would hold the {each.held.moves:,} moves, as they "
                f"are more than {each.held.ceiling:,}; new customers would go on"
            )
            lines.append(Text(held, style="yellow"))
        if each.joins or each.leaves:
            lists = f"{each.destination}: {each.joins:,} would join lists, {each.leaves:,} leave"
            lines.append(Text(lists))
        if each.held_lists is not None:
            lines.append(Text(each.held_lists.told(), style="yellow"))
    return Group(*lines, Text())


def _time(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 90 else f"{seconds / 60:.0f} min"
