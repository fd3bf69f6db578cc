"""The forecasts of one customer, at once: for a look-up, or an order that has just come in."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np

from segmenter import doubt
from segmenter.histories import foretell
from segmenter.lifetime import Histories
from segmenter.model import Model
from segmenter.settings import Settings


@dataclass(frozen=True, slots=True)
class Forecast:
    """What is published of one customer; None where the model does not support it.

    ``churn_probability`` and ``expected_orders`` within the churn horizon, ``clv_3y`` in money.
    """

    p_alive: float | None
    churn_probability: float | None
    expected_orders: float | None
    clv_3y: float | None
    expected_next_order: date | None
    intervention_date: date | None


def score_customer(
    frequency: int,
    recency: int,
    age: int,
    past_revenue: float,
    *,
    as_of: date,
    model: Model,
    settings: Settings,
) -> Forecast:
    """Score one history: equal to what he gets among all others, before rounding.

    ``frequency`` repeat days with an order, ``recency`` and ``age`` (T) in days from the first
    order to the last one and to ``as_of``, ``past_revenue`` orders less refunds. Takes
    about half a millisecond. Raises ``ValueError`` for a history that cannot be.
    """
    if not 0 <= recency <= age or frequency < 0 or (frequency == 0) != (recency == 0):
        raise ValueError(
            f"there is no history of {frequency} repeat days, the last on day {recency} of {age}"
        )
    one = Histories(*(np.array([float(v)]) for v in (frequency, recency, age, 1)))
    found = {name: float(values[0]) for name, values in foretell(one, model, settings).items()}
    churn = found["churn_probability"]
    if model.level == "rules only":
        few = doubt.too_few(model.customers, model.repeaters) is not None
        return Forecast(None, None if few else churn, None, None, None, None)
    last = as_of - timedelta(days=age - recency)
    spend, days = model.spend, frequency + 1
    an_order = (max(past_revenue, 0.0) + spend.pull * spend.mean) / (days + spend.pull)
    return Forecast(
        found["p_alive"],
        churn,
        found["expected_orders"],
        found["discounted_orders"] * an_order,
        last + timedelta(days=int(found["days_to_next_order"])),
        last + timedelta(days=int(found["days_to_intervention"])),
    )
