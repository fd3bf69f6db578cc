"""``tidesman new``: the beginning of a connector of one's own."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import typer

from sync.commands.guard import Stop
from sync.commands.options import Debug

NEXT = """\
{folder} is written: an adapter, a look-alike and a test. What to do next:
  1. Install the laws:      pip install 'tidesman[testing]'
  2. See what is missing:   cd {folder} && python -m pytest
  3. Write adapter.py and lookalike.py until nothing says "not written yet" and all laws hold.
  4. Install it:            pip install .
Then `type: {name}` names it in the configuration."""

Name = Annotated[str, typer.Argument(help="Its type in the configuration, such as postbox.")]
Into = Annotated[
    Path | None,
    typer.Option(help="The folder to make; tidesman-NAME if left out.", show_default=False),
]


def destination(name: Name, into: Into = None, debug: Debug = False) -> None:  # noqa: ARG001
    """Begin a destination: a small package whose tests fail with "not written yet"."""
    from connectors import scaffold

    _write(name, into, scaffold.destination(name))


def source(name: Name, into: Into = None, debug: Debug = False) -> None:  # noqa: ARG001
    """Begin a source of orders: a small package whose tests fail with "not written yet"."""
    from connectors import scaffold

    _write(name, into, scaffold.source(name))


def _write(name: str, into: Path | None, texts: Mapping[str, str]) -> None:
    folder = into if into is not None else Path(f"tidesman-{name.replace('_', '-')}")
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise Stop(f"{folder} is there and not empty; give another folder with --into")
    for path, text in texts.items():
        file = folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    typer.echo(NEXT.format(folder=folder, name=name))
