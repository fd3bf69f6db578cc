"""Why somebody moved, as segmenter.cause finds it: one thing taken back at a time, movers only."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from segmenter.cause import CORRECTION, MODEL, PURCHASE, SILENCE
from segmenter.replay.orders import PARTS, Facts, Flags, Ints, Standing, Today
from segmenter.replay.placing import Codes, Columns, Forecasts, Placing


class Trial(NamedTuple):
    """A world in which one thing did not happen: what is seen there, and whom it concerned."""

    cause: str
    columns: Columns
    free: Flags
    concerned: Flags


class Trials:
    """The worlds of one day, over its movers (in the order of ``today``)."""

    def __init__(self, standing: Standing, today: Today, before: Forecasts, now: Forecasts) -> None:
        self._now = standing.facts(today.who)
        self._known = standing.yesterday(today)
        self._bought = today.orders > 0
        self._rest = today.rest
        self._changed = self._bought | (today.sold + today.rest != 0)
        self._models = (before, now)
        self.worlds = list(self._worlds())
        if len(self.worlds) > 1:
            # Two things that each suffice hide one another; then time alone decides.
            nobody = np.zeros(today.who.size, np.bool_)
            alone = before.columns(self._known)
            self.worlds.append(Trial(SILENCE, alone, nobody, nobody))

    def _worlds(self) -> Iterator[Trial]:
        before, now = self._models
        corrected = self._rest != 0
        rest = self._rest / float(PARTS)
        if self._bought.any():
            without = self._known._replace(money=self._known.money + rest)
            yield Trial(PURCHASE, now.columns(_clean(without)), corrected, self._bought)
        if corrected.any():
            without = self._now._replace(money=self._now.money - rest)
            yield Trial(CORRECTION, now.columns(_clean(without)), self._bought, corrected)
        if before is not now:
            everybody = np.ones(corrected.size, np.bool_)
            yield Trial(MODEL, before.columns(self._now), self._changed, everybody)


def _clean(facts: Facts) -> Facts:
    return facts._replace(money=np.round(facts.money * PARTS) / PARTS)


def causes(trials: Trials, placing: Placing, at: Ints, was: Codes, code: Codes) -> tuple[str, ...]:
    """The cause for the movers of one scheme, who stand ``at`` these places among the trials'."""
    because = np.full(at.size, SILENCE, dtype=object)
    open_ = np.ones(at.size, np.bool_)
    for trial in trials.worlds:
        columns = {axis.column: trial.columns[axis.column][at] for axis in placing.scheme.axes}
        there = placing.codes(columns, was, trial.free[at])
        if trial.cause == SILENCE:
            open_ &= there != code
            continue
        found = open_ & trial.concerned[at] & (there != code)
        because[found] = trial.cause
        open_ &= ~found
    if trials.worlds and trials.worlds[-1].cause == SILENCE:
        for trial in trials.worlds[:-1]:
            found = open_ & trial.concerned[at]
            because[found] = trial.cause
            open_ &= ~found
    return tuple(because.tolist())
