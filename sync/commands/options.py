"""Options that several commands have."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

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
    datetime | None,
    typer.Option(
        "--as-of",
        formats=["%Y-%m-%d"],
        help="The day to stand on: orders after it do not count. Today in the shop if left out.",
        show_default=False,
    ),
]
