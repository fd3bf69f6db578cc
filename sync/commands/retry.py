"""``tidesman retry``: decide on what did not land."""

from __future__ import annotations

import json as json_
from collections import Counter
from datetime import timedelta
from typing import TYPE_CHECKING, Annotated

import typer

from sync.commands.guard import Stop
from sync.commands.options import Config, Debug, Json

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sync.app import App

#: A move of longer ago is news to nobody, and its event would start a flow all the same.
DAYS = 7
NEXT = "They go with the next run: tidesman run"


def retry(  # noqa: PLR0913 - options of a command
    destination: Annotated[
        str | None, typer.Argument(help="The destination; all if left out.", show_default=False)
    ] = None,
    events: Annotated[
        bool,
        typer.Option("--events", help="Send events again of which nobody knows if they arrived."),
    ] = False,
    refused: Annotated[
        bool,
        typer.Option("--refused", help="Try again what was refused, once the cause is mended."),
    ] = False,
    drop: Annotated[
        bool, typer.Option("--drop", help="With --events: take them as arrived instead.")
    ] = False,
    customer: Annotated[
        list[str] | None,
        typer.Option(help="Only this customer; may be given several times.", show_default=False),
    ] = None,
    days: Annotated[
        int,
        typer.Option(min=0, help="With --refused: events of so many days; older ones stay."),
    ] = DAYS,
    *,
    config: Config = None,
    json: Json = False,
    debug: Debug = False,  # noqa: ARG001 - read by the guard
) -> None:
    """Decide on what did not land, as tidesman status --undelivered names it.

    Without --events or --refused it only tells what there is. Nothing is sent by this command.
    """
    from sync.app import open_app
    from sync.tenure import tenure

    if events and refused:
        raise Stop("choose one: --events or --refused")
    if drop and not events:
        raise Stop("--drop takes events as arrived: give it together with --events")
    with open_app(config, read_only=not (events or refused), secrets=False) as app:
        if destination is not None and destination not in app.destinations:
            known = ", ".join(app.destinations)
            raise Stop(f"there is no destination {destination!r}; there are {known}")
        names = app.destinations if destination is None else (destination,)
        if not (events or refused):
            _tell(app, names, json=json)
            return
        with tenure(app.store, app.clock, lost=lambda: None):
            if refused:
                count = _refused(app, names, customer or None, days, json=json)
            else:
                count = _events(app, names, customer or None, drop=drop)
    if json:
        typer.echo(json_.dumps({"dropped" if drop else "again": count}))
        return
    what = "events" if events else "refused profiles, places on lists and events"
    done = "are taken as arrived." if drop else f"will be tried again. {NEXT}"
    typer.echo(f"{count:,} {what} {done}" if count else f"there are no such {what}")


def _events(app: App, names: Sequence[str], customers: Sequence[str] | None, *, drop: bool) -> int:
    from sync import retry

    how = retry.events_taken if drop else retry.events_again
    return how(app.store, names, customers, app.clock.now())


def _refused(
    app: App, names: Sequence[str], customers: Sequence[str] | None, days: int, *, json: bool
) -> int:
    """Tells before it writes how old the events are that go again."""
    from sync import retry

    now = app.clock.now()
    since = now - timedelta(days=days)
    found = retry.refused_events(app.store, names, customers, since)
    if found.oldest is not None:
        typer.echo(f"{found.young:,} events, the oldest of {found.oldest:%Y-%m-%d}", err=json)
    if found.late:
        typer.echo(
            f"{found.late:,} events stay refused: older than {days} days (--days), or of customers "
            "whose profile is not sent",
            err=json,
        )
    return retry.refused_again(app.store, names, customers, now, since=since)


def _tell(app: App, names: Sequence[str], *, json: bool) -> None:
    from sync.undelivered import undelivered

    counts: Counter[tuple[str, str, str]] = Counter()
    for row in undelivered(app.store, names):
        counts[row.destination, row.mark, row.kind] += 1
    rows = [
        {"destination": name, "mark": mark, "what": what, "count": count}
        for (name, mark, what), count in sorted(counts.items())
    ]
    if json:
        typer.echo(json_.dumps(rows))
        return
    hints = {"refused": "--refused", "unknown": "--events, or --events --drop"}
    for told in rows:
        mark, name = str(told["mark"]), told["destination"]
        how = f"tidesman retry {name} {hints[mark]}" if mark in hints else "goes with the next run"
        typer.echo(f"{name}: {told['count']:,} {told['what']} {mark}: {how}")
    if not rows:
        typer.echo("every change was delivered")
