from __future__ import annotations

import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import beta

from segmenter import forecast
from segmenter.lifetime import Histories, Parameters, fit_orders

P = Parameters(0.52, 43.0, 0.89, 1.61)
SHOPS = st.builds(
    Parameters,
    st.floats(0.05, 5),
    st.floats(1, 500),
    st.floats(0.02, 5),
    st.floats(0.1, 20),
)
X = np.array([0.0, 1, 3, 30, 700])
TX = np.array([0.0, 20, 200, 360, 372])
AGE = np.array([0.0, 90, 365, 366, 373])


def reference(p: Parameters):
    import pandas as pd

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from lifetimes import ModifiedBetaGeoFitter

    model = ModifiedBetaGeoFitter()
    model.params_ = pd.Series({"r": p.r, "alpha": p.alpha, "a": p.a, "b": p.b})
    return model


def test_the_closed_forms_are_those_of_lifetimes():
    x, tx, age = X[:4], TX[:4], AGE[:4]
    ours = forecast.chance_active(P, x, tx, age)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        theirs = reference(P)
        assert ours == pytest.approx(theirs.conditional_probability_alive(x, tx, age), rel=1e-12)
        expected = theirs.conditional_expected_number_of_purchases_up_to_time(90, x, tx, age)
    assert ours * forecast.orders_if_active(P, x, age, 90.0) == pytest.approx(expected, rel=1e-9)


def test_one_history_scores_as_in_bulk():
    for i in range(X.size):
        one = slice(i, i + 1)
        for days in (30.0, 365.0):
            bulk = forecast.orders_if_active(P, X, AGE, days)[i]
            assert forecast.orders_if_active(P, X[one], AGE[one], days)[0] == pytest.approx(
                bulk, rel=1e-12
            )


@settings(max_examples=50)
@given(SHOPS, st.integers(0, 700), st.integers(0, 1500), st.integers(0, 1500))
def test_chances_fall_with_silence_and_stay_finite(p, x, tx, silence):
    tx = tx if x else 0
    ages = np.arange(tx, tx + silence + 2, dtype=float)
    same = np.full_like(ages, x)
    chance = forecast.chance_of_order(p, same, np.full_like(ages, tx), ages, 90.0)
    assert ((chance >= 0) & (chance <= 1)).all()
    assert (np.diff(chance) <= 1e-12).all()
    value = forecast.discounted_orders_if_active(p, same[:1], ages[:1], 3.0, 0.1)
    assert np.isfinite(value).all()
    assert (value >= 0).all()


@settings(max_examples=50)
@given(SHOPS, st.integers(0, 700), st.integers(0, 1500), st.integers(30, 1000))
def test_the_intervention_is_the_first_day_on_which_the_chance_has_halved(p, x, tx, longest):
    one = np.array([float(x)]), np.array([float(tx if x else 0)])
    wait = float(forecast.days_to_intervention(p, *one, 90.0, longest)[0])
    start = float(forecast.chance_of_order(p, *one, one[1], 90.0)[0])
    assert 1 <= wait <= longest
    if wait < longest:
        assert forecast.chance_of_order(p, *one, one[1] + wait, 90.0)[0] <= start / 2
    if wait > 1:
        assert forecast.chance_of_order(p, *one, one[1] + wait - 1, 90.0)[0] > start / 2


@settings(max_examples=50)
@given(SHOPS, st.integers(0, 700), st.integers(0, 1500))
def test_the_next_order_lies_within_the_longest_wait(p, x, tx):
    wait = forecast.days_to_next_order(p, np.array([float(x)]), np.array([float(tx)]), 365)
    assert 1 <= wait[0] <= 365


@settings(max_examples=20)
@given(SHOPS, st.integers(0, 300), st.integers(0, 1500), st.floats(1, 1100))
def test_expected_orders_are_the_mean_over_all_customers_of_that_history(p, x, age, days):
    ours = forecast.orders_if_active(p, np.array([float(x)]), np.array([float(age)]), days)[0]

    nodes, weights = np.polynomial.legendre.leggauss(400)
    stop = np.maximum(beta.ppf((nodes + 1) / 2, p.a, p.b + x + 1), 1e-300)
    orders = -np.expm1(-(p.r + x) * np.log1p(stop * days / (p.alpha + age))) / stop
    assert ours == pytest.approx(float(orders @ weights) / 2, rel=1e-3)


def test_discounting_over_nothing_but_time():
    plain = forecast.orders_if_active(P, X, AGE, 3 * forecast.DAYS_A_YEAR)
    assert forecast.discounted_orders_if_active(P, X, AGE, 3.0, 0.0) == pytest.approx(plain)
    less = forecast.discounted_orders_if_active(P, X, AGE, 3.0, 0.1)
    assert ((less < plain) & (less > plain / 1.1**3)).all()


def test_a_near_one_is_no_pole():
    near = [
        forecast.orders_if_active(Parameters(0.6, 30, a, 2.5), X, AGE, 365.0)
        for a in (1 - 1e-5, 1.0, 1 + 1e-5)
    ]
    assert near[0] == pytest.approx(near[1], rel=1e-3)
    assert near[2] == pytest.approx(near[1], rel=1e-3)


def test_a_simulated_shop_is_found_again():
    rng = np.random.default_rng(3)
    rows = []
    for _ in range(4000):
        rate, stop, start = rng.gamma(0.6, 1 / 60), rng.beta(0.8, 2.5), rng.uniform(0, 900)
        t = [start]
        while rng.random() > stop:
            t.append(t[-1] + rng.exponential(1 / max(rate, 1e-9)))
            if t[-1] > 900:
                t.pop()
                break
        rows.append((len(t) - 1, t[-1] - start, 900 - start))
    x, tx, age = np.array(rows).T
    p, fit = fit_orders(Histories(x, tx, age, np.ones_like(x)))
    assert fit.converged
    assert p.r == pytest.approx(0.6, rel=0.15)
    assert p.a / (p.a + p.b) == pytest.approx(0.8 / 3.3, rel=0.15)
