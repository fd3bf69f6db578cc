"""How a run tells how far it is, to a screen, to a log or to nobody."""

from __future__ import annotations

from typing import Protocol

from structlog.typing import FilteringBoundLogger


class Progress(Protocol):
    """Told by a run; ``total`` is None where nobody knows it. ``what`` is a step or destination."""

    def advance(self, what: str, done: int, total: int | None, note: str = "") -> None:
        """So much of it is done."""
        ...

    def wait(self, what: str, seconds: float, why: str = "") -> None:
        """It waits for a vendor, so many seconds from now on; told anew while it waits."""
        ...


class Silent:
    """Tells nobody."""

    def advance(self, what: str, done: int, total: int | None, note: str = "") -> None:
        """Drop it."""

    def wait(self, what: str, seconds: float, why: str = "") -> None:
        """Drop it."""


#: Seconds of a wait that is worth a line in a log.
LONG = 10.0


class LogProgress:
    """One line a step or destination: when it begins, when it is done, and for each long wait."""

    def __init__(self, log: FilteringBoundLogger) -> None:
        self._log = log
        self._begun: set[str] = set()
        self._waiting: set[str] = set()

    def advance(self, what: str, done: int, total: int | None, note: str = "") -> None:
        """Log the first and the last word on something."""
        self._waiting.discard(what)
        if what not in self._begun:
            self._begun.add(what)
            self._log.info("begun", what=what, total=total, note=note)
        elif done == total:
            self._log.info("done", what=what, total=total, note=note)

    def wait(self, what: str, seconds: float, why: str = "") -> None:
        """Log a long wait once, when it begins."""
        if seconds >= LONG and what not in self._waiting:
            self._waiting.add(what)
            said = {"why": why} if why else {}
            self._log.info("waiting for the vendor", what=what, seconds=round(seconds), **said)
