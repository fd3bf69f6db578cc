"""Learn a shop's habits from its orders, and say how far they may be believed."""

from __future__ import annotations

from datetime import date

import numpy as np

from segmenter import doubt
from segmenter.expr import Engine, Table
from segmenter.histories import distinct_histories
from segmenter.lifetime import Floats, Histories, Parameters, fit_orders, fit_spend, typical
from segmenter.model import Level, Model, Spend
from segmenter.propose import propose
from segmenter.settings import Settings
from segmenter.stage import stage
from segmenter.summary import summarize

__all__ = ["learn", "propose"]


def learn(
    engine: Engine,
    orders: Table,
    as_of: date,
    settings: Settings,
    *,
    buyers: Table | None = None,
) -> Model:
    """Fit the models on every order up to the end of ``as_of``, and doubt them.

    ``buyers``: the summary of these very orders, if it is at hand. Never raises for odd orders:
    too few, too much alike or too strange give the level "rules only" with a sentence that says so.
    """
    del settings  # the fit does not depend on a choice; the signature leaves room for one
    if buyers is None:
        buyers = stage(engine, summarize(orders, as_of))
    histories = distinct_histories(buyers)
    customers = int(histories.weight.sum())
    repeaters = int(histories.weight[histories.x > 0].sum())
    level, notes, parameters = _habits(histories, customers, repeaters)
    return Model(level, notes, as_of, parameters, _spend(buyers), customers, repeaters)


def _habits(
    histories: Histories, customers: int, repeaters: int
) -> tuple[Level, tuple[str, ...], Parameters]:
    usual = typical(histories.mean_age())
    few = doubt.too_few(customers, repeaters)
    if few is not None:
        return "rules only", (few,), usual
    parameters, fit = fit_orders(histories)
    notes = doubt.warnings_about(histories, parameters, fit)
    if notes:
        return "rules only", notes, usual
    level, notes = doubt.level_of(histories, parameters)
    return level, notes, parameters


def _spend(buyers: Table) -> Spend:
    days, mean, weight = _spend_cells(buyers)
    if weight.sum() == 0:
        return Spend(1.0, 0.0)
    average = float((mean * weight).sum() / weight.sum())
    fallback = Spend(1.0, average)
    if weight.sum() < doubt.FEWEST_CUSTOMERS or float(np.ptp(mean)) < 1e-9 * average:
        return fallback
    fit = fit_spend(days, mean, weight)
    p, q, v = fit.values
    if not fit.converged or fit.at_bound or q <= 1:
        return fallback
    return Spend((q - 1.0) / p, p * v / (q - 1.0))


def _spend_cells(buyers: Table) -> tuple[Floats, Floats, Floats]:
    """Days with an order, mean money a day and weight: customers alike within 2 % put together."""
    paying = buyers.filter(buyers.monetary_value > 0)
    cell = (paying.monetary_value.ln() * 50.0).floor().cast("int64")
    cents = (paying.monetary_value * 10_000.0).round().cast("int64")
    counted = (
        paying.group_by(days=paying.frequency + 1, cell=cell)
        .aggregate(weight=paying.count(), money=cents.sum())
        .to_pyarrow()
    )
    days, cells, weight, money = (
        counted[name].to_numpy().astype(np.float64) for name in ("days", "cell", "weight", "money")
    )
    order = np.lexsort((cells, days))
    return days[order], (money / weight / 10_000.0)[order], weight[order]
