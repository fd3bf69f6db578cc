"""Calm: who bought nothing changes segment only when an edge has been passed clearly."""

from __future__ import annotations

from itertools import product

import ibis

from segmenter.expr import Flag, Table, Text
from segmenter.schemes.base import Axis, Edges, Scheme
from segmenter.settings import Settings


def hold(
    scheme: Scheme,
    rows: Table,
    edges: Edges,
    settings: Settings,
    previous: Text,
    free: Flag,
) -> Text:
    """The segment of each row, or the previous one if that is within the band of hysteresis.

    The band: each edge of a probability or of money may lie a little lower or higher; if with any
    such shift the row would be in its previous segment, it stays there. Rows that are ``free``
    (they bought, or were seen for the first time) go where they belong at once.
    """
    here = scheme.segment(rows, edges)
    near: Flag = ibis.literal(False)
    for shifted in _shifts(scheme, edges, settings):
        near = near | (scheme.segment(rows, shifted) == previous)
    moved = free | previous.isnull() | (here == previous)
    # Nested, so that an engine works out the shifts for those few rows only that would move.
    return ibis.ifelse(moved.fill_null(True), here, ibis.ifelse(near, previous, here))


def _shifts(scheme: Scheme, edges: Edges, settings: Settings) -> list[Edges]:
    sides = [_sides(axis, edges[axis.column], settings) for axis in scheme.axes]
    columns = [axis.column for axis in scheme.axes]
    return [dict(zip(columns, corner, strict=True)) for corner in product(*sides)]


def _sides(
    axis: Axis, edges: tuple[float, ...], settings: Settings
) -> tuple[tuple[float, ...], ...]:
    if axis.band == "none":
        return (edges,)
    bands = [_band(axis, edges, i, settings) for i in range(len(edges))]
    lower = tuple(e - b for e, b in zip(edges, bands, strict=True))
    upper = tuple(e + b for e, b in zip(edges, bands, strict=True))
    return (lower, upper)


def _band(axis: Axis, edges: tuple[float, ...], i: int, settings: Settings) -> float:
    if axis.band == "money":
        return edges[i] * settings.money_hysteresis
    # Between an edge and its neighbours (0 and 1 at the ends) a third stays free of the band:
    # else an edge at .98 could never be passed.
    bounds = (0.0, *edges, 1.0)
    gap = min(bounds[i + 1] - bounds[i], bounds[i + 2] - bounds[i + 1])
    return min(settings.hysteresis, max(gap, 0.0) / 3.0)
