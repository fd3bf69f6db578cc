"""What is told to have crossed is true, and enough to make the move."""

from __future__ import annotations

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from segmenter.crossing import crossings
from segmenter.schemes import ALL, LIFECYCLE
from segmenter.settings import Settings

EDGES = {
    "lifecycle": {
        "churn_probability": (0.5, 0.9),
        "past_revenue": (50.0, 200.0),
        "future_revenue": (40.0, 100.0),
    },
    "rfm": {
        "days_since_order": (30.0, 60.0, 90.0, 180.0),
        "order_days": (2.0, 3.0, 5.0, 10.0),
        "past_revenue": (10.0, 50.0, 100.0, 200.0),
    },
    "risk_value": {"churn_probability": (0.7,), "total_value": (100.0,)},
}
NUMBERS = st.fixed_dictionaries(
    {
        "churn_probability": st.floats(0, 1),
        "past_revenue": st.floats(-50, 400),
        "future_revenue": st.floats(0, 300),
        "total_value": st.floats(0, 600),
        "days_since_order": st.integers(0, 400).map(float),
        "order_days": st.integers(1, 30).map(float),
    }
)


def cell(scheme, numbers):
    edges = EDGES[scheme.name]
    return [sum(numbers[a.column] >= e for e in edges[a.column]) for a in scheme.axes]


def told(scheme, was, now, pair=None, before=None):
    edges = EDGES[scheme.name]
    pair = pair or (scheme.place(*cell(scheme, was)), scheme.place(*cell(scheme, now)))
    return crossings(scheme, Settings(), pair, (was, now), (before or edges, edges))


@pytest.mark.parametrize("name", list(ALL))
@settings(max_examples=60)
@given(NUMBERS, NUMBERS)
def test_the_numbers_told_make_the_move_and_none_of_them_can_be_spared(name, was, now):
    scheme = ALL[name]
    here, there = (scheme.place(*cell(scheme, n)) for n in (was, now))
    assume(here != there)
    found = told(scheme, was, now)
    assert found
    some = {c.column: now[c.column] for c in found}
    assert scheme.place(*cell(scheme, {**was, **some})) == there
    for left_out in some:
        fewer = {k: v for k, v in some.items() if k != left_out}
        assert scheme.place(*cell(scheme, {**was, **fewer})) != there
    for crossing in found:
        assert (crossing.before, crossing.after) == (was[crossing.column], now[crossing.column])
        for edge in crossing.edges:
            assert (crossing.before < edge <= crossing.after) == crossing.up
            assert (crossing.after < edge <= crossing.before) != crossing.up


WAS = {"churn_probability": 0.51, "past_revenue": 90.0, "future_revenue": 120.0}


def test_who_was_held_by_hysteresis_is_told_the_edge_that_held_him():
    now = {**WAS, "churn_probability": 0.531}
    (crossing,) = told(LIFECYCLE, WAS, now, ("Champions", "Need Attention"))
    assert (crossing.edges, crossing.up) == ((0.5,), True)
    assert crossing.before > 0.5


def test_edges_that_moved_are_told_and_numbers_that_do_not_lead_there_are_not():
    before = {**EDGES["lifecycle"], "churn_probability": (0.6, 0.9)}
    (crossing,) = told(LIFECYCLE, WAS, WAS, ("Champions", "Need Attention"), before)
    assert (crossing.before, crossing.edges, crossing.edges_before) == (0.51, (0.5,), (0.6,))
    assert told(LIFECYCLE, WAS, WAS, ("Champions", "Lost")) == ()
    assert told(LIFECYCLE, WAS, WAS, ("Lost", "Need Attention")) == ()
