"""What a scheme is: axes cut by edges into levels, and a segment for every cell of levels."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import product
from string import ascii_uppercase
from typing import Literal, Protocol

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


class Definition(Protocol):
    """What a scheme has, however it is defined: segments and the expressions that find them."""

    @property
    def name(self) -> str:
        """Its name, by which its columns begin."""
        ...

    @property
    def segments(self) -> tuple[str, ...]:
        """Its segments, from best to worst."""
        ...

    @property
    def axes(self) -> tuple[Axis, ...]:
        """The columns that it cuts by thresholds."""
        ...

    def code(self, rows: Table, edges: Edges) -> Text:
        """The segment of each row in short."""
        ...

    def code_of(self, segment: Text) -> Text:
        """A name in short; null for a name that is none of its segments."""
        ...

    def name_of(self, code: Text) -> Text:
        """The name of a segment in short."""
        ...


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

    def code(self, rows: Table, edges: Edges) -> Text:
        """The segment of each row as one letter; a value on an edge belongs to the upper level.

        The cells stand in one literal and the levels say at which place to read: one step, where
        a chain of conditions would work out the levels again at each of them.
        """
        index: Whole = ibis.literal(0)
        for axis in self.axes:
            index = index * (axis.cuts + 1) + level(rows[axis.column], edges[axis.column])
        letters = self._letters()
        cells: Text = ibis.literal("".join(letters[name] for name in self.cells().values()))
        return cells.substr(index, 1)

    def code_of(self, segment: Text) -> Text:
        """The letter of a segment given by name; null for a name that is none of this scheme."""
        return ibis.cases(*[(segment == name, letter) for name, letter in self._letters().items()])

    def name_of(self, code: Text) -> Text:
        """The name of a segment given by letter."""
        return ibis.cases(*[(code == letter, name) for name, letter in self._letters().items()])

    def _letters(self) -> dict[str, str]:
        return dict(zip(self.segments, ascii_uppercase, strict=False))


def level(column: Column, edges: tuple[float, ...]) -> Whole:
    """How many of the edges the value has reached."""
    reached: Whole = ibis.literal(0)
    for edge in edges:
        reached = reached + (column >= edge).cast("int8")
    return reached
