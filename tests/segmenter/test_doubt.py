from __future__ import annotations

import itertools
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from segmenter import doubt, lifetime
from segmenter.lifetime import Fit, Histories, Parameters, fit_orders
from segmenter.readable import readable_chance, readable_days, readable_money


def simulated(cut, seed=0, customers=5000, days=1080):
    """A shop of three years by the model's own assumptions; orders before ``cut`` are not seen."""
    rng = np.random.default_rng(seed)
    rows = []
    for _ in range(customers):
        t = [rng.uniform(0, days)]
        rate, stop = max(rng.gamma(0.6, 1 / 60), 1e-9), rng.beta(0.8, 2.5)
        while rng.random() > stop:
            t.append(t[-1] + rng.exponential(1 / rate))
            if t[-1] > days:
                t.pop()
                break
        seen = np.unique(np.floor([at for at in t if at >= cut]))
        if seen.size:
            rows.append((seen.size - 1, seen[-1] - seen[0], days - seen[0]))
    x, tx, age = (column.copy() for column in np.array(rows).T)
    return Histories(x, tx, age, np.ones_like(x))


@pytest.mark.parametrize(("cut", "level"), [(0, "full"), (540, "low confidence")])
def test_a_history_cut_on_the_left_is_told_from_a_whole_one(cut, level):
    histories = simulated(cut)
    parameters, fit = fit_orders(histories)
    assert doubt.warnings_about(histories, parameters, fit) == ()
    found, notes = doubt.level_of(histories, parameters)
    assert found == level
    assert ("before these orders begin" in "".join(notes)) == (cut > 0)


@pytest.mark.parametrize(
    ("parameters", "changes", "word"),
    [
        (Parameters(0.6, 60, 0.8, 2.5), {"converged": False}, "settle"),
        (Parameters(0.6, 60, 0.8, 2.5), {"at_bound": True}, "extreme"),
        (Parameters(0.005, 60, 0.8, 2.5), {}, "Hardly anybody"),
        (Parameters(0.6, 60, 0.01, 25), {}, "nobody ever stops"),
    ],
)
def test_each_warning_sign_has_its_sentence(parameters, changes, word):
    histories = simulated(0, customers=200)
    fit = Fit((1.0,), -1.0, **({"converged": True, "at_bound": False} | changes))
    (note,) = doubt.warnings_about(histories, parameters, fit)
    assert word in note


def test_a_search_that_begins_on_a_part_ends_at_the_same_place(monkeypatch):
    histories = simulated(0)
    whole = fit_orders(histories)[0]
    monkeypatch.setattr(lifetime, "MANY", 100)
    part = fit_orders(histories)[0]
    assert [part.r, part.alpha, part.a, part.b] == pytest.approx(
        [whole.r, whole.alpha, whole.a, whole.b], rel=1e-3
    )


def test_lifetimes_is_imported_without_a_warning():
    code = "import segmenter.learn"
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")


MONEY = st.lists(st.floats(0, 1e7), min_size=1, max_size=5).map(sorted)


@given(MONEY)
def test_readable_money_ascends_above_nothing(values):
    edges = readable_money(values)
    assert len(edges) == len(values)
    assert edges[0] > 0
    assert all(one < other for one, other in itertools.pairwise(edges))


@given(st.lists(st.floats(0, 4000), min_size=1, max_size=5).map(sorted))
def test_readable_days_ascend(values):
    edges = readable_days(values)
    assert len(edges) == len(values)
    assert all(one < other for one, other in itertools.pairwise(edges))


@given(st.floats(0, 1))
def test_a_readable_chance_is_near_and_never_0_or_1(value):
    chance = readable_chance(value)
    assert 0 < chance < 1
    assert chance == pytest.approx(value, abs=0.0051)
