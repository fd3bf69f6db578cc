"""``tidesman check``: ask each source and destination for something harmless."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import typer

from sync.commands.guard import Code
from sync.commands.options import Config, Debug, Json

if TYPE_CHECKING:
    from connectors.base import Connector
    from sync.app import App


@dataclass(frozen=True, slots=True)
class Found:
    """What one connector said."""

    name: str
    kind: str
    ok: bool
    says: str
    code: Code


def check(config: Config = None, json: Json = False, debug: Debug = False) -> None:  # noqa: ARG001
    """Ask each source and destination for something harmless, and name what is missing.

    Alerts are only named: nothing is sent.
    """
    from sync.scratch import stateless

    with stateless(config) as app:
        found = asyncio.run(_ask(app))
    if json:
        from json import dumps

        typer.echo(dumps({f.name: {"ok": f.ok, "says": f.says} for f in found}))
    else:
        _show(found)
    code = max((each.code for each in found), default=Code.OK)
    if any(each.code is Code.MEND for each in found):
        code = Code.MEND
    if code is not Code.OK:
        raise typer.Exit(code)


async def _ask(app: App) -> list[Found]:
    sources = [_source(app, name) for name in app.sources]
    destinations = [_destination(app, name) for name in app.destinations]
    return [*await asyncio.gather(*sources, *destinations), *_channels(app)]


def _channels(app: App) -> list[Found]:
    """Who would be alerted. Nothing is sent: tidesman alert --test does that."""
    from sync.alerts.tell import channels

    found: list[Found] = []
    for name, options in channels(app).items():
        missing = " ".join(app.missing("alerts", name))
        says = missing or f"not asked; {options.place()}; try it by: tidesman alert --test"
        found.append(Found(name, "alert", not missing, says, Code.MEND if missing else Code.OK))
    return found


async def _source(app: App, name: str) -> Found:
    from sync.gates import clock_off, short_history

    missing = app.missing("sources", name)
    if missing:
        return _found(name, "source", " ".join(missing), Code.MEND)
    transport = app.transport()
    source = app.source(name, transport)
    advice = ""

    async def ask() -> str | None:
        nonlocal advice
        await source.check()
        coverage = await source.probe()
        advice = coverage.advice
        hidden = short_history(app, name, coverage)
        return hidden or clock_off(name, transport.clock_off)

    wrong = await _asked(source, ask)
    if wrong is None and advice:
        return Found(name, "source", True, advice, Code.OK)
    return _found(name, "source", wrong, Code.MEND)


async def _destination(app: App, name: str) -> Found:
    missing = app.missing("destinations", name)
    if missing:
        return _found(name, "destination", " ".join(missing), Code.MEND)
    destination = app.destination(name)
    wrong = await _asked(destination, destination.check)
    return _found(name, "destination", wrong, Code.UNDELIVERED)


async def _asked(found: Connector[Any], ask: Callable[[], Awaitable[str | None]]) -> str | None:
    """One harmless question to a connector; what is wrong, or None."""
    from connectors.errors import ConnectorError

    try:
        return await ask()
    except ConnectorError as error:
        return str(error)
    finally:
        await found.aclose()


def _found(name: str, kind: str, wrong: str | None, code: Code) -> Found:
    if wrong is None:
        return Found(name, kind, True, "ok", Code.OK)
    return Found(name, kind, False, wrong, code)


def _show(found: list[Found]) -> None:
    from rich.table import Table
    from rich.text import Text

    from sync.commands.show import console

    table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim", pad_edge=False)
    for title in ("", "name", "is", "says"):
        table.add_column(title, overflow="fold")
    for each in found:
        colour = "green" if each.ok else "red"
        sign = Text("ok" if each.ok else "no", style=colour)
        says = "" if each.says == "ok" else each.says
        table.add_row(sign, each.name, each.kind, Text(says))
    console().print(table)
    if all(each.ok for each in found):
        console().print("All can be reached. Next: tidesman plan")
