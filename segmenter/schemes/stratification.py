"""Four strata for distributors: what a customer is worth as a customer, against what he leaves.

*Customer value* is loyalty and buying power, *net profit* is profitability and cost to serve:

============= ============== ==========
stratum       customer value net profit
============= ============== ==========
Core          high           high
Opportunistic low            high
Service Drain high           low
Marginal      low            low
============= ============== ==========

More of either never worsens; between Opportunistic and Service Drain neither is the better one.
After Lawrence, Krishnadevarajan and Gunasekaran, Customer Stratification (NAW Institute 2011).

Every metric is scored from 0 to 100 by five anchors: what the lowest 5 % of the customers did not
pass when the thresholds were proposed, then a quarter, a half, three quarters and 95 %. They are
absolute numbers and stand until new ones are accepted, so a score moves when its customer does,
not when others do. Between anchors it is a straight line; where anchors fall together (most
customers alike) those who are alike get the middle. A factor is the weighted mean of what is known
of its metrics, an axis of its factors: a gap takes no part, it is not zero. An axis of which
nothing is known counts as low, as nothing speaks for high, and ``gaps`` counts such customers.
"""

from __future__ import annotations

from itertools import pairwise

import ibis

from segmenter.expr import Column, Table
from segmenter.portable import rounded
from segmenter.schemes.base import Axis, Edges, Scheme
from segmenter.schemes.stratification_settings import AXES, Factor, Stratification

#: Shares of the customers below the anchors.
ANCHORS = (0.05, 0.25, 0.50, 0.75, 0.95)
#: What the axes and the whole are called among the columns of a result.
COLUMNS = ("stratification_score", "stratification_value", "stratification_profit")
#: Columns of a buyer that may be metrics.
OWN = (
    *("orders", "frequency", "recency", "T", "monetary_value", "days_since_order"),
    *("past_revenue", "churn_probability", "p_alive", "expected_orders", "clv_3y"),
    "future_revenue",
)
#: Those that do not exist while the model is not to be believed.
FORECASTS = frozenset({"p_alive", "expected_orders", "clv_3y", "future_revenue"})


def place(value: int, profit: int) -> str:
    """The stratum of two levels."""
    if profit:
        return "Core" if value else "Opportunistic"
    return "Service Drain" if value else "Marginal"


STRATIFICATION = Scheme(
    name="stratification",
    segments=("Core", "Opportunistic", "Service Drain", "Marginal"),
    axes=(Axis("stratification_value", 1, "money"), Axis("stratification_profit", 1, "money")),
    place=place,
)


def anchors_of(column: str) -> str:
    """The name of a metric's anchors among the thresholds."""
    return f"stratification.anchors.{column}"


def known(rows: Table, figures: Table | None, choice: Stratification, *, full: bool) -> Table:
    """The buyers with ``metric_COLUMN`` for each metric, null where there is a gap.

    ``figures`` has ``customer_id`` and any columns, one row a customer; its columns come before
    those of the buyers. ``full`` tells whether forecasts are believed. What is no finite number
    is a gap.
    """
    theirs = [c for c in choice.columns() if figures is not None and c in figures.columns]
    found: dict[str, Column] = {}
    if figures is not None and theirs:
        beside = figures.select(
            figure_id=figures.customer_id.cast("string"),
            **{f"figure_{c}": _finite(figures[c].cast("float64")) for c in theirs},
        )
        rows = rows.left_join(beside, rows.customer_id == beside.figure_id).drop("figure_id")
        found = {c: rows[f"figure_{c}"] for c in theirs}
    for column in choice.columns():
        if column not in found:
            there = column in OWN and (full or column not in FORECASTS)
            found[column] = rows[column].cast("float64") if there else ibis.null("float64")
    named = rows.mutate(**{f"metric_{column}": value for column, value in found.items()})
    return named.drop(*[f"figure_{c}" for c in theirs])


def _finite(value: Column) -> Column:
    return ibis.ifelse(value.isnan() | value.isinf(), ibis.null("float64"), value)


def strata(rows: Table, choice: Stratification, edges: Edges) -> dict[str, Column]:
    """The three columns of ``COLUMNS`` for the rows of ``known``, null where nothing is known."""
    factors = {n: (_factor(rows, f, edges), f.weight) for n, f in choice.factors().items()}
    parts = {"score": tuple(factors), **AXES}
    found: dict[str, Column] = {}
    for name, names in parts.items():
        total, there = _weighed([factors[n] for n in names if n in factors])
        found[f"stratification_{name}"] = rounded(total / there.nullif(0.0), 6)
    return found


#: A weighted sum of what is known, and the weight that is behind it: 0 where nothing is known.
Weighed = tuple[Column, Column]


def _factor(rows: Table, factor: Factor, edges: Edges) -> Weighed:
    parts: list[tuple[Weighed, float]] = []
    for metric in factor.metrics:
        anchors = edges.get(anchors_of(metric.column), ())
        if metric.weight > 0 and anchors:
            # Without anchors nobody had a value yet, so none can be told high or low.
            value = rows[f"metric_{metric.column}"]
            score = _score(value, anchors)
            score = score if metric.better == "higher" else 100.0 - score
            parts.append(((score, value.notnull().cast("float64")), metric.weight))
    return _weighed(parts)


def _weighed(parts: list[tuple[Weighed, float]]) -> Weighed:
    total: Column = ibis.literal(0.0)
    there: Column = ibis.literal(0.0)
    for (amount, behind), weight in parts:
        part: Column = ibis.ifelse(behind > 0, amount / behind, 0.0)
        total = total + part * weight
        there = there + ibis.ifelse(behind > 0, weight, 0.0)
    return total, there


def _score(value: Column, anchors: tuple[float, ...]) -> Column:
    """From 0 to 100; of no meaning where there is no value."""
    step = 100.0 / (len(anchors) - 1)
    score: Column = ibis.literal(0.0)
    for low, high in pairwise(anchors):
        if high > low:
            within: Column = ibis.least(ibis.greatest(value, low), high)
            score = score + (within - low) * (step / (high - low))
        else:
            passed: Column = (value >= low).cast("float64") + (value > low).cast("float64")
            score = score + passed * (step / 2.0)
    return score
