"""How a run tells how far it is, to a screen, to a log or to nobody."""

from __future__ import annotations

from typing import Protocol

from structlog.typing import FilteringBoundLogger


class Progress(Protocol):
    """Told by a run; ``total`` is None where nobody knows it. ``what`` is a step or destination."""

    def advance(self, what: str, done: int, total: int | None, note: str = "") -> None:
        """So much of it is done."""
        ...


class Silent:
    """Tells nobody."""

    def advance(self, what: str, done: int, total: int | None, note: str = "") -> None:
        """Drop it."""


class LogProgress:
    """One line a step or destination: when it begins and when it is done."""

    def __init__(self, log: FilteringBoundLogger) -> None:
        self._log = log
        self._begun: set[str] = set()

    def advance(self, what: str, done: int, total: int | None, note: str = "") -> None:
        """Log the first and the last word on something."""
        if what not in self._begun:
            self._begun.add(what)
            self._log.info("begun", what=what, total=total, note=note)
        elif done == total:
            self._log.info("done", what=what, total=total, note=note)
