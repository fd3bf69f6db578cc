"""Fixed rate windows, as the vendors keep them: so many calls, then nothing until the window ends.

Windows begin at whole multiples of their length in epoch time. That Braze's hour is the clock hour
is documented; that the shorter ones are aligned in the same way is our assumption.
"""

from __future__ import annotations

import math
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Window:
    """At most ``calls`` requests in each window of ``seconds``."""

    calls: int
    seconds: float


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether a request may pass, and what headers tell of one window: the second, or the only one.

    ``reset`` is the seconds until that window ends, ``wait`` the seconds until a refused request
    can pass (0 for an admitted one), ``resets_at`` the end as epoch seconds.
    """

    admitted: bool
    limit: int
    remaining: int
    reset: float
    resets_at: float
    wait: float


class Windows:
    """Several windows kept together: a request counts in all of them or, refused, in none."""

    def __init__(self, *limits: Window) -> None:
        if not limits:
            raise ValueError("a limiter needs at least one window")
        self._limits = tuple(sorted(limits, key=lambda limit: limit.seconds))
        self._told = min(1, len(limits) - 1)
        self._counts = [0] * len(limits)
        self._indexes = [-1] * len(limits)

    def admit(self, now: float) -> Verdict:
        """Count one request at ``now`` (epoch seconds) if every window has room for it."""
        ends: list[float] = []
        full: list[float] = []
        for i, limit in enumerate(self._limits):
            index = math.floor(now / limit.seconds)
            if index != self._indexes[i]:
                self._indexes[i], self._counts[i] = index, 0
            ends.append((index + 1) * limit.seconds)
            if self._counts[i] >= limit.calls:
                full.append(ends[i])
        if not full:
            self._counts = [count + 1 for count in self._counts]
        told = self._told
        return Verdict(
            admitted=not full,
            limit=self._limits[told].calls,
            remaining=self._limits[told].calls - self._counts[told],
            reset=ends[told] - now,
            resets_at=ends[told],
            wait=max(full) - now if full else 0.0,
        )
