"""The laws of every scheme, on every cell of its grid and on rows drawn at random."""

from __future__ import annotations

from itertools import pairwise, product

import ibis
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from segmenter.schemes import ALL, FIXED, LIFECYCLE, RFM, RISK_VALUE
from segmenter.settings import SCHEMES, Settings
from segmenter.stability import reachable, settle, shifts

#: On which axes more is worse; on all others more is better.
WORSE = {"churn_probability", "days_since_order"}
EDGES = {
    "lifecycle": {
        "churn_probability": (0.5, 0.98),
        "past_revenue": (50.0, 200.0),
        "future_revenue": (40.0, 100.0),
    },
    "rfm": {
        "days_since_order": (30.0, 60.0, 90.0, 180.0),
        "order_days": (2.0, 3.0, 5.0, 10.0),
        "past_revenue": (10.0, 50.0, 100.0, 200.0),
    },
    "risk_value": {"churn_probability": (0.7,), "total_value": (100.0,)},
    "stratification": {"stratification_value": (60.0,), "stratification_profit": (45.0,)},
    "affinity": {"affinity_score": (2.0, 8.0, 30.0), "affinity_events": (1.0,)},
}
VALUES = {
    "churn_probability": st.floats(0, 1),
    "past_revenue": st.floats(-50, 400),
    "future_revenue": st.floats(0, 300),
    "total_value": st.floats(0, 600),
    "days_since_order": st.integers(0, 400),
    "order_days": st.integers(1, 30),
    "stratification_value": st.floats(-1, 100),
    "stratification_profit": st.floats(-1, 100),
    "affinity_score": st.floats(-5, 60),
    "affinity_events": st.integers(0, 3),
}
ENGINE = ibis.duckdb.connect()


def test_all_are_there():
    assert tuple(ALL) == SCHEMES
    assert len(LIFECYCLE.segments) == 9
    assert {"High-Spending New Customers", "Lost Best Customers"} <= set(RFM.segments)
    assert len(RISK_VALUE.segments) == 4


@pytest.mark.parametrize("scheme", FIXED.values(), ids=list(FIXED))
def test_every_cell_has_one_segment_and_every_segment_a_cell(scheme):
    assert set(scheme.cells().values()) == set(scheme.segments)


@pytest.mark.parametrize("scheme", FIXED.values(), ids=list(FIXED))
def test_more_churn_never_improves_and_more_value_never_worsens(scheme):
    rank = scheme.segments.index
    for number, axis in enumerate(scheme.axes):
        sizes = [range(a.cuts + 1) for a in scheme.axes]
        sizes[number] = range(1)
        for cell in product(*sizes):
            steps = [(*cell[:number], n, *cell[number + 1 :]) for n in range(axis.cuts + 1)]
            ranks = [rank(scheme.place(*step)) for step in steps]
            ordered = ranks if axis.column in WORSE else ranks[::-1]
            assert all(one <= other for one, other in pairwise(ordered)), (axis, cell, ranks)


def segments_of(scheme, rows, before=None, free=False):
    columns = {a.column: [float(row[a.column]) for row in rows] for a in scheme.axes}
    columns["before"] = before or [None] * len(rows)
    table = ibis.memtable(
        pa.table(
            columns,
            schema=pa.schema(
                [(a.column, pa.float64()) for a in scheme.axes] + [("before", pa.string())]
            ),
        )
    )
    codes = reachable(scheme, table, EDGES[scheme.name], Settings())
    code = settle(codes, scheme.code_of(table.before), ibis.literal(free))
    return ENGINE.to_pyarrow(table.select(segment=scheme.name_of(code)))["segment"].to_pylist()


@pytest.mark.parametrize("name", list(FIXED))
@settings(max_examples=3)
@given(st.data())
def test_the_expression_says_what_the_grid_says(name, data):
    scheme = FIXED[name]
    row = st.fixed_dictionaries({a.column: VALUES[a.column] for a in scheme.axes})
    rows = data.draw(st.lists(row, min_size=20, max_size=60))
    edges = EDGES[name]
    cells = [[sum(r[a.column] >= e for e in edges[a.column]) for a in scheme.axes] for r in rows]
    assert segments_of(scheme, rows) == [scheme.place(*cell) for cell in cells]


@pytest.mark.parametrize("name", list(FIXED))
@settings(max_examples=2)
@given(st.data())
def test_the_order_of_rows_does_not_matter_and_equal_customers_are_in_equal_segments(name, data):
    scheme = FIXED[name]
    row = st.fixed_dictionaries({a.column: VALUES[a.column] for a in scheme.axes})
    rows = data.draw(st.lists(row, min_size=10, max_size=30)) * 2
    before = [data.draw(st.sampled_from(scheme.segments)) for _ in rows[::2]] * 2
    order = data.draw(st.permutations(range(len(rows))))
    found = segments_of(scheme, rows, before)
    again = segments_of(scheme, [rows[i] for i in order], [before[i] for i in order])
    assert again == [found[i] for i in order]
    half = len(rows) // 2
    assert found[:half] == found[half:]


@pytest.mark.parametrize("name", list(FIXED))
@settings(max_examples=2)
@given(st.data())
def test_a_worse_number_never_improves_and_a_better_one_never_worsens(name, data):
    scheme = FIXED[name]
    row = st.fixed_dictionaries({a.column: VALUES[a.column] for a in scheme.axes})
    rows = data.draw(st.lists(row, min_size=20, max_size=40))
    column = data.draw(st.sampled_from([a.column for a in scheme.axes]))
    values = [data.draw(VALUES[column]) for _ in rows]
    more = [{**r, column: max(r[column], v)} for r, v in zip(rows, values, strict=True)]
    ranks = [map(scheme.segments.index, segments_of(scheme, each)) for each in (rows, more)]
    for less_rank, more_rank in zip(*ranks, strict=True):
        assert more_rank >= less_rank if column in WORSE else more_rank <= less_rank


@pytest.mark.parametrize("name", list(FIXED))
@settings(max_examples=3)
@given(st.data())
def test_held_segments_are_segments_and_holding_again_changes_nothing(name, data):
    scheme = FIXED[name]
    row = st.fixed_dictionaries({a.column: VALUES[a.column] for a in scheme.axes})
    rows = data.draw(st.lists(row, min_size=20, max_size=60))
    before = [data.draw(st.sampled_from(scheme.segments)) for _ in rows]
    held = segments_of(scheme, rows, before)
    plain = segments_of(scheme, rows)
    assert all(h in (b, p) for h, b, p in zip(held, before, plain, strict=True))
    assert segments_of(scheme, rows, held) == held
    assert segments_of(scheme, rows, before, free=True) == plain


def in_band(scheme, column, value):
    corners = shifts(scheme, EDGES[scheme.name], Settings())
    return len({sum(value >= e for e in corner[column]) for corner in corners}) > 1


@pytest.mark.parametrize("name", list(FIXED))
@settings(max_examples=2)
@given(st.data())
def test_a_worse_number_never_improves_a_held_segment_while_the_others_are_clear(name, data):
    scheme = FIXED[name]
    column = data.draw(st.sampled_from([a.column for a in scheme.axes]))
    clear = {
        a.column: VALUES[a.column].filter(lambda v, c=a.column: not in_band(scheme, c, v))
        for a in scheme.axes
        if a.column != column
    }
    others = data.draw(st.lists(st.fixed_dictionaries(clear), min_size=6, max_size=6))
    # near the edges, where a segment is held
    near = [e * x for e in EDGES[name][column] for x in (0.9, 0.95, 0.97, 0.99, 1, 1.02, 1.04, 1.1)]
    steps = sorted({*near, *data.draw(st.lists(VALUES[column], max_size=5))})
    rows = [{**other, column: step} for other in others for step in steps]
    before = [segment for segment in scheme.segments for _ in rows]
    found = segments_of(scheme, rows * len(scheme.segments), before)
    ranks = list(map(scheme.segments.index, found))
    for first in range(0, len(ranks), len(steps)):
        mine = ranks[first : first + len(steps)]
        assert mine == sorted(mine, reverse=column not in WORSE), before[first]


def test_a_small_step_over_an_edge_holds_and_a_large_one_does_not():
    row = {"past_revenue": 300, "future_revenue": 150}
    steps = [{**row, "churn_probability": p} for p in (0.49, 0.52, 0.54)]
    assert segments_of(LIFECYCLE, steps, ["Champions"] * 3) == [
        "Champions",
        "Champions",
        "Need Attention",
    ]


def test_an_edge_next_to_one_can_still_be_passed():
    gone = {"churn_probability": 0.995, "past_revenue": 0, "future_revenue": 0}
    assert segments_of(LIFECYCLE, [gone], ["About to Sleep"]) == ["Lost"]


def test_a_new_customer_who_spends_much_and_a_good_one_who_is_gone():
    assert RFM.place(0, 0, 4) == "High-Spending New Customers"
    assert RFM.place(4, 4, 4) == "Lost Best Customers"
    assert RFM.place(0, 4, 4) == "Best Customers"
