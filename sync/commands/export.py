"""``tidesman export``: give one person all that is held of him."""

from __future__ import annotations

import json as json_
from pathlib import Path
from typing import Annotated

import typer

from sync.commands.guard import Stop
from sync.commands.options import Config, Debug


def export(
    who: Annotated[
        str,
        typer.Argument(
            metavar="WHO", help="A customer id, SOURCE:ID, an e-mail address or a phone number."
        ),
    ],
    to: Annotated[
        Path | None,
        typer.Option(help="A file to write to; standard output if left out.", show_default=False),
    ] = None,
    everybody: Annotated[
        bool, typer.Option("--everybody", help="Mean everybody whom that may be.")
    ] = False,
    config: Config = None,
    debug: Debug = False,  # noqa: ARG001 - read by the guard
) -> None:
    """Write all that is held of one person as JSON: orders, scores, moves, what was sent."""
    from connectors.disk import whole_file
    from sync.app import open_app
    from sync.dossier import dossier
    from sync.who import somebody

    with open_app(config, read_only=True, secrets=False) as app:
        found = somebody(app, who, everybody=everybody)
        if found is None:
            raise Stop(
                "nobody is known by that; give a customer id, an e-mail address or a phone number"
            )
        text = json_.dumps(dossier(app, found), default=str, ensure_ascii=False, indent=1)
    if to is None:
        typer.echo(text)
        return
    with whole_file(to) as unfinished:
        unfinished.write_text(text + "\n", encoding="utf-8")
    typer.echo(f"written to {to}")
