"""Calm: who bought nothing changes segment only when an edge has been passed clearly."""

from __future__ import annotations

from itertools import product

import ibis

from segmenter.expr import Flag, Table, Text
from segmenter.schemes.base import Axis, Definition, Edges
from segmenter.settings import Settings


def reachable(scheme: Definition, rows: Table, edges: Edges, settings: Settings) -> list[Text]:
    """The letter of each row's segment, then those that it has with the edges a little shifted.

    The band of hysteresis: each edge of a probability or of money may lie somewhat lower or
    higher. If with any such shift the row would be in its previous segment, it may stay there.
    """
    here = scheme.code(rows, edges)
    other = [shift for shift in shifts(scheme, edges, settings) if shift != edges]
    return [here, *(scheme.code(rows, shift) for shift in other)]


def settle(codes: list[Text], previous: Text, free: Flag) -> Text:
    """The letter to be published, from ``reachable`` and the letter published last.

    Rows that are ``free`` (they bought, or were seen for the first time) go where they belong.
    """
    here, *near = codes
    if not near:
        return here
    stays = ibis.or_(*[code == previous for code in near]) & ~free
    return ibis.ifelse(stays.fill_null(False), previous, here)


def shifts(scheme: Definition, edges: Edges, settings: Settings) -> list[Edges]:
    """Every way to put the edges: each axis a little lower or a little higher by its band."""
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
