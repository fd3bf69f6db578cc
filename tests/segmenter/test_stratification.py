"""Strata: scores that stand still, gaps that are no zeros, and whom other weights would move."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date, timedelta

import ibis
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from segmenter.complete import complete
from segmenter.schemes import problems
from segmenter.schemes.stratification import STRATIFICATION, anchors_of, known, strata
from segmenter.schemes.stratification_report import gaps, sensitivity
from segmenter.schemes.stratification_settings import Factor, Metric, Stratification
from segmenter.settings import Settings

END = date(2024, 6, 30)
ENGINE = ibis.duckdb.connect()
CHOICE = Stratification(
    loyalty=Factor(2.0, (Metric("orders"), Metric("days_since_order", better="lower"))),
    buying_power=Factor(1.0, (Metric("past_revenue"),)),
    profitability=Factor(3.0, (Metric("margin"),)),
    cost_to_serve=Factor(1.0, (Metric("visits", better="lower"), Metric("returns", 0.5, "lower"))),
)
METRICS = ("orders", "days_since_order", "past_revenue", "margin", "visits", "returns")
EDGES = {
    anchors_of("orders"): (1.0, 1.0, 1.0, 3.0, 9.0),
    anchors_of("days_since_order"): (3.0, 30.0, 60.0, 120.0, 300.0),
    anchors_of("past_revenue"): (5.0, 20.0, 50.0, 100.0, 400.0),
    anchors_of("margin"): (-10.0, 0.0, 5.0, 20.0, 90.0),
    anchors_of("visits"): (0.0, 0.0, 1.0, 2.0, 6.0),
    anchors_of("returns"): (0.0, 0.0, 0.0, 0.0, 0.0),
}
AXES = {"stratification_value": (50.0,), "stratification_profit": (50.0,)}


def on(choice=CHOICE):
    return Settings(schemes=("lifecycle", "stratification"), stratification=choice)


def scored(rows, choice=CHOICE):
    """Scores and stratum of rows given by their metrics."""
    schema = pa.schema([("customer_id", pa.string())] + [(m, pa.float64()) for m in METRICS])
    numbered = [{"customer_id": str(n), **row} for n, row in enumerate(rows)]
    table = ibis.memtable(pa.Table.from_pylist(numbered, schema=schema))
    table = known(table, table, choice, full=True)
    scores = strata(table, choice, EDGES)
    low = {name: score.fill_null(-1.0) for name, score in scores.items()}
    found = table.select("customer_id", **scores, segment=STRATIFICATION.code(low, AXES))
    found = found.mutate(segment=STRATIFICATION.name_of(found.segment))
    told = {row["customer_id"]: row for row in ENGINE.to_pyarrow(found).to_pylist()}
    return [told[str(n)] for n in range(len(rows))]


MIDDLE = dict(zip(METRICS, (3.0, 60.0, 50.0, 5.0, 1.0, 0.0), strict=True))


def test_the_middle_customer_is_in_the_middle_and_those_alike_share_it():
    (row,) = scored([MIDDLE])
    # orders: 75, days: 50, so loyalty 62.5; buying power 50
    assert row["stratification_value"] == pytest.approx((2 * 62.5 + 50) / 3, abs=1e-5)
    assert row["stratification_profit"] == pytest.approx(50)
    (one,) = scored([{"orders": 1.0}], replace(CHOICE, loyalty=Factor(1.0, (Metric("orders"),))))
    assert one["stratification_value"] == pytest.approx(25)


def test_a_gap_takes_no_part_and_is_not_zero():
    full, gap = scored([MIDDLE, {**MIDDLE, "visits": None, "returns": None}])
    assert gap["stratification_profit"] == full["stratification_profit"]
    (poor, zero) = scored([{**MIDDLE, "margin": 90.0, "visits": v} for v in (None, 6.0)])
    assert poor["stratification_profit"] > zero["stratification_profit"]
    strange = scored([{**MIDDLE, "margin": v} for v in (None, float("nan"), float("inf"))])
    assert len({row["stratification_profit"] for row in strange}) == 1


def test_an_axis_of_which_nothing_is_known_is_low_and_its_score_is_null():
    blank = dict.fromkeys(("margin", "visits", "returns"))
    (row,) = scored([{**MIDDLE, **blank}])
    assert row["stratification_profit"] is None
    assert row["segment"] == "Service Drain"
    (nobody,) = scored([dict.fromkeys(METRICS)])
    assert nobody["segment"] == "Marginal"
    assert nobody["stratification_score"] is None


def test_the_four_strata():
    value = {"orders": 9.0, "days_since_order": 3.0, "past_revenue": 400.0}
    none = {"orders": 0.0, "days_since_order": 300.0, "past_revenue": 5.0}
    profit = {"margin": 90.0, "visits": 0.0, "returns": 0.0}
    loss = {"margin": -10.0, "visits": 6.0, "returns": 3.0}
    rows = scored([value | profit, none | profit, value | loss, none | loss])
    assert [row["segment"] for row in rows] == list(STRATIFICATION.segments)


FIGURE = st.one_of(st.none(), st.floats(-1e6, 1e6), st.sampled_from([0.0, 1.0, 5.0, 60.0]))
CUSTOMER = st.fixed_dictionaries(dict.fromkeys(METRICS, FIGURE))
#: More of these is better, of the others worse.
BETTER = {"orders", "past_revenue", "margin"}
AT_LEAST = {
    "Core": {"Core"},
    "Opportunistic": {"Opportunistic", "Core"},
    "Service Drain": {"Service Drain", "Core"},
    "Marginal": set(STRATIFICATION.segments),
}


CHANGES = st.tuples(CUSTOMER, st.sampled_from(METRICS), st.floats(0, 1e6))


# Many customers an example, as it is the query that takes time.
@settings(max_examples=6)
@given(st.lists(CHANGES, min_size=1, max_size=30))
def test_more_of_what_is_good_never_worsens_and_less_of_what_is_bad_neither(changes):
    before = [{**row, c: row[c] or 0.0} for row, c, _ in changes]
    after = [
        {**row, c: row[c] + (more if c in BETTER else -more)}
        for row, (_, c, more) in zip(before, changes, strict=True)
    ]
    result = scored([*before, *after])
    for now, then in zip(result[: len(changes)], result[len(changes) :], strict=True):
        assert then["segment"] in AT_LEAST[now["segment"]]
        assert then["stratification_score"] >= now["stratification_score"]


@settings(max_examples=6)
@given(st.lists(CUSTOMER, min_size=1, max_size=12), st.randoms(use_true_random=False))
def test_everybody_is_in_one_equal_ones_in_equal_ones_in_any_order(rows, chance):
    rows = [*rows, rows[0]]
    result = scored(rows)
    assert all(row["segment"] in STRATIFICATION.segments for row in result)
    assert result[0]["segment"] == result[-1]["segment"]
    order = list(range(len(rows)))
    chance.shuffle(order)
    shuffled = scored([rows[n] for n in order])
    for place, number in enumerate(order):
        assert {**shuffled[place], "customer_id": ""} == {**result[number], "customer_id": ""}


@settings(max_examples=4)
@given(st.lists(CUSTOMER, min_size=1, max_size=12), st.floats(0.1, 50))
def test_only_the_proportions_of_weights_count(rows, times):
    factors = {n: replace(f, weight=f.weight * times) for n, f in CHOICE.factors().items()}
    for one, two in zip(scored(rows), scored(rows, Stratification(**factors)), strict=True):
        for name in ("stratification_value", "stratification_profit", "stratification_score"):
            assert one[name] == two[name] or one[name] == pytest.approx(two[name], abs=1e-5)


def rows_of_a_shop():
    for number in range(40):
        for order in range(1 + number % 4):
            yield {
                "order_id": f"{number}-{order}",
                "customer_id": f"c{number:02d}",
                "ordered_at": END - timedelta(days=20 * order + number),
                "amount": 10 + 3 * number,
            }


def figures_of(engine, margins):
    table = pa.table(
        {
            "customer_id": [f"c{n:02d}" for n in range(len(margins))],
            "margin": pa.array(margins, pa.float64()),
            "visits": [float(n % 5) for n in range(len(margins))],
            "returns": [0] * len(margins),
        }
    )
    return engine.create_table(ibis.util.gen_name("figures"), ibis.memtable(table), temp=True)


MARGINS = [float((n * 7) % 40) if n % 4 else None for n in range(36)]


@pytest.fixture
def begun(engine, shop, days_on):
    run = days_on(engine, on())
    basis = run.first_basis(shop(rows_of_a_shop()), END)
    basis = replace(basis, figures=figures_of(engine, MARGINS))
    basis = replace(basis, thresholds=complete(engine, basis, run.settings))
    return run, basis, run.run(basis)


def causes(result):
    return {c: r["stratification_cause"] for c, r in result.items() if r["stratification_changed"]}


def test_a_shop_is_stratified_and_stands_still(begun):
    run, basis, one = begun
    assert {row["stratification_segment"] for row in one.values()} == set(STRATIFICATION.segments)
    assert set(causes(one).values()) == {"first seen"}
    assert one["c39"]["stratification_profit"] is None
    assert causes(run.run(replace(basis, as_of=END + timedelta(days=1)))) == {}


def test_scores_do_not_depend_on_the_other_customers(begun, shop):
    run, basis, one = begun
    few = [row for row in rows_of_a_shop() if row["customer_id"] < "c10"]
    run.previous = None
    alone = run.run(replace(basis, orders=shop(few)))
    for customer, row in alone.items():
        assert row["stratification_score"] == one[customer]["stratification_score"]


def test_other_figures_are_a_cause_of_their_own(begun, engine):
    run, basis, one = begun
    loss = [None if m is None else -50.0 for m in MARGINS]
    two = run.run(replace(basis, figures=figures_of(engine, loss)))
    assert set(causes(two).values()) == {"figures"}
    core = [c for c, row in one.items() if row["stratification_segment"] == "Core"]
    left = [c for c in core if MARGINS[int(c[1:])] is not None]
    assert left
    assert all(two[c]["stratification_segment"] == "Service Drain" for c in left)


def test_other_weights_are_a_rule(begun):
    run, basis, _ = begun
    run.settings = on(replace(CHOICE, profitability=replace(CHOICE.profitability, weight=0.01)))
    found = causes(run.run(replace(basis, settings=run.settings)))
    assert set(found.values()) == {"rule"}


def test_what_has_thresholds_keeps_them(begun, engine):
    run, basis, _ = begun
    assert complete(engine, basis, run.settings) is basis.thresholds
    more = replace(CHOICE, loyalty=Factor(1.0, (Metric("frequency"), Metric("orders"))))
    found = complete(engine, basis, on(more))
    assert anchors_of("frequency") in found.edges
    assert all(found.edges[key] == edges for key, edges in basis.thresholds.edges.items())


def test_switched_on_later_nobody_else_moves(engine, shop, days_on):
    run = days_on(engine, Settings())
    first = run.first_basis(shop(rows_of_a_shop()), END)
    run.run(first)
    run.settings = replace(on(), schemes=(*Settings().schemes, "stratification"))
    basis = replace(first, figures=figures_of(engine, MARGINS), settings=run.settings)
    two = run.run(replace(basis, thresholds=complete(engine, basis, run.settings)))
    assert set(causes(two).values()) == {"first seen"}
    assert not any(row["rfm_changed"] for row in two.values())


def test_gaps_are_counted_at_every_level(begun, engine):
    run, basis, _ = begun
    found = {gap.of: gap.missing for gap in gaps(engine, basis, run.settings)}
    without = sum(m is None for m in MARGINS)
    assert found["metric margin of profitability"] == without + 4
    assert found["metric visits of cost_to_serve"] == found["factor cost_to_serve"] == 4
    assert found["axis profit"] == 4
    assert found["axis value"] == found["metric orders of loyalty"] == 0
    assert {gap.customers for gap in gaps(engine, basis, run.settings)} == {40}


def test_sensitivity_tells_how_far_ranks_move(begun, engine):
    _, basis, _ = begun
    few = on(replace(CHOICE, buying_power=Factor(), cost_to_serve=Factor()))
    found = sensitivity(engine, basis, few)
    assert len(found) == 2 * (2 + 2)
    assert {shift.by for shift in found} == {-0.2, 0.2}
    assert all(0 <= shift.moved <= 1 for shift in found)
    assert all(0 <= shift.mean_rank <= shift.greatest_rank <= 100 for shift in found)
    assert any(shift.mean_rank > 0 for shift in found)
    still = sensitivity(engine, basis, few, by=0.0)[:2]
    assert {(s.moved, s.mean_rank, s.greatest_rank) for s in still} == {(0.0, 0.0, 0.0)}


def test_choices_come_back_from_json_and_wrong_ones_are_told():
    given_ = on()
    assert Settings.from_dict(json.loads(json.dumps(given_.to_dict()))) == given_
    wrong = Stratification(
        loyalty=Factor(-1.0, (Metric("orders", -1.0), Metric("orders", 1.0, "more"))),
        profitability=Factor(1.0, (Metric("margin"),)),
    )
    assert [path for path, _ in problems(on(wrong))] == [
        ("stratification", "loyalty", "weight"),
        ("stratification", "loyalty", "metrics", 0, "weight"),
        ("stratification", "loyalty", "metrics", 1, "better"),
        ("stratification", "loyalty", "metrics", 1, "column"),
        ("stratification", "loyalty"),
    ]
    assert problems(replace(on(wrong), schemes=("rfm",))) == []
