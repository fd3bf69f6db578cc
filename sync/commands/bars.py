"""Progress bars on standard error, where that is a terminal."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager

from rich.markup import escape
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    SpinnerColumn,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
)

from sync.commands.show import console


class Bars:
    """One bar a step or destination."""

    def __init__(self, drawn: Progress) -> None:
        self._drawn = drawn
        self._tasks: dict[str, TaskID] = {}
        self._notes: dict[str, str] = {}

    def advance(self, what: str, done: int, total: int | None, note: str = "") -> None:
        """Move the bar; the first word on something draws it."""
        if what not in self._tasks:
            self._tasks[what] = self._drawn.add_task(what, total=total, note=note)
        self._drawn.update(self._tasks[what], completed=done, total=total, note=note)
        self._notes[what] = note

    def wait(self, what: str, seconds: float, why: str = "") -> None:
        """Say beside the bar how long it will stand still, and what the vendor said."""
        if what in self._tasks and seconds >= 1:
            said = f": {escape(why)}" if why else ""
            note = f"{self._notes[what]}; waits {seconds:.0f} s for the vendor{said}"
            self._drawn.update(self._tasks[what], note=note)


@contextmanager
def bars() -> Generator[Bars]:
    """Bars that go away at the end: the tables say what was done. Nothing is drawn into a pipe."""
    out = console(stderr=True)
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description:<14}"),
        BarColumn(bar_width=30),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("{task.fields[note]}", style="dim"),
    )
    drawn = Progress(*columns, console=out, transient=True, disable=not out.is_terminal)
    with drawn:
        yield Bars(drawn)
