"""What a scheme is: axes cut by edges into levels, and a segment for every cell of levels."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import product
from typing import Literal

import ibis

from segmenter.expr import Column, Table, Text, Whole

#: Ascending edges by column.
Edges = Mapping[str, tuple[float, ...]]


@dataclass(frozen=True, slots=True)
class Axis:
    """A column that a scheme looks at, cut by ``cuts`` edges into ``cuts + 1`` levels from 0 up.

    ``band`` says what kind of value it is, and so how wide the band of hysteresis around an edge
    is; a value that only a purchase can turn back needs none.
    """

    column: str
    cuts: int
    band: Literal["chance", "money", "none"] = "none"


@dataclass(frozen=True, slots=True)
class Scheme:
    """A set of segments, from best to worst, and the function that places a cell in one.

    ``place`` takes the level on each axis, in their order. It is the whole definition; the
    expression for the engine is made from it.
    """

    name: str
    segments: tuple[str, ...]
    axes: tuple[Axis, ...]
    place: Callable[..., str]

    def cells(self) -> dict[tuple[int, ...], str]:
        """The segment of every cell of levels."""
        return {
            cell: self.place(*cell)
            for cell in product(*(range(axis.cuts + 1) for axis in self.axes))
        }

    def segment(self, rows: Table, edges: Edges) -> Text:
        """The segment of each row; a value on an edge belongs to the upper level."""
        index: Whole = ibis.literal(0)
        for axis in self.axes:
            index = index * (axis.cuts + 1) + level(rows[axis.column], edges[axis.column])
        cells: dict[str, list[int]] = {}
        for number, segment in enumerate(self.cells().values()):
            cells.setdefault(segment, []).append(number)
        *first, last = cells
        branches = [(index.isin(cells[name]), name) for name in first]
        return ibis.cases(*branches, else_=last) if branches else ibis.literal(last)


def level(column: Column, edges: tuple[float, ...]) -> Whole:
    """How many of the edges the value has reached."""
    reached: Whole = ibis.literal(0)
    for edge in edges:
        reached = reached + (column >= edge).cast("int8")
    return reached
