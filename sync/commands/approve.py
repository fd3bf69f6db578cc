"""``tidesman approve``: let a held run go on, up to a ceiling."""

from __future__ import annotations

import getpass
from typing import Annotated

import typer

from sync.commands.guard import Stop
from sync.commands.options import Config, Debug


def approve(
    run: Annotated[str, typer.Argument(help="The run that is held, as tidesman status names it.")],
    up_to: Annotated[
        int, typer.Option(help="At most so many customers are moved at any one destination.", min=1)
    ],
    config: Config = None,
    debug: Debug = False,  # noqa: ARG001 - read by the guard
) -> None:
    """Let a held run go on: a ceiling, not a licence.

    It goes on with the next run, be that of its day or of a later one: if by then at most so many
    customers would move, they move; if more, the run is held again.
    """
    from sync.app import open_app
    from sync.store import Status

    with open_app(config, secrets=False) as app:
        held = app.store.run(run)
        if held is None:
            raise Stop(f"there is no run {run}; tidesman status names the one that is held")
        if held.status is not Status.HELD:
            raise Stop(f"the run {run} is not held, it is {held.status}")
        app.store.approve(run, up_to, getpass.getuser(), app.clock.now())
        typer.echo(f"{run} may move up to {up_to:,} customers at each destination.")
        published = app.store.latest_snapshot()
        later = published is not None and published.as_of > held.as_of
        # a run never goes back behind what is published
        command = "tidesman run" if later else f"tidesman run --as-of {held.as_of}"
        typer.echo(f"Let it go on now: {command}; or leave it to the next run.")
