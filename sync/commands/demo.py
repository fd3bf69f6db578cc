"""``tidesman demo``: the whole way, on a real shop's log, without any account."""

from __future__ import annotations

import json as json_
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sync.commands.options import Debug, Json

if TYPE_CHECKING:
    from rich.console import Console

    from sync.demo import Scene
    from sync.report import Report

INTRODUCTION = """\
[bold]Tidesman[/bold] works on the log of CDNOW, a shop that sold CDs: 69,659 purchases of 23,570 \
people.
Look-alikes of Klaviyo, Iterable and Braze listen on this machine and keep the vendors' limits;
the adapters are the real ones. (The look-alike of Braze takes every customer for a user of the
shop's app, as Braze itself only updates users that it knows.)
"""

ENDING = """\
[bold]What to look at next[/bold]
  tidesman demo --serve                       the same, and the look-alikes stay up for curl
  tidesman init                               a configuration for your own shop
  tidesman plan                               what a run would send, before anything is sent
  tidesman customer ID-OR-EMAIL               one customer: orders, scores, segments and why
  tidesman backtest                           how well the forecasts held on the shop's own past
"""


def demo(
    json: Json = False,
    serve: Annotated[
        bool, typer.Option("--serve", help="Keep the look-alikes up until Ctrl-C.")
    ] = False,
    debug: Debug = False,  # noqa: ARG001 - read by the guard
) -> None:
    """Run the whole way on a real shop's log against look-alikes, without any account."""
    from sync.commands.show import console
    from sync.demo import scene

    out = console(stderr=json)
    with (
        tempfile.TemporaryDirectory(prefix="tidesman-demo-") as folder,
        scene(Path(folder)) as set_up,
    ):
        out.print(INTRODUCTION)
        reports = _play(set_up, out)
        if json:
            typer.echo(json_.dumps({"runs": [report.to_json() for report in reports]}))
        out.print(ENDING)
        if serve:
            _keep(set_up, out)


def _play(scene: Scene, out: Console) -> list[Report]:
    from sync.app import open_app
    from sync.commands.bars import bars
    from sync.commands.show import report
    from sync.run import run

    reports: list[Report] = []
    days = scene.days()
    for number, day in enumerate(days):
        again = day in days[:number]
        out.rule(_title(number, again), style="dim")
        if not again:
            scene.export(day)
        with open_app(scene.config) as app, bars() as progress:
            found = run(app, day, progress=progress)
        reports.append(found)
        out.print(report(found))
        out.print()
    return reports


def _title(number: int, again: bool) -> str:
    if again:
        return "the same day once more: nothing has changed"
    return "the first load: properties, and no events" if number == 0 else f"day {number}"


def _keep(scene: Scene, out: Console) -> None:
    import threading

    out.print("[bold]The look-alikes stay up until Ctrl-C.[/bold] Look at them from elsewhere:")
    for url in scene.urls.values():
        out.print(f"  curl '{url}/sandbox/state?by=lifecycle_segment'", soft_wrap=True)
    out.print(f"  curl {scene.urls['klaviyo']}/sandbox/profiles/00004", soft_wrap=True)
    out.print(f"  tidesman customer 00004 --config {scene.config}", soft_wrap=True)
    try:
        threading.Event().wait()
    except KeyboardInterrupt:
        out.print("stopped")
