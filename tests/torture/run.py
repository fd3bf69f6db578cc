"""One ``tidesman run`` as a process, by a clock, on a disk and to a death that we choose."""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import os
import resource
import signal
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from processes import Process, start

#: Waits between requests pass so many times faster; the lease and what the time is do not.
HASTE = 200.0
#: Customers in a request.
FEW = 3


@dataclass(frozen=True, slots=True)
class Kill:
    """When a process dies: at a named place, before or after a statement, or at a moment.

    ``at`` counts how often the place is reached, or statements, or milliseconds. A kind of "pause"
    is no death: at that place the process stands still until it is told to go on.
    """

    kind: str
    at: int
    place: str = ""

    def __str__(self) -> str:
        where = {"place": self.place, "moment": "a moment"}.get(self.kind, self.kind)
        return f"{where}:{self.at}"


@dataclass(frozen=True, slots=True)
class Conditions:
    """What is wrong with the machine.

    ``disk``: most bytes of a file, None for no limit. ``read_only``: nothing can be written.
    ``set_back``: hours that the clock is behind.
    """

    disk: int | None = None
    read_only: bool = False
    set_back: float = 0.0

    def __str__(self) -> str:
        told = [f"files end at {self.disk} bytes"] if self.disk is not None else []
        told += ["the disk is read-only"] if self.read_only else []
        told += [f"the clock is {self.set_back:g} h behind"] if self.set_back else []
        return ", ".join(told) or "all is well"

    @property
    def name(self) -> str:
        """Of what kind it is."""
        if self.disk is not None:
            return "disk full"
        return "disk read-only" if self.read_only else "clock set back"


WELL = Conditions()


@dataclass(frozen=True, slots=True)
class Job:
    """One run: of which day, by which clock, with which mishaps."""

    config: Path
    as_of: str
    now: datetime
    kill: Kill | None = None
    conditions: Conditions = field(default=WELL)


def begin(job: Job, said: Path) -> Process:
    """Start it. A kill at a moment is left to the caller."""

    def work() -> None:
        _set_the_clock(job.now - timedelta(hours=job.conditions.set_back))
        _set_the_size()
        _set_the_death(job.kill)
        with _disk(job):
            from sync.cli import main

            sys.argv = ["tidesman", "run", "--config", str(job.config), "--as-of", job.as_of]
            main()

    return start(said, work)


def _set_the_clock(now: datetime) -> None:
    from sync.clock import SystemClock

    began, first = time.monotonic(), now.astimezone(UTC)

    async def sleep(_self: SystemClock, seconds: float) -> None:
        await asyncio.sleep(seconds / HASTE)

    def passed() -> float:
        return time.monotonic() - began

    SystemClock.now = lambda _self: first + timedelta(seconds=passed())  # type: ignore[method-assign]
    SystemClock.monotonic = lambda _self: passed() * HASTE  # type: ignore[method-assign]
    SystemClock.sleep = sleep  # type: ignore[method-assign]


def _set_the_death(kill: Kill | None) -> None:
    from sync import failpoints

    if kill is None or kill.kind == "moment":
        return
    if kill.kind == "pause":
        failpoints.die = lambda: os.kill(os.getpid(), signal.SIGSTOP)
    if kill.kind in ("place", "pause"):
        os.environ[failpoints.VARIABLE] = f"{kill.place}:{kill.at}"
        return
    from sqlalchemy import event
    from sqlalchemy.engine import Engine

    left = [kill.at]

    def count(*_arguments: object) -> None:
        left[0] -= 1
        if left[0] == 0:
            failpoints.die()

    names = {"before statement": "before_cursor_execute", "after statement": "after_cursor_execute"}
    event.listen(Engine, names[kill.kind], count)


def _set_the_size() -> None:
    """A few customers a request, so that even a small shop makes many of them."""
    from connectors.destinations.braze import Braze
    from connectors.destinations.iterable import Iterable
    from connectors.destinations.klaviyo import Klaviyo

    for kind in (Braze, Iterable, Klaviyo):
        kind.deliveries = {k: replace(d, size=FEW) for k, d in kind.deliveries.items()}


@contextlib.contextmanager
def _disk(job: Job) -> Iterator[None]:
    """A disk that is full or read-only, for this process alone."""
    if job.conditions.disk is not None:
        # the writer is told by an error instead
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (job.conditions.disk,) * 2)
    if not job.conditions.read_only:
        yield
        return
    data = job.config.parent / "data"
    there = [path for path in [data, *data.rglob("*")] if path.exists()]
    before = {path: path.stat().st_mode & 0o7777 for path in there}
    for path, mode in before.items():
        path.chmod(mode & 0o555)
    try:
        _obey()
        yield
    finally:
        for path, mode in before.items():
            with contextlib.suppress(FileNotFoundError):
                path.chmod(mode)


def _obey() -> None:
    """Give up root's right to write anywhere: capset(2) with no capability but over owned files."""
    if os.geteuid() == 0:
        version_3, own_files = 0x20080522, 1 << 3
        header = (ctypes.c_uint32 * 2)(version_3, 0)
        sets = (ctypes.c_uint32 * 6)(own_files, own_files, 0, 0, 0, 0)
        if ctypes.CDLL(None, use_errno=True).capset(header, sets) != 0:
            raise OSError(ctypes.get_errno(), "capset")
