"""Would the model have been right? On the shop's own past, beside rules that cost nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from datetime import date
from typing import Any

import ibis
import numpy as np

from segmenter import metrics
from segmenter.areas import WIDE, areas
from segmenter.cutoffs import cutoffs
from segmenter.expr import Column, Engine, Table
from segmenter.judge import barred, is_fair, judge
from segmenter.model import LOGISTIC, MODEL
from segmenter.plots import Plots, plots
from segmenter.settings import Settings
from segmenter.summary import visible
from segmenter.trial import Seen, Trial, regression, roll


@dataclass(frozen=True, slots=True)
class Score:
    """How one way of ranking did. None where it cannot be said: a rule gives no chance.

    ``auc`` and half its 99 % interval (DeLong); ``capture``: share of those who came back found in
    the best tenth; ``spearman`` and ``gini``: how well the money that came is ranked, for the model
    by expected money; ``brier`` and ``calibration_error`` of the chance of an order; ``order_bias``
    and ``money_bias``: total foretold over total come, less one.
    """

    name: str
    auc: float | None = None
    auc_within: float | None = None
    capture: float | None = None
    spearman: float | None = None
    gini: float | None = None
    brier: float | None = None
    calibration_error: float | None = None
    order_bias: float | None = None
    money_bias: float | None = None


@dataclass(frozen=True, slots=True)
class Cutoff:
    """What was learned up to ``calibration_end``, held against the days after it."""

    calibration_end: date
    customers: int
    came_back: int
    level: str
    notes: tuple[str, ...]
    scores: tuple[Score, ...]


@dataclass(frozen=True, slots=True)
class Backtest:
    """A back-test over one or several cut-offs, the latest first.

    ``scores`` are means over the cut-offs (the mean of the intervals too: the same customers stand
    in all). ``winner`` is what ranks, ``rival`` the best of the other kind (simple or learned),
    ``margin`` the AUC between them and ``margin_within`` half its 99 % interval; ``verdict`` is the
    sentence for the operator. ``plots`` are of the latest cut-off, None if nobody was there.
    """

    holdout_days: int
    cutoffs: tuple[Cutoff, ...]
    scores: tuple[Score, ...]
    winner: str | None
    rival: str | None
    margin: float | None
    margin_within: float | None
    verdict: str
    plots: Plots | None

    def to_dict(self) -> dict[str, Any]:
        """Plain values that JSON can hold."""
        plain: dict[str, Any] = _plain(asdict(self))
        return plain


def backtest(
    engine: Engine,
    orders: Table,
    calibration_end: date | None,
    holdout_days: int | None,
    settings: Settings,
    *,
    events: Table | None = None,
) -> Backtest:
    """Learn up to each cut-off, foretell the days after it, and compare.

    Without ``calibration_end`` the cut-offs roll back from the last order as far as the past
    allows; without ``holdout_days`` it is the churn horizon, or less where the past is short.
    ``events`` as ``Basis`` has them. Raises ``ValueError`` if ``holdout_days`` is below 1.
    """
    if holdout_days is not None and holdout_days < 1:
        raise ValueError("holdout_days must be at least 1")
    days = settings.churn_horizon_days if holdout_days is None else holdout_days
    cuts: tuple[date, ...] = () if calibration_end is None else (calibration_end,)
    if calibration_end is None:
        bought = orders.filter(orders.kind == "order").ordered_at.date()
        first, last = (engine.to_pyarrow(day).as_py() for day in (bought.min(), bought.max()))
        cuts, days = ((), days) if first is None else cutoffs(first, last, days)
    trials = roll(engine, orders, cuts, days, settings, events)
    latest = trials[0] if trials else None
    weights = None if latest is None else regression(engine, latest.seen)
    verdict = judge(trials, [] if latest is None else barred(latest.seen.model, weights))
    parts = tuple(_cutoff(trial) for trial in trials)
    drawn = None
    if latest is not None and latest.seen.rows.num_rows:
        drawn = plots(latest, _came_on(engine, orders, latest.seen))
    return Backtest(
        days,
        parts,
        _means(trials, parts),
        verdict.winner,
        verdict.rival,
        None if verdict.margin is None else verdict.margin.mean,
        None if verdict.margin is None else verdict.margin.within,
        verdict.sentence,
        drawn,
    )


def _cutoff(trial: Trial) -> Cutoff:
    seen = trial.seen
    came = seen.came()
    return Cutoff(
        seen.cutoff,
        int(came.size),
        int(came.sum()),
        seen.model.level,
        seen.model.notes,
        tuple(_score(trial, way) for way in trial.scores),
    )


def _score(trial: Trial, way: str) -> Score:
    seen, score = trial.seen, trial.scores[way]
    came, money = seen.came(), seen.column("came_money")
    by_money = seen.column("expected_money") if way == MODEL else score
    area, within = None, None
    if is_fair(trial):
        found, spread = areas(score, came)
        area, within = float(found[0]), WIDE * float(np.sqrt(spread[0, 0]))
    ranking = Score(
        way,
        area,
        within,
        metrics.capture(score, came),
        metrics.spearman(by_money, money),
        metrics.gini(by_money, money),
    )
    if way not in (MODEL, LOGISTIC) or (way == MODEL and seen.model.level == "rules only"):
        return ranking
    levels: dict[str, float | None] = {
        "brier": metrics.brier(score, came),
        "calibration_error": metrics.calibration_error(score, came),
    }
    if way == MODEL:
        orders, spent = seen.column("expected_orders"), seen.column("expected_money")
        levels["order_bias"] = metrics.bias(orders, seen.column("came_orders"))
        levels["money_bias"] = metrics.bias(spent, money)
    merged: dict[str, Any] = {**asdict(ranking), **levels}
    return Score(**merged)


def _means(trials: Sequence[Trial], parts: Sequence[Cutoff]) -> tuple[Score, ...]:
    ways = dict.fromkeys(way for trial in trials for way in trial.scores)
    means: list[Score] = []
    for way in ways:
        of = [score for part in parts for score in part.scores if score.name == way]
        found: dict[str, float | None] = {}
        for field in fields(Score)[1:]:
            values = [v for score in of if (v := getattr(score, field.name)) is not None]
            found[field.name] = float(np.mean(values)) if values else None
        means.append(Score(way, **found))
    return tuple(means)


def _came_on(engine: Engine, orders: Table, seen: Seen) -> dict[int, float]:
    """Repeat days with an order of those who had bought by the cut-off, by days before it."""
    bought = visible(orders, seen.end())
    bought = bought.filter(bought.kind == "order")
    days = bought.select("customer", "day").distinct()
    first = days.group_by("customer").aggregate(first=days.day.min())
    known = days.join(first, "customer")
    known = known.filter((known.first <= ibis.literal(seen.cutoff)) & (known.day > known.first))
    cut: Column = ibis.literal(seen.cutoff)
    ago = cut.delta(known.day, unit="day")
    counted = engine.to_pyarrow(known.group_by(ago=ago).aggregate(n=known.count()))
    return {row["ago"]: float(row["n"]) for row in counted.to_pylist()}


def _plain(value: object) -> Any:  # noqa: ANN401 - whatever JSON can hold
    if isinstance(value, dict):
        return {key: _plain(inner) for key, inner in value.items()}
    if isinstance(value, date):
        return value.isoformat()
    return [_plain(inner) for inner in value] if isinstance(value, list | tuple) else value
