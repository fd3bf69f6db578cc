"""``tidesman plan``: what a run would do, before anything is sent."""

from __future__ import annotations

import typer

from sync.commands.options import AsOf, Config, Debug, Json


def plan(
    as_of: AsOf = None, config: Config = None, json: Json = False, debug: Debug = False
) -> None:
    """Show what a run would do now: who moves where and why, and what it costs at each destination.

    It works on a copy: orders are pulled and segments worked out as a run does it, and nothing is
    written to the state or sent anywhere.
    """
    raise typer.Exit(1)
