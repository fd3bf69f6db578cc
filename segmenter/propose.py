"""Propose thresholds from a shop's own customers: readable numbers where little moves."""

from __future__ import annotations

from datetime import date

import numpy as np

from segmenter import forecast
from segmenter.expr import Column, Engine, Flag, Table
from segmenter.histories import distinct_histories, with_scores
from segmenter.lifetime import Floats, Histories
from segmenter.model import Model
from segmenter.readable import readable_chance, readable_days, readable_money
from segmenter.schemes.base import Edges
from segmenter.schemes.rfm import ORDER_EDGES
from segmenter.settings import Settings
from segmenter.stage import stage
from segmenter.summary import summarize
from segmenter.thresholds import Thresholds

#: Shares of the customers below each edge.
CHURN, RISK = (0.40, 0.70), (0.50,)
SILENCE = (0.2, 0.4, 0.6, 0.8)
MONEY = {
    "lifecycle.past_revenue": (0.50, 0.80),
    "rfm.past_revenue": (0.2, 0.4, 0.6, 0.8),
    "risk_value.total_value": (0.70,),
}
MEASURED = ("churn_probability", "past_revenue", "future_revenue", "total_value")
#: How far from its share an edge may be put for the sake of calm; how far calm looks ahead, and in
#: what steps, in days.
LEEWAY, AHEAD, STEP = 0.08, 60.0, 3.0


def propose(
    engine: Engine,
    orders: Table,
    as_of: date,
    model: Model,
    settings: Settings,
    *,
    buyers: Table | None = None,
    pinned: Edges | None = None,
) -> Thresholds:
    """Absolute thresholds for every scheme, from the quantiles of the customers of ``as_of``.

    An edge of a probability is put, near its quantile, where the fewest customers are expected to
    cross it by silence in the next two months. ``buyers``: the summary of these orders, if at hand.
    ``pinned`` edges are taken as they are; what is measured beside them is measured with them.
    """
    if buyers is None:
        buyers = stage(engine, summarize(orders, as_of))
    histories = distinct_histories(buyers)
    edges: dict[str, tuple[float, ...]] = {
        "lifecycle.churn_probability": _churn_edges(histories, model, settings, CHURN),
        "risk_value.churn_probability": _churn_edges(histories, model, settings, RISK),
        "rfm.days_since_order": readable_days(
            _quantiles(histories.T - histories.tx, histories.weight, SILENCE)
        ),
        "rfm.order_days": ORDER_EDGES,
    }
    scored = with_scores(buyers, as_of, model, settings, histories)
    # the few columns that are asked for again and again, so that the forecasts are joined once
    scored = stage(engine, scored.select(*MEASURED))
    edges |= _money_edges(scored)
    mine = {} if pinned is None else pinned
    edges |= {key: mine[key] for key in edges if key in mine}
    future = "lifecycle.future_revenue"
    edges[future] = mine[future] if future in mine else _future_edges(scored, edges)
    return Thresholds(as_of, edges)


def _money_edges(scored: Table) -> dict[str, tuple[float, ...]]:
    wanted = {
        f"{key} {share}": _quantile(scored, key.split(".")[1], share)
        for key, shares in MONEY.items()
        for share in shares
    }
    found: dict[str, float | None] = scored.aggregate(**wanted).to_pyarrow().to_pylist()[0]
    return {
        key: readable_money(found[f"{key} {share}"] or 0.0 for share in shares)
        for key, shares in MONEY.items()
    }


def _future_edges(scored: Table, edges: Edges) -> tuple[float, ...]:
    # The future parts those who stay: the fair from the small among those who spent little so
    # far, the great from the fair among the others. So it is measured in these two groups.
    lively = scored.churn_probability < edges["lifecycle.churn_probability"][0]
    little = scored.past_revenue < edges["lifecycle.past_revenue"][0]
    found: dict[str, float | None] = (
        scored.aggregate(
            fair=_quantile(scored, "future_revenue", 0.5, where=lively & little),
            great=_quantile(scored, "future_revenue", 0.5, where=lively & ~little),
        )
        .to_pyarrow()
        .to_pylist()[0]
    )
    return readable_money([found["fair"] or 0.0, found["great"] or 0.0])


def _quantile(rows: Table, column: str, share: float, where: Flag | None = None) -> Column:
    return rows[column].cast("float64").quantile(share, where=where)


def _churn_edges(
    histories: Histories, model: Model, settings: Settings, shares: tuple[float, ...]
) -> tuple[float, ...]:
    if histories.x.size == 0:
        return tuple(shares)
    now = _churn(histories, model, settings, 0.0)
    order = np.argsort(now, kind="stable")
    ranked, weight = now[order], histories.weight[order]
    candidates = {share: _near(ranked, weight, share) for share in shares}
    crossing = _expected_crossings(
        histories, model, settings, sorted(set().union(*candidates.values()))
    )
    edges: list[float] = []
    for share in shares:
        aim = float(_quantiles(ranked, weight, (share,))[0])
        above = [c for c in candidates[share] if not edges or c > edges[-1]]
        above = above or [readable_chance((edges[-1] + 1.0) / 2.0)]
        edges.append(min((crossing.get(c, 0.0), abs(c - aim), c) for c in above)[2])
    return tuple(edges)


def _near(values: Floats, weight: Floats, share: float) -> list[float]:
    """The readable chances that a share of the customers near this one does not pass."""
    near = np.linspace(max(share - LEEWAY, 0.02), min(share + LEEWAY, 0.98), 17)
    return sorted({float(readable_chance(v)) for v in _quantiles(values, weight, tuple(near))})


def _expected_crossings(
    h: Histories, model: Model, settings: Settings, edges: list[float]
) -> dict[float, float]:
    """How many customers are expected to pass each edge in silence within ``AHEAD`` days.

    Each counts by the chance that nothing is ordered until he passes it: most of those who come
    near an edge order before. ``edges`` ascend.
    """

    def reached(h: Histories, day: float) -> np.ndarray:
        return np.searchsorted(edges, _churn(h, model, settings, day), side="right")

    # Churn only rises in silence, so most histories pass no edge and are left out at once.
    h = h.where(reached(h, AHEAD) > reached(h, 0.0))
    expected = np.zeros(len(edges) + 1)
    lower = reached(h, 0.0)
    for day in np.arange(STEP, AHEAD + STEP, STEP):
        upper = reached(h, float(day))
        passing = upper > lower
        some = h.where(passing)
        silent = 1.0 - forecast.chance_of_order(model.orders, some.x, some.tx, some.T, float(day))
        for sign, at in ((1.0, lower), (-1.0, upper)):
            counted = np.bincount(at[passing], some.weight * silent, expected.size)
            expected += sign * counted
        lower = upper
    # up to here: where each came from, less where he went; summed up, who passed
    return dict(zip(edges, np.cumsum(expected)[:-1].tolist(), strict=True))


def _churn(h: Histories, model: Model, settings: Settings, silence: float) -> Floats:
    """The churn probability after so many more days without an order."""
    horizon = float(settings.churn_horizon_days)
    return 1.0 - forecast.chance_of_order(model.orders, h.x, h.tx, h.T + silence, horizon)


def _quantiles(values: Floats, weight: Floats, shares: tuple[float, ...]) -> Floats:
    """Weighted quantiles: the least value that so great a share of the customers does not pass."""
    if values.size == 0:
        return np.zeros(len(shares))
    order = np.argsort(values, kind="stable")
    reached = np.cumsum(weight[order])
    at = np.searchsorted(reached, np.asarray(shares) * reached[-1])
    found: Floats = values[order][np.minimum(at, values.size - 1)]
    return found
