"""Numbers that a person can keep in mind, near the ones that came out."""

from __future__ import annotations

import math
from collections.abc import Iterable

_DAYS = (3, 7, 10, 14, 21, 30, 45, 60, 75, 90)
_STEPS = (1.0, 1.2, 1.5, 2.0, 2.5, 3.0, 4.0, 5.0, 6.0, 8.0, 10.0)


def readable_money(values: Iterable[float]) -> tuple[float, ...]:
    """Ascending amounts of one or two digits, each above the one before; never zero."""
    edges: list[float] = []
    for value in values:
        edge = _money(max(value, 0.01))
        while edges and edge <= edges[-1]:
            edge = _money(edges[-1], above=True)
        edges.append(edge)
    return tuple(edges)


def _money(value: float, *, above: bool = False) -> float:
    power = 10.0 ** math.floor(math.log10(value))
    steps = [round(step * power, 6) for step in _STEPS]
    if above:
        return next((s for s in steps if s > value * (1 + 1e-9)), steps[-1] * 1.2)
    return min(steps, key=lambda step: abs(math.log(step / value)))


def readable_chance(value: float) -> float:
    """A probability with two digits, counted from the nearer of 0 and 1; never either of them."""
    value = float(value)
    small = min(max(min(value, 1.0 - value), 1e-4), 0.5)
    digits = 2 if small >= 0.1 else 1 - math.floor(math.log10(small))
    rounded = round(small, min(digits, 4))
    return round(rounded if value < 0.5 else 1.0 - rounded, 4)


def readable_days(values: Iterable[float]) -> tuple[float, ...]:
    """Ascending numbers of days as people count them: weeks, then months of thirty days."""
    edges: list[float] = []
    for value in values:
        least = edges[-1] if edges else 0.0
        months = range(120, int(max(value, least)) + 90, 30)
        free = [float(step) for step in (*_DAYS, *months) if step > least]
        edges.append(min(free, key=lambda step: abs(step - value)))
    return tuple(edges)
