"""One customer's scores are those that he gets among all others."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st

from segmenter.customer import score_customer
from segmenter.histories import foretell
from segmenter.lifetime import Histories, Parameters
from segmenter.model import Model, Spend
from segmenter.settings import Settings

DAY = date(2024, 12, 31)
CHOICES = Settings()
MODELS = st.builds(
    lambda *values: Model("full", (), DAY, Parameters(*values), Spend(1.5, 40.0), 900, 400),
    st.floats(0.05, 5),
    st.floats(1, 500),
    st.floats(0.02, 5),
    st.floats(0.1, 20),
)


@st.composite
def histories(draw):
    age = draw(st.integers(0, 4000))
    recency = draw(st.integers(0, age))
    frequency = 0 if recency == 0 else draw(st.integers(1, min(recency, 900)))
    return frequency, recency, age


@examples(max_examples=100)
@given(MODELS, st.lists(histories(), min_size=1, max_size=40))
def test_scores_of_one_history_are_those_in_bulk(model, drawn):
    x, tx, age = (np.array(column, dtype=float) for column in zip(*drawn, strict=True))
    bulk = foretell(Histories(x, tx, age, np.ones_like(x)), model, CHOICES)
    for i in range(len(drawn)):
        one = slice(i, i + 1)
        alone = foretell(Histories(x[one], tx[one], age[one], np.ones(1)), model, CHOICES)
        for name, values in bulk.items():
            assert alone[name][0] == pytest.approx(values[i], rel=1e-12, abs=0), name


def test_it_is_what_an_evaluation_publishes(shop, days):
    rows = [
        {"customer_id": f"c{i}", "ordered_at": DAY - timedelta(days=back), "amount": f"{9 + i % 7}"}
        for i in range(700)
        for k in range(1 + (i * i) % 6)
        if (back := 700 - (i * 37) % 650 - k * (20 + 13 * (i % 11))) >= 0
    ]
    basis = days.first_basis(shop(rows), DAY)
    for row in days.run(basis).values():
        found = score_customer(
            row["frequency"],
            row["recency"],
            row["T"],
            row["past_revenue"],
            as_of=DAY,
            model=basis.model,
            settings=CHOICES,
        )
        for name in ("p_alive", "churn_probability", "expected_orders"):
            assert getattr(found, name) == pytest.approx(row[name], abs=1e-6)
        assert found.clv_3y == pytest.approx(row["clv_3y"], abs=0.02)
        assert found.expected_next_order == row["expected_next_order"]
        assert found.intervention_date == row["intervention_date"]


def test_what_a_model_does_not_support_is_none():
    few = Model("rules only", ("Few.",), DAY, Parameters(0.6, 60, 0.8, 2.5), Spend(1, 9), 12, 3)
    found = score_customer(1, 30, 60, 20.0, as_of=DAY, model=few, settings=CHOICES)
    assert (found.churn_probability, found.clv_3y, found.intervention_date) == (None, None, None)


@pytest.mark.parametrize("history", [(0, 5, 9), (2, 0, 9), (1, 9, 5), (-1, 0, 5), (1, -2, 5)])
def test_a_history_that_cannot_be_is_refused(history):
    model = Model("full", (), DAY, Parameters(0.6, 60, 0.8, 2.5), Spend(1, 9), 900, 300)
    with pytest.raises(ValueError, match="no history"):
        score_customer(*history, 20.0, as_of=DAY, model=model, settings=CHOICES)
