"""A run, and then alerts: whoever is to be told learns what changed, whatever became of the run."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import date
from typing import TYPE_CHECKING

from connectors.http import mask
from sync.alerts.tell import tell
from sync.progress import Progress
from sync.report import Report
from sync.run import run
from sync.store import LeaseLost
from sync.tenure import Busy

if TYPE_CHECKING:
    from sync.app import App

#: Told, in a sentence, of a channel that could not be alerted.
Say = Callable[[str], None]


def watched(
    app: App,
    as_of: date | None,
    *,
    say: Say,
    progress: Progress | None = None,
    stop: threading.Event | None = None,
    alone: bool = False,
) -> Report:
    """``run``, then alerts. Raises what the run raises, never anything because of an alert.

    ``alone``: nobody sees an error that was raised before the run was written down.
    """
    try:
        report = run(app, as_of, progress=progress, stop=stop)
    except (Busy, LeaseLost):
        # the run of somebody else tells
        raise
    except Exception as error:
        tell_changes(app, say, failure=f"the run failed: {error}" if alone else None)
        raise
    tell_changes(app, say)
    return report


def tell_changes(app: App, say: Say, *, failure: str | None = None) -> None:
    """Alert whoever does not know yet how things stand."""
    try:
        failed = tell(app, failure=failure)
    except Exception as error:  # noqa: BLE001 - an alert ends no run
        failed = [f"nobody could be alerted: {mask(f'{type(error).__name__}: {error}')}"]
    for sentence in failed:
        say(sentence)
