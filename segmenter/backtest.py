"""Would the model have been right? On the shop's own past, beside rules that cost nothing."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import date, timedelta
from typing import Any

import numpy as np
import pyarrow as pa

from segmenter import metrics
from segmenter.expr import Engine, Table
from segmenter.histories import with_scores
from segmenter.learn import learn
from segmenter.lifetime import Floats
from segmenter.model import Model
from segmenter.settings import Settings
from segmenter.stage import stage
from segmenter.summary import summarize, visible

MODEL = "model"


@dataclass(frozen=True, slots=True)
class Score:
    """How one way of ranking did. None where it cannot be said: a rule gives no chance.

    ``auc`` with its standard error; ``capture``: share of those who came back found in the best
    tenth; ``brier`` and ``calibration_error`` of the chance of an order; ``order_bias`` and
    ``money_bias``: total foretold over total come, less one.
    """

    name: str
    auc: float | None
    auc_error: float | None
    capture: float | None
    brier: float | None = None
    calibration_error: float | None = None
    order_bias: float | None = None
    money_bias: float | None = None


@dataclass(frozen=True, slots=True)
class Backtest:
    """What was learned up to ``calibration_end``, held against the days after it.

    ``winner`` is the name of the score with the best AUC, ``margin`` its distance to the best of
    the other kind (model against rules), ``verdict`` the sentence for the operator.
    """

    calibration_end: date
    holdout_days: int
    customers: int
    came_back: int
    level: str
    notes: tuple[str, ...]
    scores: tuple[Score, ...]
    winner: str | None
    margin: float | None
    verdict: str

    def to_dict(self) -> dict[str, Any]:
        """Plain values that JSON can hold."""
        return asdict(self) | {
            "calibration_end": self.calibration_end.isoformat(),
            "notes": list(self.notes),
            "scores": [asdict(score) for score in self.scores],
        }


def backtest(
    engine: Engine, orders: Table, calibration_end: date, holdout_days: int, settings: Settings
) -> Backtest:
    """Learn up to ``calibration_end``, foretell the next ``holdout_days``, and compare.

    Raises ``ValueError`` with a sentence if ``holdout_days`` is below 1.
    """
    if holdout_days < 1:
        raise ValueError("holdout_days must be at least 1")
    ahead = Settings.from_dict(settings.to_dict() | {"churn_horizon_days": holdout_days})
    buyers = stage(engine, summarize(orders, calibration_end))
    model = learn(engine, orders, calibration_end, ahead, buyers=buyers)
    rows = _foretold_and_come(buyers, orders, calibration_end, holdout_days, model, ahead)
    columns = {name: _numbers(rows, name) for name in rows.column_names if name != "customer_id"}
    came = (columns["came_orders"] > 0).astype(np.float64)
    scores = _scores(columns, came, model)
    winner, margin, verdict = _judge(scores, came, model)
    return Backtest(
        calibration_end,
        holdout_days,
        int(came.size),
        int(came.sum()),
        model.level,
        model.notes,
        scores,
        winner,
        margin,
        verdict,
    )


def _foretold_and_come(
    buyers: Table, orders: Table, end: date, days: int, model: Model, settings: Settings
) -> pa.Table:
    scored = with_scores(buyers, end, model, settings)
    after = visible(orders, end + timedelta(days=days))
    after = after.filter(after.day > end)
    bought = after.kind == "order"
    come = after.group_by("customer").aggregate(
        came_orders=after.day.nunique(where=bought), came_money=after.amount.sum()
    )
    joined = scored.left_join(come, scored.customer_id == come.customer)
    spend = model.spend
    days_bought = joined.order_days.cast("float64")
    spent = joined.monetary_value * days_bought
    an_order = (spent + spend.pull * spend.mean) / (days_bought + spend.pull)
    return (
        joined.select(
            "customer_id",
            "days_since_order",
            "frequency",
            "past_revenue",
            "churn_probability",
            "expected_orders",
            expected_money=joined.expected_orders * an_order,
            came_orders=joined.came_orders.fill_null(0),
            came_money=joined.came_money.cast("float64").fill_null(0.0),
        )
        .order_by("customer_id")
        .to_pyarrow()
    )


def _numbers(rows: pa.Table, name: str) -> Floats:
    values: Floats = rows[name].to_numpy().astype(np.float64)
    return values


def _scores(columns: dict[str, Floats], came: Floats, model: Model) -> tuple[Score, ...]:
    if came.size == 0:
        return ()
    chance = 1.0 - columns["churn_probability"]
    ranked = {
        MODEL: chance,
        "days since the last order": -columns["days_since_order"],
        "RFM sum": sum(
            (_fifths(v) for v in (-columns["days_since_order"], columns["frequency"])),
            _fifths(columns["past_revenue"]),
        ),
        "past spend": columns["past_revenue"],
    }
    scores = {name: _ranking(name, values, came) for name, values in ranked.items()}
    if model.level != "rules only":
        scores[MODEL] = Score(
            MODEL,
            scores[MODEL].auc,
            scores[MODEL].auc_error,
            scores[MODEL].capture,
            metrics.brier(chance, came),
            metrics.calibration_error(chance, came),
            metrics.bias(columns["expected_orders"], columns["came_orders"]),
            metrics.bias(columns["expected_money"], columns["came_money"]),
        )
    return tuple(scores.values())


def _ranking(name: str, values: Floats, came: Floats) -> Score:
    area = metrics.auc(values, came)
    error = None if area is None else metrics.auc_error(area, came)
    return Score(name, area, error, metrics.capture(values, came))


def _fifths(values: Floats) -> Floats:
    edges = np.quantile(values, [0.2, 0.4, 0.6, 0.8])
    return np.searchsorted(edges, values, side="left").astype(np.float64)


def _judge(
    scores: tuple[Score, ...], came: Floats, model: Model
) -> tuple[str | None, float | None, str]:
    areas = {score.name: score.auc for score in scores if score.auc is not None}
    if not areas:
        return (
            None,
            None,
            (
                "Nothing can be compared: after the cut nobody, or everybody, came back."
                if came.size
                else "Nothing can be compared: there is no customer before the cut."
            ),
        )
    ours = areas.pop(MODEL)
    rival = max(areas, key=lambda name: areas[name])
    margin = ours - areas[rival]
    what = "model" if model.level != "rules only" else "usual-shop rule (the fit is not believed)"
    if margin > 0:
        told = f"The {what} ranks best: AUC {ours:.3f}, {margin:.3f} above {rival}."
        return MODEL, margin, told
    told = (
        f"The simple rule '{rival}' ranks as well or better: AUC {areas[rival]:.3f} against "
        f"{ours:.3f} of the {what}. Rank by it; levels, dates and values are still the model's."
    )
    if model.level == "rules only":
        told = (
            f"The simple rule '{rival}' ranks as well or better: AUC {areas[rival]:.3f} against "
            f"{ours:.3f} of the {what}. Rank by it."
        )
    return rival, -margin, told
