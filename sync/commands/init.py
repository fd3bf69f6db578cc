"""``tidesman init``: write a configuration that explains itself."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from sync.commands.guard import Stop
from sync.commands.options import Debug

NEXT = """\
{file} is written. What to do next:
  1. Put the shop's time zone, currency and order files into it, and take out what you do not use.
  2. Set the keys of your destinations:  export KLAVIYO_API_KEY=…
  3. See whether all can be reached:     tidesman check
  4. See what would be sent:             tidesman plan
  5. Send it:                            tidesman run
To try it without any account, run tidesman sandbox in another terminal and set each base_url to
the address that it prints."""


def init(
    file: Annotated[Path, typer.Argument(help="Where to write it.")] = Path("tidesman.yaml"),
    debug: Debug = False,  # noqa: ARG001 - read by the guard
) -> None:
    """Write a commented configuration and say what to do next."""
    from importlib.resources import files

    text = files("config").joinpath("example.yaml").read_text(encoding="utf-8")
    try:
        with file.open("x", encoding="utf-8") as new:
            new.write(text)
    except FileExistsError:
        raise Stop(f"{file} is there already; give another name: tidesman init FILE") from None
    typer.echo(NEXT.format(file=file))
