"""``tidesman alert``: tell who is to be told, or try it."""

from __future__ import annotations

from typing import Annotated

import typer

from sync.commands.guard import Code, Stop, say
from sync.commands.options import Config, Debug


def alert(
    test: Annotated[bool, typer.Option("--test", help="Send each channel a test.")] = False,
    config: Config = None,
    debug: Debug = False,  # noqa: ARG001 - read by the guard
) -> None:
    """Tell each channel under alerts what went wrong or well since it was last told.

    Runs and the daemon do so themselves. By a clock of its own, such as cron's, this command also
    tells that the daemon missed its hour.
    """
    from sync.alerts import tell
    from sync.app import open_app

    with open_app(config) as app:
        channels = tell.channels(app)
        if not channels:
            raise Stop("nobody is to be alerted; name channels under alerts in the configuration")
        if test:
            found = tell.trial(app)
            failed = [f"{name} failed: {why}" for name, why in found.items() if why is not None]
            for name in (name for name, why in found.items() if why is None):
                typer.echo(f"{name}: a test was sent {channels[name].place()}")
        else:
            failed = tell.tell(app)
    for sentence in failed:
        say(sentence)
    if failed:
        raise typer.Exit(Code.UNDELIVERED)
