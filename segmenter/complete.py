"""Thresholds for the schemes that were switched on, or given other metrics, after the first run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import ibis

from segmenter.basis import Basis
from segmenter.expr import Engine, Table
from segmenter.histories import with_scores
from segmenter.readable import readable_money
from segmenter.schemes import affinity, stratification
from segmenter.schemes.affinity import with_affinity
from segmenter.schemes.stratification import ANCHORS, anchors_of, known, strata
from segmenter.settings import Settings
from segmenter.stage import stage
from segmenter.summary import summarize
from segmenter.thresholds import Thresholds

#: Shares of the customers below the edges of stratification.
STRATA = {"value": 0.70, "profit": 0.50}
Edges = dict[str, tuple[float, ...]]


def complete(
    engine: Engine,
    basis: Basis,
    settings: Settings,
    *,
    buyers: Table | None = None,
    pinned: Mapping[str, tuple[float, ...]] | None = None,
) -> Thresholds:
    """The thresholds of ``basis`` with those that stratification and affinity lack.

    What is there stays as it is; if nothing lacks, the very same thresholds come back. ``buyers``:
    the summary of these orders, if at hand. What lacks and is ``pinned`` is taken from there.
    """
    edges = basis.thresholds.edges
    lacking = [key for key in _needed(settings) if key not in edges]
    if not lacking:
        return basis.thresholds
    if buyers is None:
        buyers = stage(engine, summarize(basis.orders, basis.as_of))
    rows = with_scores(buyers, basis.as_of, basis.model, settings)
    found: Edges = {}
    if any(key.startswith("stratification.") for key in lacking):
        found |= _strata_edges(engine, rows, basis, settings)
    if any(key.startswith("affinity.") for key in lacking):
        found |= _affinity_edges(rows, basis, settings)
    if all(key in edges for key in found):
        return basis.thresholds
    mine = {} if pinned is None else {k: e for k, e in pinned.items() if k in found}
    return replace(basis.thresholds, edges={**found, **mine, **edges})


def _needed(settings: Settings) -> list[str]:
    found: list[str] = []
    if stratification.STRATIFICATION.name in settings.schemes:
        found += [anchors_of(column) for column in settings.stratification.columns()]
        found += [f"stratification.stratification_{axis}" for axis in STRATA]
    if affinity.AFFINITY.name in settings.schemes:
        found += ["affinity.affinity_score", "affinity.affinity_events"]
    return found


def _strata_edges(engine: Engine, rows: Table, basis: Basis, settings: Settings) -> Edges:
    choice = settings.stratification
    full = basis.model.level != "rules only"
    rows = stage(engine, known(rows, basis.figures, choice, full=full))
    wanted = {
        f"{column} {share}": rows[f"metric_{column}"].quantile(share)
        for column in choice.columns()
        for share in ANCHORS
    }
    told = rows.aggregate(**wanted).to_pyarrow().to_pylist()[0]
    found: Edges = {
        anchors_of(column): tuple(told[f"{column} {share}"] for share in ANCHORS)
        for column in choice.columns()
        if told[f"{column} {ANCHORS[0]}"] is not None
    }
    scores = strata(rows, choice, {**found, **basis.thresholds.edges})
    for axis, share in STRATA.items():
        name = f"stratification_{axis}"
        found[f"stratification.{name}"] = (_cut(rows.select(score=scores[name]), share),)
    return found


def _cut(scores: Table, share: float) -> float:
    """The whole number that so great a share of the customers does not reach, or nearly so."""
    whole = scores.filter(scores.score.notnull()).group_by(at=ibis._.score.floor().cast("int64"))
    counted = whole.aggregate(n=ibis._.count()).to_pyarrow().to_pylist()
    total = sum(row["n"] for row in counted)
    below = {e: sum(row["n"] for row in counted if row["at"] < e) for e in range(1, 100)}
    return float(min(below, key=lambda e: (abs(below[e] - share * total), abs(e - 50), e)))


def _affinity_edges(rows: Table, basis: Basis, settings: Settings) -> Edges:
    scored = with_affinity(rows, basis.orders, basis.events, basis.as_of, settings.affinity)
    there = scored.affinity_events > 0
    told = scored.aggregate(
        **{str(s): scored.affinity_score.quantile(s, where=there) for s in affinity.SHARES}
    )
    values = told.to_pyarrow().to_pylist()[0]
    edges = readable_money(values[str(share)] or 0.0 for share in affinity.SHARES)
    return {"affinity.affinity_score": edges, "affinity.affinity_events": (1.0,)}
