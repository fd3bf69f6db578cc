"""How far strata can be trusted: where figures lack, and whom other weights would move."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import ibis

from segmenter.basis import Basis
from segmenter.expr import Column, Engine, Table
from segmenter.histories import with_scores
from segmenter.schemes.stratification import STRATIFICATION, known, strata
from segmenter.schemes.stratification_settings import AXES, Factor, Stratification
from segmenter.settings import Settings
from segmenter.stage import stage
from segmenter.summary import summarize


@dataclass(frozen=True, slots=True)
class Gap:
    """How many of the customers lack a figure, and what then happens to them.

    ``of`` is ``metric COLUMN of FACTOR``, ``factor NAME`` (all its metrics lack) or ``axis NAME``
    (all its factors lack).
    """

    of: str
    customers: int
    missing: int
    then: str


@dataclass(frozen=True, slots=True)
class Shift:
    """What one weight, made greater or smaller by ``by``, would change.

    ``moved``: share of the customers who would be in another stratum (hysteresis left aside).
    ``mean_rank`` and ``greatest_rank``: how far ranks by the whole score would move, in hundredths
    of the customers.
    """

    weight: str
    by: float
    moved: float
    mean_rank: float
    greatest_rank: float


def gaps(
    engine: Engine, now: Basis, settings: Settings, *, buyers: Table | None = None
) -> tuple[Gap, ...]:
    """Count what lacks, metric by metric, then factor by factor, then axis by axis."""
    choice = settings.stratification
    rows = _rows(engine, now, settings, buyers)
    lacks: dict[str, tuple[Column, str]] = {}
    factors: dict[str, Column] = {}
    for name, factor in choice.factors().items():
        for metric in factor.metrics:
            if metric.weight > 0:
                lack = rows[f"metric_{metric.column}"].isnull()
                then = "the other metrics of the factor count for it"
                lacks[f"metric {metric.column} of {name}"] = (lack, then)
                factors[name] = factors[name] & lack if name in factors else lack
    then = "the other factor of the axis counts for it"
    lacks |= {f"factor {name}": (lack, then) for name, lack in factors.items()}
    for axis, names in AXES.items():
        lack = ibis.and_(*[factors[name] for name in names if name in factors])
        lacks[f"axis {axis}"] = (lack, "counted as low, as nothing speaks for high")
    counts = {key: lack.cast("int64").sum() for key, (lack, _) in lacks.items()}
    told = rows.aggregate(customers=rows.count(), **counts).to_pyarrow().to_pylist()[0]
    everybody = told["customers"]
    return tuple(Gap(key, everybody, told[key] or 0, then) for key, (_, then) in lacks.items())


def sensitivity(
    engine: Engine,
    now: Basis,
    settings: Settings,
    *,
    by: float = 0.20,
    buyers: Table | None = None,
) -> tuple[Shift, ...]:
    """Change one weight at a time, of each factor and of each metric beside others."""
    rows = _rows(engine, now, settings, buyers)
    choice = settings.stratification
    return tuple(
        _shift(rows, now, choice, other, weight, change)
        for change in (-by, by)
        for weight, other in _changed(choice, 1.0 + change)
    )


def _rows(engine: Engine, now: Basis, settings: Settings, buyers: Table | None) -> Table:
    if buyers is None:
        buyers = stage(engine, summarize(now.orders, now.as_of))
    scored = with_scores(buyers, now.as_of, now.model, settings)
    full = now.model.level != "rules only"
    return stage(engine, known(scored, now.figures, settings.stratification, full=full))


def _changed(choice: Stratification, times: float) -> Iterator[tuple[str, Stratification]]:
    for name, factor in choice.factors().items():
        other = replace(factor, weight=factor.weight * times)
        yield f"factor {name}", _with(choice, name, other)
        for number, metric in enumerate(factor.metrics):
            if metric.weight > 0 and len(factor.metrics) > 1:
                metrics = list(factor.metrics)
                metrics[number] = replace(metric, weight=metric.weight * times)
                other = replace(factor, metrics=tuple(metrics))
                yield f"metric {metric.column} of {name}", _with(choice, name, other)


def _with(choice: Stratification, name: str, factor: Factor) -> Stratification:
    changed: dict[str, Any] = {name: factor}
    return replace(choice, **changed)


def _shift(
    rows: Table, now: Basis, choice: Stratification, other: Stratification, weight: str, by: float
) -> Shift:
    one, two = _placed(rows, now, choice), _placed(rows, now, other)
    placed = rows.select(
        one_code=one["code"], two_code=two["code"], one=one["score"], two=two["score"]
    )
    ranked = placed.mutate(
        one_rank=ibis.percent_rank().over(order_by=placed.one),
        two_rank=ibis.percent_rank().over(order_by=placed.two),
    )
    far = (ranked.one_rank - ranked.two_rank).abs() * 100.0
    moved = (ranked.one_code != ranked.two_code).cast("float64")
    told = (
        ranked.aggregate(moved=moved.mean(), mean=far.mean(), greatest=far.max())
        .to_pyarrow()
        .to_pylist()[0]
    )
    numbers = [round(told[key] or 0.0, 4) for key in ("moved", "mean", "greatest")]
    return Shift(weight, by, *numbers)


def _placed(rows: Table, now: Basis, choice: Stratification) -> dict[str, Column]:
    scores = {n: s.fill_null(-1.0) for n, s in strata(rows, choice, now.thresholds.edges).items()}
    edges = {a.column: now.thresholds.of("stratification", a.column) for a in STRATIFICATION.axes}
    code = STRATIFICATION.code(scores, edges)
    return {"code": code, "score": scores["stratification_score"]}
