"""At which days a shop's past is cut for a back-test, chosen by how much past there is."""

from __future__ import annotations

from datetime import date, timedelta

#: So much of the past is always learned from, as a share of all of it.
LEARN = 1 / 3
MOST = 4


def cutoffs(
    first: date, last: date, horizon: int, *, most: int = MOST
) -> tuple[tuple[date, ...], int]:
    """The cut-offs, latest first, and the days held out after each.

    The holdouts follow each other without a gap and end with ``last``; each is ``horizon`` days, or
    a third of the past where that is shorter. Before the earliest lies a third of the past at
    least. None if there are not three days between ``first`` and ``last``.
    """
    past = (last - first).days
    days = min(horizon, past // 3)
    if days < 1:
        return (), 0
    ends = [last - timedelta(days=days * k) for k in range(1, most + 1)]
    return tuple(end for end in ends if (end - first).days >= past * LEARN), days
