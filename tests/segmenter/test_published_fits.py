"""Our fits against the tables that the authors of the models published."""

from __future__ import annotations

import warnings
from datetime import date

import numpy as np
import pandas as pd
import pytest
from scipy.optimize import minimize

from segmenter.histories import distinct_histories
from segmenter.lifetime import Histories, fit_orders, fit_spend
from segmenter.summary import summarize


@pytest.fixture(scope="module")
def weeks(cdnow_sample):
    days = distinct_histories(summarize(cdnow_sample, date(1997, 9, 30)))
    return Histories(days.x, days.tx / 7, days.T / 7, days.weight)


def test_bg_nbd_of_fader_hardie_and_lee_2005(weeks):
    p, fit = fit_orders(weeks, family="bg", prior=False)
    assert [p.r, p.alpha, p.a, p.b] == pytest.approx([0.243, 4.414, 0.793, 2.426], abs=6e-4)
    assert fit.log_likelihood == pytest.approx(-9582.4, abs=0.05)


def test_pareto_nbd_of_fader_hardie_and_lee_2005(weeks):
    # It is not our model: it shows that the histories are those on which the authors fitted.
    likelihood = lifetimes_fitter("ParetoNBDFitter")._negative_log_likelihood
    found = minimize(
        lambda p: likelihood(p, weeks.x, weeks.tx, weeks.T, weeks.weight, 0.0),
        np.array([0.55, 10.6, 0.61, 11.7]),
        method="Nelder-Mead",
    )
    assert found.x == pytest.approx([0.553, 10.578, 0.606, 11.669], abs=2e-3)
    assert -found.fun * weeks.weight.mean() == pytest.approx(-9595.0, abs=0.05)


def test_bg_nbd_foretells_the_holdout_as_published(weeks, cdnow_sample):
    # Correlation .626 of expected and actual repeat days in the 39 weeks after (ibid.).
    p, _ = fit_orders(weeks, family="bg", prior=False)
    fitter = lifetimes_fitter("BetaGeoFitter")
    fitter.params_ = pd.Series({"r": p.r, "alpha": p.alpha, "a": p.a, "b": p.b})
    rows = summarize(cdnow_sample, date(1997, 9, 30)).order_by("customer_id").to_pyarrow()
    after = summarize(cdnow_sample, date(1998, 6, 30)).order_by("customer_id").to_pyarrow()
    x, tx, age, later = (
        table[name].to_numpy().astype(float)
        for table, name in (
            (rows, "frequency"),
            (rows, "recency"),
            (rows, "T"),
            (after, "frequency"),
        )
    )
    expected = fitter.conditional_expected_number_of_purchases_up_to_time(39, x, tx / 7, age / 7)
    assert np.corrcoef(expected, later - x)[0, 1] == pytest.approx(0.626, abs=6e-4)


def lifetimes_fitter(name):
    with warnings.catch_warnings():
        # While it is imported, lifetimes sets a pandas option that pandas 3 has deprecated.
        warnings.simplefilter("ignore")
        import lifetimes
    return getattr(lifetimes, name)()


def test_weights_stand_for_customers(weeks):
    def spread(values):
        return np.repeat(values, weeks.weight.astype(int))

    each = Histories(
        spread(weeks.x), spread(weeks.tx), spread(weeks.T), spread(weeks.weight * 0 + 1)
    )
    assert len(each.x) == 2357
    together, apart = fit_orders(weeks)[0], fit_orders(each)[0]
    assert [together.r, together.alpha, together.a, together.b] == pytest.approx(
        [apart.r, apart.alpha, apart.a, apart.b], rel=1e-4
    )


def test_a_search_that_begins_on_a_part_ends_where_the_whole_one_does(weeks, monkeypatch):
    whole, fit = fit_orders(weeks)
    monkeypatch.setattr("segmenter.lifetime.MANY", 100)
    begun, again = fit_orders(weeks)
    assert [begun.r, begun.alpha, begun.a, begun.b] == pytest.approx(
        [whole.r, whole.alpha, whole.a, whole.b], rel=1e-4
    )
    assert again.log_likelihood == pytest.approx(fit.log_likelihood, abs=1e-4)
    assert again.converged


def test_the_prior_is_weak(weeks):
    free, held = fit_orders(weeks, prior=False)[0], fit_orders(weeks)[0]
    assert held.r == pytest.approx(free.r, rel=0.02)
    assert held.alpha == pytest.approx(free.alpha, rel=0.02)


def test_gamma_gamma_of_fader_and_hardie_2013(cdnow_sample):
    # Published on repeat purchases only, so the first day is taken off here.
    rows = summarize(cdnow_sample, date(1997, 9, 30)).to_pyarrow().to_pylist()
    first = first_days(cdnow_sample)
    repeaters = [row for row in rows if row["frequency"] > 0]
    spent = [row["past_revenue"] - first[row["customer_id"]] for row in repeaters]
    count = np.array([row["frequency"] for row in repeaters], dtype=float)
    fit = fit_spend(count, np.array(spent) / count, np.ones_like(count), prior=False)
    assert fit.values == pytest.approx((6.25, 3.74, 15.44), abs=0.01)


def first_days(orders):
    rows = orders.select("customer_id", "ordered_at", "amount").to_pyarrow().to_pylist()
    first: dict[str, tuple] = {}
    for row in rows:
        day, money = first.get(row["customer_id"], (row["ordered_at"], 0.0))
        if row["ordered_at"] < day:
            day, money = row["ordered_at"], 0.0
        if row["ordered_at"] == day:
            money += float(row["amount"])
        first[row["customer_id"]] = (day, money)
    return {customer: money for customer, (_, money) in first.items()}
