"""``tidesman sandbox``: look-alikes of the vendors on this machine."""

from __future__ import annotations

from typing import Annotated

import typer

from sync.commands.guard import Stop
from sync.commands.options import Debug

FIRST_PORT = 9001


def sandbox(
    port: Annotated[
        int, typer.Option(help="The first of six ports, one for each vendor.")
    ] = FIRST_PORT,
    limits: Annotated[
        bool, typer.Option(help="Keep the vendors' rate limits, as the vendors do.")
    ] = True,
    debug: Debug = False,  # noqa: ARG001 - read by the guard
) -> None:
    """Serve look-alikes of the vendors until interrupted."""
    from connectors.sandbox.run import look_alikes
    from connectors.sandbox.run import run as serve

    def ready(urls: dict[str, str]) -> None:
        for name, url in urls.items():
            typer.echo(
                f"{name:<10} {url}   any key is let in; look at it: curl {url}/sandbox/state"
            )
        typer.echo("Stop with Ctrl-C.")

    ports = {name: port + number for number, name in enumerate(look_alikes())}
    try:
        serve(ports, limits=limits, ready=ready)
    except OSError as error:
        raise Stop(f"{error.strerror}; choose other ports with --port") from error
