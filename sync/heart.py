"""The daemon's sign of life: a small file that says when it was last there."""

from __future__ import annotations

import json
import os
from datetime import datetime, timedelta
from pathlib import Path

from sync.clock import Clock, SystemClock

#: How often the sign is given, in seconds, and how old it may be while the daemon counts as alive.
BEAT = 10.0
ALIVE = timedelta(seconds=45)
FILE = "daemon.json"


def beat(data_dir: Path, clock: Clock, next_run: datetime | None) -> None:
    """Say that the daemon is alive."""
    data_dir.mkdir(parents=True, exist_ok=True)
    told = {
        "pid": os.getpid(),
        "at": clock.now().isoformat(),
        "next_run": None if next_run is None else next_run.isoformat(),
    }
    fresh = data_dir / f".{FILE}.{os.getpid()}"
    fresh.write_text(json.dumps(told), encoding="utf-8")
    # no sync: after a power cut the daemon is not alive either
    fresh.replace(data_dir / FILE)


def still(data_dir: Path) -> None:
    """Say that the daemon has ended."""
    (data_dir / FILE).unlink(missing_ok=True)


def alive(data_dir: Path, clock: Clock | None = None) -> bool:
    """Whether a daemon showed itself a short while ago."""
    now = (clock or SystemClock()).now()
    try:
        told = json.loads((data_dir / FILE).read_text(encoding="utf-8"))
        return abs(now - datetime.fromisoformat(told["at"])) <= ALIVE
    except (OSError, ValueError, KeyError, TypeError):
        return False
