"""Forecasts and memberships over arrays; the definitions are those of the schemes themselves."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from segmenter import forecast
from segmenter.lifetime import Floats
from segmenter.model import Model
from segmenter.replay.orders import Facts, Flags
from segmenter.schemes.base import Edges, Scheme
from segmenter.settings import Settings
from segmenter.stability import shifts
from segmenter.thresholds import Thresholds

Codes = NDArray[np.int8]
Columns = Mapping[str, Floats]

#: The code of one who is in no segment yet.
NOBODY = -1
#: Histories of up to so many repeat purchases are tabulated; there are few of more.
TABLED = 64


class Forecasts:
    """What a model foretells, as in ``segmenter.histories.with_scores``, column for column."""

    def __init__(self, model: Model, settings: Settings) -> None:
        self.model = model
        self._settings = settings
        # As of the last order, the sum over the coming years depends on (x, tx) only.
        self._later = np.full((TABLED, 0), np.nan)

    def columns(self, facts: Facts) -> Columns:
        """The columns that the schemes read, one value a customer."""
        p, spend = self.model.orders, self.model.spend
        x, tx, age, money = facts
        horizon = float(self._settings.churn_horizon_days)
        ordered = forecast.chance_of_order(p, x, tx, age, horizon)
        at_last = forecast.chance_active(p, x, tx, tx) * self._discounted(x, tx)
        spent = np.maximum(money, 0.0)
        an_order = (spent + spend.pull * spend.mean) / (x + 1.0 + spend.pull)
        future = np.round(np.round(at_last, 9) * an_order, 2)
        return {
            "churn_probability": np.round(1.0 - ordered, 6),
            "past_revenue": money,
            "future_revenue": future,
            "total_value": spent + future,
            "days_since_order": age - tx,
            "order_days": x + 1.0,
        }

    def _discounted(self, x: Floats, age: Floats) -> Floats:
        widest = int(age.max(initial=0.0)) + 8
        if widest > self._later.shape[1]:
            more = np.full((TABLED, widest - self._later.shape[1]), np.nan)
            self._later = np.hstack([self._later, more])
        row, column = np.minimum(x, TABLED - 1).astype(np.int64), age.astype(np.int64)
        found = self._later[row, column]
        often = x >= TABLED - 1
        found[often] = np.nan
        missing = np.isnan(found)
        if missing.any():
            key = x[missing] * 2.0**26 + age[missing]
            pairs, inverse = np.unique(key, return_inverse=True)
            px, page = np.floor(pairs / 2.0**26), pairs % 2.0**26
            values = forecast.discounted_orders_if_active(
                self.model.orders,
                px,
                page,
                self._settings.clv_years,
                self._settings.yearly_discount,
            )
            found[missing] = values[inverse]
            self._later[row[missing & ~often], column[missing & ~often]] = found[missing & ~often]
        return found


class Placing:
    """One scheme with its edges: a code a customer, the place of his segment in the scheme."""

    def __init__(self, scheme: Scheme, thresholds: Thresholds, settings: Settings) -> None:
        self.scheme = scheme
        self._edges: Edges = {a.column: thresholds.of(scheme.name, a.column) for a in scheme.axes}
        self._shifts = [s for s in shifts(scheme, self._edges, settings) if s != self._edges]
        number = {name: at for at, name in enumerate(scheme.segments)}
        self._cells: Codes = np.array([number[n] for n in scheme.cells().values()], np.int8)

    def codes(self, columns: Columns, was: Codes, free: Flags) -> Codes:
        """Where each belongs or, as in ``segmenter.stability.settle``, may stay."""
        here = self._code(columns, self._edges)
        loose = np.flatnonzero((here != was) & (was != NOBODY) & ~free)
        if loose.size:
            near = {axis.column: columns[axis.column][loose] for axis in self.scheme.axes}
            stays = np.zeros(loose.size, np.bool_)
            for shift in self._shifts:
                stays |= self._code(near, shift) == was[loose]
            here[loose[stays]] = was[loose[stays]]
        return here

    def _code(self, columns: Columns, edges: Edges) -> Codes:
        index: NDArray[np.int16] | None = None
        for axis in self.scheme.axes:
            values = columns[axis.column]
            level = np.zeros(values.size, np.int16)
            for edge in edges[axis.column]:
                level += values >= edge
            index = level if index is None else index * np.int16(axis.cuts + 1) + level
        found: Codes = self._cells[index]
        return found
