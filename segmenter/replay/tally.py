"""Days of a replay counted: moves, causes, flaps, and how many customers changed at all."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

import numpy as np

from segmenter.replay.days import Day, Moved
from segmenter.replay.orders import number
from segmenter.replay.placing import Codes
from segmenter.schemes import ALL

#: A customer who is back so many days later in the segment that he left has flapped.
FLAP_DAYS = 7


@dataclass(frozen=True, slots=True)
class Counted:
    """The moves of one scheme on one day."""

    moves: int
    causes: Mapping[str, int]
    flaps: int


@dataclass(frozen=True, slots=True)
class DayCounted:
    """One day in numbers. ``changed`` customers moved in at least one scheme; the new are apart."""

    day: date
    customers: int
    new: int
    changed: int
    refitted: bool
    schemes: Mapping[str, Counted]


class Tally:
    """Counts days in their order; it keeps when each customer left which segment."""

    def __init__(self, buyers: int) -> None:
        self._buyers = buyers
        self._left: dict[str, np.ndarray] = {}

    def count(self, day: Day) -> DayCounted:
        """One day more."""
        schemes = {name: self._scheme(name, moved, day.day) for name, moved in day.moved.items()}
        everybody = [moved.who for moved in day.moved.values()]
        changed = np.unique(np.concatenate(everybody)).size if everybody else 0
        return DayCounted(day.day, day.customers, day.new, int(changed), day.refitted, schemes)

    def _scheme(self, name: str, moved: Moved, day: date) -> Counted:
        left = self._left.setdefault(
            name, np.full((len(ALL[name].segments), self._buyers), -(FLAP_DAYS + 1), np.int32)
        )
        flaps = self._back(left, moved.went_to, moved, number(day))
        left[moved.came_from, moved.who] = number(day)
        return Counted(len(moved.who), dict(Counter(moved.because)), flaps)

    @staticmethod
    def _back(left: np.ndarray, to: Codes, moved: Moved, today: int) -> int:
        return int((today - left[to, moved.who] <= FLAP_DAYS).sum())
