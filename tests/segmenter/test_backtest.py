from __future__ import annotations

import json
from datetime import date

import numpy as np
import pytest

from segmenter import metrics
from segmenter.backtest import backtest
from segmenter.settings import Settings


def test_on_cdnow_the_model_ranks_about_as_well_as_published_and_the_rule_wins(cdnow_engine, cdnow):
    told = backtest(cdnow_engine, cdnow, date(1997, 9, 30), 273, Settings())
    scores = {score.name: score for score in told.scores}
    model = scores["model"]
    assert told.customers == 23570
    assert model.auc == pytest.approx(0.755, abs=0.01)
    assert scores["RFM sum"].auc == pytest.approx(0.767, abs=0.01)
    assert told.winner == "RFM sum"
    assert "RFM sum" in told.verdict
    assert model.brier < 0.2
    assert abs(model.order_bias) < 0.3
    assert scores["past spend"].brier is None
    assert json.loads(json.dumps(told.to_dict()))["calibration_end"] == "1997-09-30"


def test_nothing_to_compare_is_said(engine, shop):
    told = backtest(engine, shop([]), date(2024, 1, 1), 90, Settings())
    assert (told.winner, told.customers) == (None, 0)
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
