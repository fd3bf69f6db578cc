"""``tidesman run``: the daily job, once."""

from __future__ import annotations

import json as json_
import signal
import threading
from collections.abc import Generator
from contextlib import contextmanager
from types import FrameType
from typing import TYPE_CHECKING

import typer

from sync.commands.guard import Code
from sync.commands.options import AsOf, Config, Debug, Json, day

if TYPE_CHECKING:
    from sync.report import Report


def run(
    as_of: AsOf = None,
    config: Config = None,
    json: Json = False,
    debug: Debug = False,  # noqa: ARG001 - read by the guard
) -> None:
    """Pull orders, work out segments, and update who changed. Repeating it is harmless.

    A run that was cut off goes on where it was.
    """
    from sync import logs
    from sync.app import open_app
    from sync.commands.bars import bars
    from sync.commands.guard import say
    from sync.commands.show import console, report
    from sync.watch import watched

    with open_app(config) as app, stopping() as stop:
        logs.configure(level="WARNING", secrets=app.secrets())
        with bars() as progress:
            found = watched(app, day(as_of), say=say, progress=progress, stop=stop)
    if json:
        typer.echo(json_.dumps(found.to_json()))
    console(stderr=json).print(report(found))
    code = outcome(found)
    if code is not Code.OK:
        raise typer.Exit(code)


def outcome(found: Report) -> Code:
    """The exit code that a run's report stands for."""
    if found.held is not None:
        return Code.HELD
    left = found.status == "stopped" or found.undelivered()
    return Code.UNDELIVERED if left else Code.OK


@contextmanager
def stopping() -> Generator[threading.Event]:
    """An event that SIGTERM and Ctrl-C set; a second Ctrl-C ends the command at once."""
    stop = threading.Event()

    def told(number: int, _frame: FrameType | None) -> None:
        if stop.is_set() and number == signal.SIGINT:
            raise KeyboardInterrupt
        stop.set()

    before = {number: signal.signal(number, told) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
