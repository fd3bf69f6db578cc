"""``tidesman forget``: let nothing be known of one person any more."""

from __future__ import annotations

import asyncio
import json as json_
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from sync.commands.guard import Code, Stop
from sync.commands.options import Config, Debug, Json

if TYPE_CHECKING:
    import threading

    from sync.app import App
    from sync.forget import Cleared


def forget(
    who: Annotated[
        str | None,
        typer.Argument(
            metavar="WHO",
            help="A customer id as it is shown, SOURCE:ID, an e-mail address or a phone number; "
            "left out, those are finished whom a run was cut off with.",
            show_default=False,
        ),
    ] = None,
    everybody: Annotated[
        bool, typer.Option("--everybody", help="Mean everybody whom that may be.")
    ] = False,
    config: Config = None,
    json: Json = False,
    debug: Debug = False,  # noqa: ARG001 - read by the guard
) -> None:
    """Forget one person: orders, scores, history, and what we wrote at each destination.

    Only salted hashes are kept, so that a source that still has the orders does not bring them
    back. The vendors' profiles and consent are not touched. Cut off, it goes on when repeated.
    """
    from sync.app import open_app
    from sync.commands.run import stopping
    from sync.tenure import tenure
    from sync.who import somebody

    with (
        open_app(config) as app,
        stopping() as stop,
        tenure(app.store, app.clock, lost=stop.set),
    ):
        found = None if who is None else somebody(app, who, everybody=everybody)
        if found is not None:
            app.store.begin_forgetting(found, app.clock.now())
        elif not app.store.being_forgotten():
            if who is None:
                raise Stop("there is nobody left to be forgotten", Code.OK)
            if app.store.is_forgotten(who):
                raise Stop("that person is forgotten; nothing is left here", Code.OK)
            raise Stop(
                "nobody is known by that; give a customer id, an e-mail address or a phone number"
            )
        told, gone = _all(app, stop)
    _show(told, gone, json=json)
    if any(each.stopped is not None for each in told):
        raise typer.Exit(Code.UNDELIVERED)


def _all(app: App, stop: threading.Event) -> tuple[list[Cleared], list[str]]:
    from sync import forget as forgetting
    from sync.failpoints import reach

    reach("forget.begun")
    told: list[Cleared] = []
    gone: set[str] = set()
    for one in app.store.being_forgotten():
        gone.update(forgetting.unreachable(app, one))
        told += asyncio.run(forgetting.forget(app, one, stop))
    return told, sorted(gone)


def _show(told: list[Cleared], gone: list[str], *, json: bool) -> None:
    done = all(each.stopped is None for each in told)
    if json:
        rows = [asdict(each) for each in told]
        typer.echo(json_.dumps({"forgotten": done, "destinations": rows, "unreachable": gone}))
        return
    typer.echo("Nothing is left here." if done else "Not all is done; repeat: tidesman forget")
    for each in told:
        if each.stopped is not None:
            typer.echo(f"  {each.stopped}")
        elif each.cleared:
            typer.echo(f"  {each.destination}: {_became(each)}")
        for reason in each.refused:
            typer.echo(f"  {each.destination} refused to clear: {reason}; do it there by hand")
    for name in gone:
        typer.echo(f"  {name} is no longer configured: clear what it holds by hand")


def _became(each: Cleared) -> str:
    if each.held is None:
        return "asked to clear what we wrote; it cannot be read back, so nothing confirms it"
    if each.held:
        return f"took the clearing, but still shows {', '.join(each.held)}: look there by hand"
    return "what we wrote is cleared, as reading back confirms"
