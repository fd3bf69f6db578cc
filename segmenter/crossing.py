"""Which thresholds a customer crossed when he moved, and by which numbers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from itertools import combinations

from segmenter.axes import with_axes
from segmenter.basis import Basis
from segmenter.expr import Engine
from segmenter.histories import with_scores
from segmenter.identity import with_customer
from segmenter.schemes import FIXED
from segmenter.schemes.base import Edges, Scheme
from segmenter.settings import Settings
from segmenter.stability import shifts
from segmenter.stage import stage
from segmenter.summary import summarize

Numbers = Mapping[str, float]
Cell = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Crossing:
    """A number that passed ``edges`` (in the order in which it did), up or down.

    ``edges_before`` are those edges as they were; others mean that the edges moved, not he.
    """

    column: str
    before: float
    after: float
    edges: tuple[float, ...]
    edges_before: tuple[float, ...]
    up: bool


def numbers_of(engine: Engine, customer_id: str, basis: Basis, settings: Settings) -> Numbers:
    """The columns that the schemes cut, for one customer; empty if he had not ordered yet."""
    orders = with_customer(basis.orders)
    theirs = stage(engine, orders.filter(orders.customer == customer_id).drop("customer"))
    his = replace(basis, orders=theirs)
    buyers = stage(engine, summarize(theirs, basis.as_of))
    rows = with_axes(with_scores(buyers, basis.as_of, basis.model, settings), his, settings)
    wanted = {a.column for s in settings.schemes if s in FIXED for a in FIXED[s].axes}
    found = engine.to_pyarrow(rows.select(*sorted(wanted))).to_pylist() if wanted else []
    return {column: float(value) for column, value in found[0].items()} if found else {}


def crossings(
    scheme: Scheme,
    settings: Settings,
    move: tuple[str, str],
    numbers: tuple[Numbers, Numbers],
    edges: tuple[Edges, Edges],
) -> tuple[Crossing, ...]:
    """The fewest crossings that make the move (from, to); each pair is of before and after.

    Empty if these numbers do not lead there, as when orders were corrected since.
    """
    (was, now), (edges_was, edges_now) = numbers, edges
    there = _cell(scheme, now, edges_now)
    if scheme.place(*there) != move[1]:
        return ()
    # Where hysteresis held him, it is a shifted edge that he stood on the other side of.
    stood = (edges_was, *shifts(scheme, edges_was, settings))
    cells = [cell for e in stood if scheme.place(*(cell := _cell(scheme, was, e))) == move[0]]
    if not cells:
        return ()
    return tuple(
        _crossing(scheme.axes[i].column, cells[0][i], there[i], numbers, edges)
        for i in _needed(scheme, cells[0], there, move[1])
    )


def _cell(scheme: Scheme, numbers: Numbers, edges: Edges) -> Cell:
    return tuple(sum(numbers[a.column] >= e for e in edges[a.column]) for a in scheme.axes)


def _needed(scheme: Scheme, here: Cell, there: Cell, to: str) -> tuple[int, ...]:
    changed = [i for i in range(len(here)) if here[i] != there[i]]
    for size in range(1, len(changed) + 1):
        for some in combinations(changed, size):
            cell = [there[i] if i in some else here[i] for i in range(len(here))]
            if scheme.place(*cell) == to:
                return some
    return tuple(changed)


def _crossing(
    column: str,
    here: int,
    there: int,
    numbers: tuple[Numbers, Numbers],
    edges: tuple[Edges, Edges],
) -> Crossing:
    was, now = (tuple(each[column]) for each in edges)
    passed = range(here, there) if there > here else range(here - 1, there - 1, -1)
    return Crossing(
        column,
        numbers[0][column],
        numbers[1][column],
        tuple(now[i] for i in passed),
        tuple(was[i] for i in passed),
        there > here,
    )
