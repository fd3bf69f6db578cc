"""What all destinations of a run share: where it is written, who watches, and a wish to stop."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol

from sync.brake import Brake
from sync.clock import Clock
from sync.store import Store
from sync.wire import Never, Pace, Stop


class Progress(Protocol):
    """Somebody who watches: the command line draws it."""

    def advance(self, destination: str, done: int, total: int, note: str) -> None:
        """So many of the changes that ``note`` names are settled at a destination."""
        ...

    def wait(self, destination: str, seconds: float) -> None:
        """So long nothing more is sent, as the vendor's limits or the vendor ask for it."""
        ...


class Unseen:
    """Nobody watches."""

    def advance(self, destination: str, done: int, total: int, note: str) -> None:
        """Take no notice."""

    def wait(self, destination: str, seconds: float) -> None:
        """Take no notice."""


@dataclass(frozen=True, slots=True)
class Delivering:
    """What all destinations of a run share.

    ``approved`` is the ceiling of the run's approval. ``fresh`` says that this run has delivered
    nothing before, so that there is nothing of an earlier process to be counted.
    """

    store: Store
    run_id: str
    clock: Clock
    brake: Brake = field(default_factory=Brake)
    approved: int | None = None
    pace: Pace = field(default_factory=Pace)
    progress: Progress = field(default_factory=Unseen)
    stop: Stop = field(default_factory=Never)
    fresh: bool = False
