"""Named places at which a test can have the process killed, as a power cut would.

``TIDESMAN_FAILPOINT=deliver.marked:3`` ends the process with SIGKILL when that place is reached
for the third time. Unset, which is always but in tests, a place costs a look into the environment.
"""

from __future__ import annotations

import os
import signal
from collections import Counter

VARIABLE = "TIDESMAN_FAILPOINT"

_reached: Counter[str] = Counter()


def die() -> None:
    """End the process at once: no handler, no flush, no farewell."""
    os.kill(os.getpid(), signal.SIGKILL)


def reach(name: str) -> None:
    """Say that this place was reached."""
    wanted = os.environ.get(VARIABLE)
    if wanted is None:
        return
    place, _, times = wanted.partition(":")
    if place == name:
        _reached[name] += 1
        if _reached[name] == int(times or 1):
            die()
