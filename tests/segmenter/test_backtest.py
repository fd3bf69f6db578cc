from __future__ import annotations

import json
from datetime import date

import numpy as np
import pytest

from segmenter import metrics
from segmenter.areas import areas
from segmenter.backtest import backtest
from segmenter.cutoffs import cutoffs
from segmenter.settings import Settings


def test_on_cdnow_the_model_ranks_about_as_well_as_published_and_the_rule_wins(cdnow_engine, cdnow):
    told = backtest(cdnow_engine, cdnow, date(1997, 9, 30), 273, Settings())
    (cut,) = told.cutoffs
    scores = {score.name: score for score in told.scores}
    model = scores["model"]
    assert cut.customers == 23570
    assert model.auc == pytest.approx(0.755, abs=0.01)
    assert scores["RFM sum"].auc == pytest.approx(0.767, abs=0.01)
    # The 273 days before hold no past from which a regression could have learned.
    assert "logistic regression" not in scores
    assert (told.winner, told.rival) == ("RFM sum", "model")
    assert "RFM sum" in told.verdict
    assert told.margin == pytest.approx(scores["RFM sum"].auc - model.auc)
    assert 0 < told.margin_within < 0.01
    assert model.brier < 0.2
    assert abs(model.order_bias) < 0.3
    assert model.gini > scores["past spend"].gini
    assert scores["past spend"].brier is None
    plain = json.loads(json.dumps(told.to_dict()))
    assert plain["cutoffs"][0]["calibration_end"] == "1997-09-30"
    assert plain["plots"]["tracking"][-1]["day"] <= "1998-06-30"


def test_the_past_is_cut_where_there_is_enough_of_it(cdnow_engine, cdnow):
    told = backtest(cdnow_engine, cdnow, None, None, Settings())
    ends = [cut.calibration_end for cut in told.cutoffs]
    assert ends == [date(1998, 4, 1), date(1998, 1, 1), date(1997, 10, 3), date(1997, 7, 5)]
    means = {score.name: score for score in told.scores}
    each = [score.auc for cut in told.cutoffs for score in cut.scores if score.name == "model"]
    assert means["model"].auc == pytest.approx(np.mean(each))
    assert means["logistic regression"].calibration_error < 0.03
    tenths = told.plots.tenths["model"]
    assert sum(tenths) == pytest.approx(1)
    assert tenths[0] > 0.3
    last = told.plots.tracking[-1]
    assert last.foretold == pytest.approx(last.came, rel=0.1)
    assert all(
        a.came <= b.came for a, b in zip(told.plots.tracking, told.plots.tracking[1:], strict=False)
    )


@pytest.mark.parametrize(
    ("last", "horizon", "many", "days"),
    [
        (date(2024, 1, 1), 90, 0, 0),
        (date(2024, 1, 3), 90, 0, 0),
        (date(2024, 1, 4), 90, 2, 1),
        (date(2024, 3, 1), 90, 2, 20),
        (date(2024, 12, 31), 90, 2, 90),
        (date(2026, 12, 31), 90, 4, 90),
    ],
)
def test_cut_offs_leave_a_third_to_learn_from(last, horizon, many, days):
    first = date(2024, 1, 1)
    ends, held = cutoffs(first, last, horizon)
    assert (len(ends), held) == (many, days)
    assert all((end - first).days * 3 >= (last - first).days for end in ends)


def test_nothing_to_compare_is_said(engine, shop):
    told = backtest(engine, shop([]), date(2024, 1, 1), 90, Settings())
    assert (told.winner, told.cutoffs[0].customers) == (None, 0)
    assert backtest(engine, shop([]), None, None, Settings()).cutoffs == ()
    one = shop([{"customer_id": "a", "ordered_at": date(2023, 1, 1), "amount": "1"}])
    assert (
        "Nothing can be compared" in backtest(engine, one, date(2024, 1, 1), 90, Settings()).verdict
    )
    with pytest.raises(ValueError, match="holdout_days"):
        backtest(engine, one, date(2024, 1, 1), 0, Settings())


def test_the_measures_on_cases_that_one_can_count():
    came = np.array([0.0, 0, 1, 1])
    assert metrics.auc(np.array([1.0, 2, 3, 4]), came) == 1.0
    assert metrics.auc(np.array([1.0, 3, 2, 4]), came) == 0.75
    assert metrics.auc(np.ones(4), came) == 0.5
    assert metrics.auc(np.ones(4), np.ones(4)) is None
    assert metrics.capture(np.ones(4), came, 0.5) == 0.5
    assert metrics.capture(np.array([1.0, 2, 3, 4]), came, 0.5) == 1.0
    assert metrics.brier(np.array([0.0, 0, 1, 0.5]), came) == pytest.approx(0.0625)
    assert metrics.calibration_error(np.full(4, 0.5), came, groups=1) == 0.0
    assert metrics.bias(np.full(4, 1.0), came) == 1.0
    money = np.array([0.0, 0, 10, 30])
    assert metrics.gini(money, money) == 1.0
    assert metrics.gini(-money, money) == -1.0
    assert metrics.gini(np.ones(4), money) == 0.0
    assert metrics.gini(money, np.zeros(4)) is None
    assert metrics.spearman(np.array([1.0, 2, 3, 4]), np.array([1.0, 9, 10, 99])) == pytest.approx(
        1
    )
    assert metrics.spearman(np.ones(4), money) is None


def test_areas_are_those_of_all_pairs_and_so_is_their_covariance():
    rng = np.random.default_rng(2)
    came = (rng.random(60) < 0.4).astype(float)
    scores = np.round(np.vstack([came + rng.normal(size=60), rng.normal(size=60)]), 1)
    yes, no = scores[:, came > 0], scores[:, came == 0]
    pairs = (yes[:, :, None] > no[:, None, :]) + 0.5 * (yes[:, :, None] == no[:, None, :])
    found, covariance = areas(scores, came)
    assert found == pytest.approx(pairs.mean(axis=(1, 2)))
    assert found[0] == pytest.approx(metrics.auc(scores[0], came))
    each = np.cov(pairs.mean(axis=2)) / yes.shape[1] + np.cov(pairs.mean(axis=1)) / no.shape[1]
    assert covariance == pytest.approx(each)
