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


NAMED = """\
{file} is written, as all of it ships. Change names, texts and thresholds in it, take out what shall
stay as it ships, and name it in your configuration:  segments_file: ./{file}
See what is different then:  tidesman segments"""


def init(
    file: Annotated[
        Path | None,
        typer.Argument(
            help="Where to write it: tidesman.yaml, or segments.yaml.", show_default=False
        ),
    ] = None,
    segments: Annotated[
        bool,
        typer.Option(
            "--segments",
            help="Write the names, texts and thresholds of segments instead, to be made your own.",
        ),
    ] = False,
    debug: Debug = False,  # noqa: ARG001 - read by the guard
) -> None:
    """Write a commented configuration and say what to do next."""
    from importlib.resources import files

    ships = "segments.yaml" if segments else "example.yaml"
    text = files("config").joinpath(ships).read_text(encoding="utf-8")
    file = file or Path("segments.yaml" if segments else "tidesman.yaml")
    try:
        with file.open("x", encoding="utf-8") as new:
            new.write(text)
    except FileExistsError:
        again = "tidesman init FILE" + (" --segments" if segments else "")
        raise Stop(f"{file} is there already; give another name: {again}") from None
    typer.echo((NAMED if segments else NEXT).format(file=file))
