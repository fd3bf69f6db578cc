"""Nothing learned is published that does not beat what costs nothing."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import ibis
import numpy as np
import pyarrow as pa
import pytest

from segmenter.areas import WIDE
from segmenter.backtest import backtest
from segmenter.gate import gate, marked
from segmenter.judge import barred, judge, margin
from segmenter.learn import learn
from segmenter.model import LOGISTIC, MODEL, RFM, SILENCE, SPEND, Model, Ranking
from segmenter.ranking import LEARNED, SIMPLE
from segmenter.settings import Settings
from segmenter.trial import Seen, Trial, look, numbers_from, rank, roll

END = date(2024, 12, 31)
CHOICES = Settings()


@pytest.fixture(scope="module")
def trials(cdnow_engine, cdnow):
    cuts = (date(1998, 4, 1), date(1998, 1, 1))
    return roll(cdnow_engine, cdnow, cuts, 90, CHOICES)


def shuffled(seen: Seen, seed: int) -> Seen:
    """The same customers, what came dealt out anew."""
    order = np.random.default_rng(seed).permutation(seen.rows.num_rows)
    rows = seen.rows
    for name in ("came_orders", "came_money"):
        at = rows.column_names.index(name)
        rows = rows.set_column(at, name, rows[name].take(pa.array(order)))
    return replace(seen, rows=rows)


def lives(rows, seed=1, customers=800, days=900, pace=60.0, stay=0.8):
    """A shop by the model's own assumptions, as rows of orders that end with END."""
    rng = np.random.default_rng(seed)
    for i in range(customers):
        at, rate = rng.uniform(0, days), max(rng.gamma(0.7, 1 / pace), 1e-6)
        while at <= days:
            day = END - timedelta(days=int(days - at))
            rows.append({"customer_id": f"c{i:05}", "ordered_at": day, "amount": f"{9 + i % 40}"})
            if rng.random() > stay:
                break
            at += rng.exponential(1 / rate)
    return rows


def test_on_a_real_shop_what_wins_is_above_the_rest_by_more_than_its_interval(trials):
    told = judge(trials)
    assert told.winner == LOGISTIC
    assert told.margin.mean > told.margin.within > 0
    assert f"above the simple rule '{told.rival}'" in told.sentence


@pytest.mark.parametrize("seed", range(8))
def test_on_shuffled_labels_a_simple_rule_is_published(trials, cdnow_engine, seed):
    dealt = [shuffled(trial.seen, seed) for trial in trials]
    # The regression learns from shuffled labels too.
    numbers = numbers_from(cdnow_engine, dealt[0], dealt[1], 90)
    assert LOGISTIC in numbers
    told = judge([rank(cdnow_engine, dealt[0], numbers)])
    assert told.winner in SIMPLE
    assert told.rival in LEARNED
    assert told.auc == pytest.approx(0.5, abs=0.03)
    assert "simple rule" in told.sentence


def test_the_interval_of_a_margin_is_that_of_resampled_customers(trials):
    seen, scores = trials[0].seen, trials[0].scores
    few = np.arange(0, seen.rows.num_rows, 20)
    part = replace(seen, rows=seen.rows.take(pa.array(few)))
    trial = Trial(part, {way: score[few] for way, score in scores.items()})
    rng = np.random.default_rng(4)
    means = []
    for _ in range(300):
        drawn = rng.integers(0, few.size, few.size)
        rows = replace(part, rows=part.rows.take(pa.array(drawn)))
        again = Trial(rows, {way: score[drawn] for way, score in trial.scores.items()})
        means.append(margin([again], MODEL, SILENCE).mean)
    told = margin([trial], MODEL, SILENCE)
    assert told.within == pytest.approx(WIDE * np.std(means), rel=0.15)


def test_what_came_later_changes_no_score(cdnow_engine, cdnow):
    cut = date(1998, 1, 1)
    until = cdnow.filter(cdnow.ordered_at.date() <= ibis.literal(cut))
    (whole,) = roll(cdnow_engine, cdnow, (cut,), 90, CHOICES)
    (short,) = roll(cdnow_engine, until, (cut,), 90, CHOICES)
    assert whole.seen.came().sum() > 0
    assert short.seen.came().sum() == 0
    for way, score in whole.scores.items():
        assert np.array_equal(score, short.scores[way]), way


def test_a_barred_model_never_wins_and_the_sentence_says_so(trials):
    alone = [
        replace(t, scores={SILENCE: t.scores[SILENCE], MODEL: t.scores[LOGISTIC]}) for t in trials
    ]
    assert judge(alone).winner == MODEL
    told = judge(alone, (MODEL,))
    assert told.winner == SILENCE
    assert "not in the race" in told.sentence


@pytest.mark.parametrize("way", [SILENCE, RFM, SPEND, MODEL, LOGISTIC])
def test_what_was_tested_is_what_is_published(way, engine, shop, days):
    orders = shop(lives([]))
    basis = days.first_basis(orders, END)
    seen = look(engine, orders, END, 90, CHOICES, None)
    earlier = look(engine, orders, END - timedelta(days=90), 90, CHOICES, None)
    numbers = numbers_from(engine, seen, earlier, 90)
    tried = dict(
        zip(
            seen.rows["customer_id"].to_pylist(),
            rank(engine, seen, numbers).scores[way],
            strict=True,
        )
    )
    model = Model.from_json(
        replace(basis.model, ranking=Ranking(way, numbers[way], "Because.")).to_json()
    )
    result = days.run(replace(basis, model=model))
    assert {c: row["ranking_score"] for c, row in result.items()} == pytest.approx(tried)
    assert all(0 <= row["ranking_score"] <= 1 for row in result.values())
    assert {row["ranked_by"] for row in result.values()} == {way}


def test_engagement_is_looked_at_where_it_is_told(engine, shop, days):
    rows = lives([], seed=3)
    told = {row["customer_id"]: row["ordered_at"] for row in rows}
    # Who will order clicks in the weeks before; nobody else does.
    clicks = [
        {"customer_id": row["customer_id"], "kind": "email_click", "day": row["ordered_at"]}
        for row in rows
        if row["ordered_at"] > END - timedelta(days=400)
    ]
    events = ibis.memtable(
        pa.table(
            {
                "customer_id": [c["customer_id"] for c in clicks] * 2,
                "kind": ["email_click"] * len(clicks) + ["email_open_by_proxy"] * len(clicks),
                "occurred_at": [
                    datetime.combine(c["day"], datetime.min.time(), UTC) - timedelta(days=back)
                    for back in (80, 1)
                    for c in clicks
                ],
            }
        )
    )
    basis = days.first_basis(shop(rows), END)
    model = gate(engine, basis.orders, END, CHOICES, basis.model, events=events)
    assert model.ranking.way == LOGISTIC
    assert model.ranking.numbers["quiet"] != (0.0,)
    assert model.ranking.margin > 0.02
    result = days.run(replace(basis, model=model, events=events))
    assert set(result) == set(told)
    blind = gate(engine, basis.orders, END, CHOICES, basis.model)
    assert "quiet" not in blind.ranking.numbers


def test_a_sample_is_the_same_whatever_the_order_of_rows_and_the_threads(
    fresh_engine, orders_in, monkeypatch
):
    rows = [{**row, "order_id": f"x{i}"} for i, row in enumerate(lives([], customers=900))]
    monkeypatch.setattr("segmenter.gate.SAMPLE", 500)
    told = []
    for threads, given in ((1, rows), (4, rows[::-1])):
        engine = fresh_engine(threads=threads)
        orders = orders_in(engine, given)
        model = gate(engine, orders, END, CHOICES, learn(engine, orders, END, CHOICES))
        told.append(model.to_json())
    assert told[0] == told[1]
    assert Model.from_json(told[0]) == model


def test_a_model_of_before_the_gate_is_read_and_the_simplest_way_ranks(shop, days):
    basis = days.first_basis(shop(lives([], customers=60)), END)
    body = json.loads(basis.model.to_json())
    del body["ranking"]
    old = Model.from_json(json.dumps(body))
    assert old.ranking is None
    for row in days.run(replace(basis, model=old)).values():
        assert row["ranked_by"] == SILENCE
        assert row["ranking_score"] == pytest.approx(90 / (90 + row["days_since_order"]), abs=1e-6)


def test_totals_far_off_in_the_past_mark_the_model_down(trials):
    model = trials[0].seen.model
    assert marked(model, trials) is model
    for factor, word in ((3, "times as many"), (0.3, "only 3")):
        wrong = []
        for trial in trials:
            rows = trial.seen.rows
            at = rows.column_names.index("expected_orders")
            values = pa.array(trial.seen.column("expected_orders") * factor)
            seen = replace(trial.seen, rows=rows.set_column(at, "expected_orders", values))
            wrong.append(replace(trial, seen=seen))
        told = marked(model, wrong)
        assert told.level == "low confidence"
        assert word in told.notes[-1]


@pytest.mark.parametrize("count", [0, 1, 49])
def test_too_few_are_ranked_by_the_simplest_way(engine, shop, count):
    rows = [
        {"customer_id": f"c{i}", "ordered_at": END - timedelta(days=i), "amount": "5"}
        for i in range(count)
    ]
    orders = shop(rows)
    model = gate(engine, orders, END, CHOICES, learn(engine, orders, END, CHOICES))
    assert (model.ranking.way, model.ranking.auc) == (SILENCE, None)
    assert "too few" in model.ranking.verdict


def test_where_of_late_everybody_came_back_the_regression_does_not_rank(engine, shop):
    # the older half of each beat is learnt from; then all who ever bought buy again
    bought = [(n, END - timedelta(days=7 * n % 390)) for n in range(450) if n % 150 < 90]
    rows = [{"customer_id": f"c{n % 150}", "ordered_at": day, "amount": 9} for n, day in bought]
    orders = shop(rows)
    model = learn(engine, orders, END, CHOICES)
    ranking = gate(engine, orders, END, CHOICES, model).ranking
    assert ranking.way != LOGISTIC
    assert ranking.numbers or ranking.way == MODEL
    # what is printed is what would rank, and says why
    told = backtest(engine, orders, None, None, CHOICES)
    assert told.winner != LOGISTIC
    assert LOGISTIC not in {score.name for score in told.scores} or "too little to" in told.verdict


def test_a_barred_regression_never_wins_and_the_sentence_says_so(trials):
    assert judge(trials).winner == LOGISTIC
    told = judge(trials, barred(trials[0].seen.model, None))
    assert told.winner != LOGISTIC
    assert told.rival != LOGISTIC
    assert told.sentence.endswith("of late there is too little to learn it from.")
