"""``tidesman segments``: what each segment is called, who is in it, and what to do."""

from __future__ import annotations

import json as json_
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import typer

from sync.commands.options import Config, Debug, Json

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rich.console import Console

    from sync.app import App

RULES = "the segments are the rules of your configuration, under segmentation.rules"


def segments(
    config: Config = None,
    json: Json = False,
    debug: Debug = False,  # noqa: ARG001 - read by the guard
) -> None:
    """Show the segments of each scheme that is on: names, who, what to do, how to measure it.

    In the words of segments_file, where one is named, and with the thresholds that it pins.
    """
    from sync.commands.show import console
    from sync.scratch import stateless

    with stateless(config) as app:
        found = _told(app)
    if json:
        typer.echo(json_.dumps(found))
        return
    _show(found, console())


def _told(app: App) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for scheme in app.loaded.settings.segmentation.schemes:
        told = [asdict(each) for each in app.loaded.segments.told(scheme)]
        pinned = app.loaded.segments.pinned.get(scheme, {})
        found[scheme] = {
            "pinned": {key: list(edges) for key, edges in pinned.items()},
            "segments": told,
        }
    return found


def _show(found: Mapping[str, Any], out: Console) -> None:
    from rich.table import Table
    from rich.text import Text

    for scheme, body in found.items():
        out.print(scheme, style="bold")
        for key, edges in body["pinned"].items():
            out.print(f"{key} pinned at {', '.join(f'{edge:,g}' for edge in edges)}")
        if not body["segments"]:
            out.print(RULES)
        table = Table(box=None, padding=(0, 2, 1, 0), header_style="dim", pad_edge=False)
        for title in ("segment", "who", "what to do", "how to see whether it helped"):
            table.add_column(title, overflow="fold", ratio=2 if title == "segment" else 4)
        for each in body["segments"]:
            name = Text(each["name"])
            if each["name"] != each["key"]:
                name.append(f"\n({each['key']})", style="dim")
            table.add_row(name, *map(Text, (each["description"], each["do"], each["measure"])))
        if body["segments"]:
            out.print(table)
