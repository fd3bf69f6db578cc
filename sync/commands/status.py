"""``tidesman status``: the last run, the next one, and what each destination has."""

from __future__ import annotations

import json as json_
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from sync.commands.guard import Code, Stop
from sync.commands.options import Config, Debug, Json

if TYPE_CHECKING:
    from rich.console import Console

    from sync.app import App
    from sync.status import Standing

UNKNOWN = (
    "{:,} events are unknown: nobody knows whether they arrived, and the destination cannot tell "
    "a repeat, so they are not sent again by themselves; decide with: tidesman retry"
)

WAITING = "no change was refused or is in doubt; {:,} wait for the next run"


def status(
    healthy: Annotated[
        bool,
        typer.Option(
            "--healthy",
            help="Only say by the exit code whether the daemon is alive: 0, or 1 if not.",
        ),
    ] = False,
    undelivered: Annotated[
        bool,
        typer.Option("--undelivered", help="Name every change that did not land, with the reason."),
    ] = False,
    shared_keys: Annotated[
        bool,
        typer.Option(
            "--shared-keys",
            help="List the ids, addresses and numbers that join nobody, as too many use them.",
        ),
    ] = False,
    orders: Annotated[
        bool,
        typer.Option(
            "--orders",
            help="Count orders, money and refunds of each source by day, and tell gaps and when "
            "deletions and refunds were last looked for; --json has all days.",
        ),
    ] = False,
    config: Config = None,
    json: Json = False,
    debug: Debug = False,  # noqa: ARG001 - read by the guard
) -> None:
    """Tell the last run, the next one, what each destination has, and what waits for a person."""
    from sync.app import open_app
    from sync.store import StoreMissing

    if healthy:
        _say_health(config)
        return
    from sync.commands.orders import say_orders
    from sync.commands.show import console
    from sync.status import standing

    try:
        with open_app(config, read_only=True, secrets=False) as app:
            if undelivered:
                _name(app, json=json)
                return
            if shared_keys:
                _shared(app, json=json)
                return
            if orders:
                say_orders(app, json=json)
                return
            found = standing(app)
    except StoreMissing:
        raise Stop("there was no run yet; begin with: tidesman run", Code.OK) from None
    if json:
        typer.echo(json_.dumps(found.to_json()))
    else:
        _show(found, console())


def _say_health(config: Config) -> None:
    from sync.app import read
    from sync.heart import alive

    if not alive(read(config).data_dir):
        raise Stop("no daemon has shown itself for a while", Code.DEFECT)
    typer.echo("alive")


def _name(app: App, *, json: bool) -> None:
    from sync.names import names_of
    from sync.status import standing
    from sync.undelivered import undelivered

    rows = undelivered(app.store, app.destinations, names_of(app))
    if json:
        typer.echo(json_.dumps([asdict(row) for row in rows]))
        return
    for row in rows:
        why = "" if row.reason is None else f": {row.reason}"
        typer.echo(f"{row.destination}  {row.customer_id}  {row.what}  {row.mark}{why}")
    if not rows:
        waiting = sum(each.waiting for each in standing(app).destinations.values())
        typer.echo(WAITING.format(waiting) if waiting else "every change was delivered")


def _shared(app: App, *, json: bool) -> None:
    from sync.reading import shared_keys

    rows = shared_keys(app)
    if json:
        typer.echo(json_.dumps(rows))
        return
    for row in rows:
        typer.echo(f"{row['kind']}  {row['key']}  beside {row['beside']:,} others")
    if not rows:
        typer.echo("every address and number is one customer's")


def _show(found: Standing, out: Console) -> None:
    from rich.table import Table

    run = found.last_run
    if run is not None:
        when = run.finished_at or run.started_at
        out.print(f"last run    {run.id}, {run.status.value}, {when:%Y-%m-%d %H:%M} UTC")
        if found.note is not None:
            out.print(f"            {found.note}", style="yellow", markup=False)
    day = "nothing" if found.published is None else f"{found.published}"
    out.print(f"published   {day}, {found.customers:,} customers")
    if found.ranking is not None:
        out.print(f"ranking     {found.ranking}", markup=False)
    if found.next_run is not None:
        out.print(
            f"next run    {found.next_run:%Y-%m-%d %H:%M} {found.timezone} "
            f'by "{found.schedule}", if a daemon runs'
        )
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim", pad_edge=False)
    table.add_column("destination", min_width=18)
    unknown = sum(each.events.get("unknown", 0) for each in found.destinations.values())
    titles = ("accepted", "unsure", "refused", "waiting", "events sent")
    for name in (*titles, *(["unknown"] if unknown else [])):
        table.add_column(name, justify="right")
    for name, each in found.destinations.items():
        counts = [each.acked, each.unsure, each.refused, each.waiting, each.events.get("acked", 0)]
        counts += [each.events.get("unknown", 0)] if unknown else []
        table.add_row(name, *(f"{count:,}" for count in counts))
    out.print(table)
    if unknown:
        out.print(UNKNOWN.format(unknown), style="yellow", markup=False)
    _show_troubles(found, out)


def _show_troubles(found: Standing, out: Console) -> None:
    for name, why in found.unalerted.items():
        out.print(f"{name} could not be alerted: {why}", style="red", markup=False)
    for each in found.destinations.values():
        if each.stopped is not None:
            out.print(each.stopped, style="red", markup=False)
    if found.held is not None:
        out.print(found.held, style="bold yellow", markup=False)
