"""Affinity: what fades, what counts, what does not, and why somebody moved."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import ibis
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from segmenter.complete import complete
from segmenter.schemes import problems
from segmenter.schemes.affinity import AFFINITY, with_affinity
from segmenter.schemes.affinity_settings import USUAL, Affinity, Signal
from segmenter.settings import Settings

END = date(2024, 6, 30)
SCHEMA = pa.schema(
    {"customer_id": pa.string(), "kind": pa.string(), "occurred_at": pa.timestamp("us", "UTC")}
)
KINDS = [signal.kind for signal in USUAL[1:]]
EDGES = {"affinity_score": (1.0, 4.0, 9.0), "affinity_events": (1.0,)}


def moment(day):
    return datetime(day.year, day.month, day.day, 12, tzinfo=UTC)


def as_events(engine, rows):
    named = [{"customer_id": c, "kind": k, "occurred_at": moment(d)} for c, k, d in rows]
    table = ibis.memtable(pa.Table.from_pylist(named, schema=SCHEMA))
    return engine.create_table(ibis.util.gen_name("events"), table, temp=True)


def on(choice=None):
    return Settings(schemes=("lifecycle", "affinity"), affinity=choice or Affinity())


def finder(engine, shop):
    """Score and segment by customer, from events and orders on days before the end."""

    def find(events, orders=(), choice=None):
        told = as_events(engine, [(c, k, END - timedelta(days=a)) for c, k, a in events])
        names = sorted({row[0] for row in (*events, *orders)}) or ["nobody"]
        rows = ibis.memtable(pa.table({"customer_id": names}))
        bought = [
            {"customer_id": c, "ordered_at": END - timedelta(days=a), "amount": 1}
            for c, a in orders
        ]
        found = with_affinity(rows, shop(bought), told, END, choice or Affinity())
        found = found.mutate(segment=AFFINITY.name_of(AFFINITY.code(found, EDGES)))
        told = engine.to_pyarrow(found).to_pylist()
        return {row["customer_id"]: (row["affinity_score"], row["segment"]) for row in told}

    return find


@pytest.fixture
def scores(engine, shop):
    return finder(engine, shop)


def test_an_event_fades_by_half_in_its_half_life(scores):
    found = scores(
        [("a", "email_click", 0), ("b", "email_click", 60), ("c", "site_click", 60)],
        [("d", 0), ("e", 180)],
    )
    assert {c: score for c, (score, _) in found.items()} == pytest.approx(
        {"a": 2.0, "b": 1.0, "c": 0.25, "d": 10.0, "e": 5.0}
    )
    assert [found[c][1] for c in "abcde"] == [
        "Neutral",
        "Neutral",
        "Negative",
        "Loyal",
        "Positive",
    ]


def test_what_does_not_count_leaves_a_customer_unscored(scores):
    found = scores(
        [
            ("proxy", "email_open_by_proxy", 0),
            ("old", "email_click", 365),
            ("future", "email_click", -1),
            ("strange", "smile", 0),
            ("twice", "purchase", 0),
            ("last", "email_click", 364),
        ],
        [("past", 365)],
    )
    assert found.pop("last")[1] == "Negative"
    assert set(found.values()) == {(0.0, "Unscored")}


def test_signs_of_dislike_may_be_given_a_weight_below_zero(scores):
    choice = Affinity.from_dict({"signals": {"complaint": {"weight": -9, "half_life_days": 90}}})
    found = scores([("a", "complaint", 0)], [("a", 0)], choice)
    assert found["a"] == (pytest.approx(1.0), "Neutral")


HAPPENED = st.lists(
    st.tuples(st.sampled_from("abc"), st.sampled_from(KINDS), st.integers(0, 400)), max_size=12
)


@settings(max_examples=8, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_everybody_is_in_one_equal_ones_in_equal_ones_in_any_order(data, scores):
    find = scores
    happened = data.draw(HAPPENED)
    twin = [("twin", kind, age) for who, kind, age in happened if who == "a"]
    orders = data.draw(st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, 400))))
    orders += [("twin", age) for who, age in orders if who == "a"]
    one = find([*happened, *twin], orders)
    mixed = data.draw(st.permutations([*happened, *twin]))
    assert find(mixed, orders[::-1]) == one
    assert {segment for _, segment in one.values()} <= set(AFFINITY.segments)
    assert one.get("a") == one.get("twin")
    more = (data.draw(st.sampled_from("abc")), "email_click", data.draw(st.integers(0, 300)))
    rank = AFFINITY.segments.index
    after = find([*happened, *twin, more], orders)
    before = one.get(more[0], (0.0, "Unscored"))
    assert rank(after[more[0]][1]) <= rank(before[1])
    assert after[more[0]][0] >= before[0]


def rows_of_a_shop():
    for number in range(40):
        for order in range(1 + number % 4):
            yield {
                "order_id": f"{number}-{order}",
                "customer_id": f"c{number:02d}",
                "ordered_at": END - timedelta(days=30 * order + 11 * number),
                "amount": 10,
            }


@pytest.fixture
def begun(engine, shop, days_on):
    def begin(events):
        run = days_on(engine, on())
        basis = run.first_basis(shop(rows_of_a_shop()), END)
        basis = replace(basis, events=None if events is None else as_events(engine, events))
        basis = replace(basis, thresholds=complete(engine, basis, run.settings))
        return run, basis, run.run(basis)

    return begin


def moved(result):
    return {c: r["affinity_cause"] for c, r in result.items() if r["affinity_changed"]}


def test_orders_alone_score_and_time_only_lowers(begun):
    run, basis, one = begun(None)
    assert {row["affinity_segment"] for row in one.values()} == set(AFFINITY.segments)
    assert one["c39"]["affinity_segment"] == "Unscored"
    assert one["c39"]["affinity_score"] is None
    rank = AFFINITY.segments.index
    last = one
    for day in (1, 2, 10, 60, 200, 500):
        result = run.run(replace(basis, as_of=END + timedelta(days=day)))
        assert set(moved(result).values()) <= {"silence"}
        for customer, row in result.items():
            assert rank(row["affinity_segment"]) >= rank(last[customer]["affinity_segment"])
        last = result
    assert {row["affinity_segment"] for row in last.values()} == {"Unscored"}


def test_a_click_and_a_purchase_are_causes_apart(begun, engine, shop):
    run, basis, one = begun([("c01", "email_open", END)])
    low = [c for c, row in one.items() if row["affinity_segment"] in ("Negative", "Unscored")]
    clicks, buys = low[0], low[1]
    tomorrow = END + timedelta(days=1)
    events = [("c01", "email_open", END)] + [(clicks, "email_click", tomorrow)] * 20
    order = {"customer_id": buys, "order_id": "n", "ordered_at": tomorrow, "amount": 5}
    orders = shop([*rows_of_a_shop(), order, {**order, "order_id": "m"}])
    two = run.run(replace(basis, orders=orders, events=as_events(engine, events), as_of=tomorrow))
    assert two[clicks]["affinity_cause"] == "engagement"
    assert two[buys]["affinity_cause"] == "purchase"
    assert two[clicks]["affinity_segment"] == "Loyal"
    assert {c for c, cause in moved(two).items() if cause != "silence"} == {clicks, buys}


def test_other_half_lives_are_a_rule(begun):
    run, basis, _ = begun(None)
    run.settings = on(Affinity(signals=(Signal("purchase", 10.0, 20.0),)))
    assert set(moved(run.run(replace(basis, settings=run.settings))).values()) == {"rule"}


def test_choices_come_back_from_json_and_wrong_ones_are_told():
    choice = Affinity.from_dict({"signals": {"site_click": {"weight": 3, "half_life_days": 9}}})
    assert [s.kind for s in choice.signals] == [s.kind for s in USUAL]
    assert Settings.from_dict(json.loads(json.dumps(on(choice).to_dict()))) == on(choice)
    wrong = Affinity(0, (Signal("site_click", -1.0, 0.0),))
    assert [path for path, _ in problems(on(wrong))] == [
        ("affinity", "window_days"),
        ("affinity", "signals", "site_click", "half_life_days"),
        ("affinity", "signals"),
    ]
