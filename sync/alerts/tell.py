"""Tell each channel what it does not know yet, and remember that it does."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, cast

from connectors.http import mask
from sync.alerts import book
from sync.alerts.conditions import conditions, well
from sync.alerts.message import Change, Message
from sync.alerts.options import AlertOptions
from sync.alerts.send import Unsent, send
from sync.store import StoreError

if TYPE_CHECKING:
    from sync.app import App


def channels(app: App) -> dict[str, AlertOptions]:
    """Who is to be told, by name."""
    every = app.loaded.options.items()
    return {
        name: cast("AlertOptions", given) for (group, name), given in every if group == "alerts"
    }


def tell(app: App, *, failure: str | None = None) -> list[str]:
    """Send what is due; gives a sentence for each channel that could not be told.

    ``failure`` is why a run ended before it could write that down. An alert goes before it is
    marked: a kill between the two repeats it, and none is lost.
    """
    every = channels(app)
    if not every:
        return []
    try:
        return _tell(app, every, failure)
    except StoreError as error:
        return _tell_unremembered(app, every, failure or str(error))


def trial(app: App) -> dict[str, str | None]:
    """Send each channel a message that says it is a test; why it failed, None if it did not."""
    found: dict[str, str | None] = {}
    for name, options in channels(app).items():
        change = Change("test", "this is a test, nothing is wrong", app.clock.now(), well=True)
        found[name] = _failure(app, options, [change])
    return found


def _tell(app: App, every: Mapping[str, AlertOptions], failure: str | None) -> list[str]:
    rows = book.told(app.store)
    gone = [row for row in rows if _is_gone(app, row)]
    if gone:
        book.forget(app.store, gone)
    said: list[str] = []
    for name, options in every.items():
        standing = conditions(app, options.undelivered_share)
        if failure is not None:
            standing["run"] = mask(failure, app.secrets())
        known = {row.condition: row for row in rows if row.channel == name and row not in gone}
        due = _due(app, standing, known)
        # what was never told need not be taken back
        book.forget(app.store, [row for row in known.values() if _is_over(row, standing)])
        book.stands(app.store, [row for row in known.values() if _is_back(row, standing)])
        if not due:
            continue
        why = _failure(app, options, due)
        if why is None:
            book.sent(app.store, name, due, app.clock.now())
        else:
            book.failed(app.store, name, due, why)
            said.append(f"{name} could not be alerted, and is tried again by the next run: {why}")
    return said


def _due(
    app: App, standing: Mapping[str, str | None], known: Mapping[str, book.Told]
) -> list[Change]:
    changes: list[Change] = []
    for condition, says in standing.items():
        row = known.get(condition)
        if says is not None and (row is None or row.told_at is None):
            changes.append(Change(condition, says, app.clock.now() if row is None else row.since))
        elif says is None and row is not None and row.told_at is not None:
            changes.append(Change(condition, well(condition), row.since, well=True))
    return changes


def _is_over(row: book.Told, standing: Mapping[str, str | None]) -> bool:
    """Whether it ended before its channel could be told of it."""
    return row.told_at is None and row.condition in standing and standing[row.condition] is None


def _is_back(row: book.Told, standing: Mapping[str, str | None]) -> bool:
    """Whether it came back before its channel could be told of its end."""
    is_wrong = standing.get(row.condition) is not None
    return row.told_at is not None and row.failure is not None and is_wrong


def _is_gone(app: App, row: book.Told) -> bool:
    """Whether its channel or its destination left the configuration."""
    destination = row.condition.partition(":")[2]
    left = bool(destination) and destination not in app.destinations
    return left or row.channel not in channels(app)


def _tell_unremembered(app: App, every: Mapping[str, AlertOptions], why: str) -> list[str]:
    """The state database cannot be used: better twice than never."""
    change = Change("run", mask(why, app.secrets()), app.clock.now())
    failures = {name: _failure(app, options, [change]) for name, options in every.items()}
    return [f"{name} could not be alerted: {said}" for name, said in failures.items() if said]


def _failure(app: App, options: AlertOptions, changes: Sequence[Change]) -> str | None:
    try:
        send(options, Message(options.title, app.clock.now(), tuple(changes)))
    except Unsent as unsent:
        return str(unsent)
    return None
