"""Edges that the operator pins as numbers of his own."""

from __future__ import annotations

import math
from collections.abc import Mapping
from difflib import get_close_matches
from itertools import pairwise

from segmenter.schemes import FIXED
from segmenter.schemes.base import Axis, Edges
from segmenter.schemes.rules import Problem

#: What every event is counted for: an edge elsewhere would make the word unscored a lie.
_NOT_TO_PIN = frozenset({"affinity_events"})
#: Columns that hold whole numbers from 1 up.
_WHOLE = frozenset({"days_since_order", "order_days"})


def edges_of(pinned: Mapping[str, Mapping[str, tuple[float, ...]]]) -> Edges:
    """By ``scheme.column``, as thresholds have them."""
    return {
        f"{scheme}.{column}": edges
        for scheme, columns in pinned.items()
        for column, edges in columns.items()
    }


def problems(pinned: Mapping[str, Mapping[str, tuple[float, ...]]]) -> list[Problem]:
    """All that is wrong with edges by scheme and column: the way to the key, a sentence."""
    found: list[Problem] = []
    for scheme, columns in pinned.items():
        axes = {a.column: a for a in FIXED[scheme].axes if a.column not in _NOT_TO_PIN}
        for column, edges in columns.items():
            axis = axes.get(column)
            wrong = _unknown(scheme, column, axes) if axis is None else _wrong(axis, edges)
            if wrong is not None:
                found.append(((scheme, "thresholds", column), wrong))
    return found


def _unknown(scheme: str, column: str, axes: Mapping[str, Axis]) -> str:
    near = get_close_matches(column, axes, n=1)
    hint = f"did you mean {near[0]!r}?" if near else f"there are {', '.join(axes)}"
    return f"is no column that {scheme} cuts; {hint}"


def _wrong(axis: Axis, edges: tuple[float, ...]) -> str | None:
    if len(edges) != axis.cuts:
        numbers = "one number" if axis.cuts == 1 else f"{axis.cuts} numbers"
        return f"needs {numbers}, not {len(edges)}: {axis.cuts + 1} levels"
    if not all(math.isfinite(edge) for edge in edges):
        return "needs numbers that are finite"
    if any(low >= high for low, high in pairwise(edges)):
        return "needs numbers that rise from one to the next"
    if axis.band == "chance" and not 0 < edges[0] <= edges[-1] < 1:
        return "is a probability: its numbers lie above 0 and below 1"
    if axis.column in _WHOLE and (edges[0] < 1 or any(edge % 1 for edge in edges)):
        return "counts days: its numbers are whole and at least 1"
    return None
