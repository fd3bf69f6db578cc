"""Day after day: learn when it is time, place everybody, and say who moved and why."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta

import ibis
import numpy as np
import pyarrow as pa

from segmenter.expr import Engine
from segmenter.learn import learn, propose
from segmenter.replay.orders import Ints, Log, Standing, Today, number
from segmenter.replay.placing import NOBODY, Codes, Forecasts, Placing
from segmenter.replay.why import Trials, causes
from segmenter.schemes import ALL
from segmenter.schemes.base import Edges
from segmenter.settings import Settings
from segmenter.stage import drop, stage


@dataclass(frozen=True, slots=True)
class Moved:
    """Who moved in one scheme on one day: customers, codes from and to, and causes, side by side.

    A code is the place of a segment in its scheme; ``because`` holds words of segmenter.cause.
    """

    who: Ints
    came_from: Codes
    went_to: Codes
    because: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Day:
    """One day of the past: who there was, who was new, and who moved, by scheme."""

    day: date
    customers: int
    new: int
    refitted: bool
    moved: Mapping[str, Moved]


def replay(
    engine: Engine,
    log: Log,
    first: date,
    last: date,
    settings: Settings,
    *,
    refit_days: int = 7,
    pinned: Edges | None = None,
) -> Iterator[Day]:
    """Every day from ``first`` to ``last``; on the first everybody is new.

    The first day learns, and proposes the edges that are not ``pinned``, as a first run does; the
    model is fitted again when it is ``refit_days`` old. Only schemes that follow from orders alone
    (``segmenter.schemes.ALL``) are replayed, of those that the settings switch on.
    """
    running = _Running(engine, log, settings, refit_days, pinned)
    day = first
    while day <= last:
        yield running.day(day)
        day += timedelta(days=1)


class _Running:
    def __init__(
        self,
        engine: Engine,
        log: Log,
        settings: Settings,
        refit_days: int,
        pinned: Edges | None,
    ) -> None:
        self.engine = engine
        self.settings = settings
        self.refit_days = refit_days
        self.pinned = pinned
        self.standing = Standing(log)
        self.forecasts: Forecasts | None = None
        self.fitted_on = date.min
        self.placings: dict[str, Placing] = {}
        self.codes = {
            s: np.full(len(log.names), NOBODY, np.int8) for s in settings.schemes if s in ALL
        }

    def day(self, day: date) -> Day:
        """Go on to the next day."""
        known = self.standing.buyers if self.forecasts is not None else 0
        if self.forecasts is None:
            self.standing.go_to(number(day) - 1)
        today = self.standing.next_day(number(day))
        before = self.forecasts
        forecasts = self._model(day)
        buyers = self.standing.buyers
        everybody = slice(0, buyers)
        columns = forecasts.columns(self.standing.facts(everybody))
        free = np.zeros(buyers, np.bool_)
        changed = (today.orders > 0) | (today.sold + today.rest != 0)
        touched = today.who[changed]
        free[touched[touched < buyers]] = True
        found: dict[str, tuple[Ints, Codes, Codes]] = {}
        for scheme, placing in self.placings.items():
            was = self.codes[scheme][everybody]
            code = placing.codes(columns, was, free)
            who = np.flatnonzero((code != was) & (was != NOBODY))
            found[scheme] = (who, was[who].copy(), code[who])
            self.codes[scheme][everybody] = code
        moved = self._with_causes(found, today, before)
        refitted = before is not None and before is not forecasts
        return Day(day, buyers, buyers - known, refitted, moved)

    def _with_causes(
        self,
        found: Mapping[str, tuple[Ints, Codes, Codes]],
        today: Today,
        before: Forecasts | None,
    ) -> dict[str, Moved]:
        if before is None or self.forecasts is None:
            return {s: Moved(w, a, b, ()) for s, (w, a, b) in found.items()}
        movers = np.unique(np.concatenate([who for who, _, _ in found.values()]))
        trials = Trials(self.standing, today.of(movers), before, self.forecasts)
        told: dict[str, Moved] = {}
        for scheme, (who, was, code) in found.items():
            at = np.searchsorted(movers, who)
            because = causes(trials, self.placings[scheme], at, was, code)
            told[scheme] = Moved(who, was, code, because)
        return told

    def _model(self, day: date) -> Forecasts:
        if self.forecasts is not None and (day - self.fitted_on).days < self.refit_days:
            return self.forecasts
        buyers = stage(self.engine, ibis.memtable(self._buyers()))
        model = learn(self.engine, buyers, day, self.settings, buyers=buyers)
        self.forecasts, self.fitted_on = Forecasts(model, self.settings), day
        if not self.placings:
            edges = propose(
                *(self.engine, buyers, day, model, self.settings),
                buyers=buyers,
                pinned=self.pinned,
            )
            self.placings = {s: Placing(ALL[s], edges, self.settings) for s in self.codes}
        drop(self.engine, buyers)
        return self.forecasts

    def _buyers(self) -> pa.Table:
        x, tx, age, money = self.standing.facts(slice(0, self.standing.buyers))
        return pa.table(
            {
                "frequency": x.astype(np.int64),
                "recency": tx.astype(np.int64),
                "T": age.astype(np.int64),
                "past_revenue": money,
                "monetary_value": np.maximum(money, 0.0) / (x + 1.0),
            }
        )
