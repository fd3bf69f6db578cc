"""Options that several commands have."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Annotated

import typer

from sync.commands.guard import Stop

Config = Annotated[
    Path | None,
    typer.Option(
        "--config",
        "-c",
        help="The configuration file; TIDESMAN_CONFIG or ./tidesman.yaml if left out.",
        show_default=False,
    ),
]
Debug = Annotated[bool, typer.Option("--debug", help="Show where in the code an error arose.")]
Json = Annotated[
    bool,
    typer.Option("--json", help="One JSON object alone on standard output; the rest on error."),
]
AsOf = Annotated[
    str | None,
    typer.Option(
        "--as-of",
        metavar="YYYY-MM-DD",
        help="The day to stand on: orders after it do not count. Today in the shop if left out.",
        show_default=False,
    ),
]


def day(text: str | None, option: str = "--as-of") -> date | None:
    """The day that the option names; Stop with a sentence if it names none."""
    if text is None:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise Stop(f"{option} needs a day such as 2026-11-21, not {text!r}") from None
