"""What a rule can say, what it says about a customer, and what it cannot say."""

from __future__ import annotations

from datetime import date

import ibis
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from segmenter.schemes.rules import compiled, problems
from segmenter.schemes.rules_kinds import COLUMNS, Kind
from segmenter.schemes.rules_settings import Rule, Rules

OTHERS = {"lifecycle": ("Champions", "Lost")}
ENGINE = ibis.duckdb.connect()
TYPES = {
    Kind.NUMBER: pa.float64(),
    Kind.TEXT: pa.string(),
    Kind.DAY: pa.date32(),
    Kind.FLAG: pa.bool_(),
}
SCHEMA = pa.schema([(name, TYPES[kind]) for name, kind in COLUMNS.items()]).append(
    pa.field("lifecycle_segment", pa.string())
)
ANNA = {
    "customer_id": "anna",
    "email": "anna@example.com",
    "orders": 5.0,
    "past_revenue": 1200.0,
    "churn_probability": 0.25,
    "clv_3y": None,
    "first_order_on": date(2024, 1, 1),
    "last_order_on": date(2024, 3, 1),
    "lifecycle_segment": "Champions",
}


def placed(rules, *customers):
    scheme = compiled(rules, OTHERS)
    table = ibis.memtable(pa.Table.from_pylist(list(customers), schema=SCHEMA))
    found = ENGINE.to_pyarrow(table.select("customer_id", segment=scheme.code(table, {})))
    return {row["customer_id"]: row["segment"] for row in found.to_pylist()}


def meets(when, customer=ANNA):
    rules = Rules("rest", (Rule("met", when),))
    return placed(rules, customer)[customer["customer_id"]] == "met"


def refusal(when):
    found = problems(Rules(segments=(Rule("x", when),)), OTHERS)
    assert [path for path, _ in found] == [("segments", 0, "when")]
    return found[0][1]


@pytest.mark.parametrize(
    "when",
    [
        "past_revenue >= 1000 and orders > 3",
        "ORDERS > 3 AND NOT orders > 9",
        "orders in (4, 5, -6)",
        "orders not in (4, 6)",
        "orders between 5 and 5 and past_revenue <> 3 and past_revenue != 3",
        "email like '%@example.com' and email not like 'b%'",
        "upper(lower(email)) = 'ANNA@EXAMPLE.COM' and length(customer_id) = 4",
        "phone is null and email is not null",
        "coalesce(phone, 'none') = 'none'",
        "last_order_on > date '2024-02-29' and last_order_on - first_order_on = 60",
        "lifecycle_segment in ('Champions', 'Lost')",
        "1 + 2 * 3 = 7 and (1 + 2) * 3 = 9 and 7 - 2 - 1 = 4 and -orders = -5 and abs(-2) = 2",
        "true or false and false",
        "1 = 2 or\n  orders / 2 = 2.5",
        "customer_id = 'it''s' or customer_id < 'b'",
        " or ".join(["orders = 77"] * 600) + " or orders = 5",
    ],
)
def test_what_a_rule_can_say(when):
    assert meets(when)


@pytest.mark.parametrize(
    "when",
    [
        "clv_3y > 100",
        "not clv_3y > 100",
        "clv_3y <> 100",
        "clv_3y not in (1, 2)",
        "phone not like '%'",
        "orders / 0 > 1",
        "not orders / 0 > 1",
        "orders / (past_revenue - 1200) <= 1",
    ],
)
def test_what_is_unknown_meets_no_rule_and_no_denial(when):
    assert not meets(when)


@pytest.mark.parametrize(
    ("when", "place", "sentence"),
    [
        ("past_revenu > 1", "line 1, column 1, at 'past_revenu'", "did you mean 'past_revenue'?"),
        ("orders > 1 and\n  ordrs < 9", "line 2, column 3, at 'ordrs'", "'orders'"),
        ("rfm_segment = 'x'", "column 1, at 'rfm_segment'", "no such column"),
        ("lifecycle_segment = 'Lots'", "column 21", "did you mean 'Lost'?"),
        ("orders", "column 1", "a rule is a condition, and this is a number"),
        ("orders > 'a'", "column 10", "a number cannot be held against a text"),
        ("last_order_on > '2024-01-01'", "column 17", "write the day as date '2025-01-31'"),
        ("last_order_on > date '2024-13-01'", "column 22", "this is no day"),
        ("email > 1 + 'a'", "column 13", "'+' needs a number"),
        ("true > false", "column 6", "neither greater nor less"),
        ("phone = null", "column 9", "is null"),
        ("orders > 1 > 0", "column 12", "join them with and"),
        ("orders >", "at the end", "missing here"),
        ("", "at the end", "missing here"),
        ("(orders > 1", "at the end", "not closed"),
        ("orders > 1)", "column 11", "does not fit"),
        ("orders in (frequency)", "column 12", "numbers, 'texts' and dates only"),
        ("orders in ()", "column 12", "missing here"),
        ("email like lower('A')", "column 12", "followed by a text"),
        ("email like 'a\\b'", "column 12", "% and _ only"),
        ("email like 'x", "column 12", "close it with '"),
        ('"orders" > 1', "column 1", "single quotes"),
        ("orders > 1; drop table t", "column 11", "not a statement"),
        ("orders > 1 -- all", "column 12", "comment"),
        ("orders > 1 /* all */", "column 12", "comment"),
        ("(select 1) = 1", "column 2, at 'select'", "does not fit"),
        ("read_text('/etc/passwd') = 'x'", "column 1, at 'read_text'", "no such function"),
        ("getenv('HOME') = 'x'", "column 1", "no such function"),
        ("exists (orders)", "column 1", "no such function"),
        ("main.orders > 1", "column 5", "'.' cannot stand in a rule"),
        ("orders::text = '1'", "column 7", "cannot stand"),
        ("orders > 1e999", "column 10", "too great"),
        ("orders > 1x", "column 10", "no number"),
        ("case when true then true end", "column 1", "does not fit"),
        ("coalesce(orders) > 1", "column 1", "2 to 9 values, not 1"),
        ("(" * 2000 + "true" + ")" * 2000, "column 61", "nested at most"),
        ("not " * 2000 + "true", "column 241", "nested at most"),
        ("0 < " + "-" + " -" * 2000 + "1", "line 1", "nested at most"),
        ("+".join(["orders"] * 99) + " > 1", "line 1", "at most 60 parts"),
        ("orders = 1 or " * 2000, "line 1", "at most 10,000 characters"),
    ],
)
def test_what_a_rule_cannot_say_is_pointed_at(when, place, sentence):
    found = refusal(when)
    assert place in found
    assert sentence in found


@given(st.text(alphabet="abo rders()'<>=-+*/.,;\n\"nullinlike1_%", max_size=60))
def test_whatever_is_written_is_a_rule_or_is_pointed_at(when):
    for path, sentence in problems(Rules(segments=(Rule("x", when),)), OTHERS):
        assert path == ("segments", 0, "when")
        assert sentence.startswith("line ")


def test_the_first_rule_wins_and_the_rest_is_otherwise():
    two = Rules("Rest", (Rule("Many", "orders > 3"), Rule("Rich", "past_revenue > 1000")))
    bert = {**ANNA, "customer_id": "bert", "orders": 1.0}
    carl = {**bert, "customer_id": "carl", "past_revenue": 1.0}
    assert placed(two, ANNA, bert, carl) == {"anna": "Many", "bert": "Rich", "carl": "Rest"}


def test_names_are_there_and_differ():
    rules = Rules(" ", (Rule("A", "true"), Rule("A", "true"), Rule("", "true")))
    assert [path for path, _ in problems(rules, {})] == [
        ("otherwise",),
        ("segments", 1, "name"),
        ("segments", 2, "name"),
    ]
    with pytest.raises(ValueError, match="everybody whom no rule meets"):
        compiled(rules, {})


NUMBERS = st.one_of(st.none(), st.integers(-5, 5).map(float))
CUSTOMERS = st.lists(
    st.fixed_dictionaries(
        {
            "orders": NUMBERS,
            "clv_3y": NUMBERS,
            "email": st.sampled_from([None, "", "a", "ab"]),
            "last_order_on": st.dates(date(2024, 1, 1), date(2024, 1, 9)),
        }
    ),
    min_size=1,
    max_size=6,
)
SUMS = st.recursive(
    st.sampled_from(["orders", "clv_3y", "2", "3.5", "(last_order_on - date '2024-01-04')"]),
    lambda inner: st.one_of(
        st.tuples(inner, st.sampled_from("+-*"), inner).map(" ".join).map("({})".format),
        inner.map("(- {})".format),
        inner.map("abs({})".format),
        st.tuples(inner, inner).map(lambda two: f"coalesce({two[0]}, {two[1]})"),
    ),
    max_leaves=4,
)
TESTS = st.one_of(
    st.tuples(SUMS, st.sampled_from(["=", "<>", "!=", "<", "<=", ">", ">="]), SUMS).map(" ".join),
    SUMS.map("{} is null".format),
    SUMS.map("{} not in (1, 2, -3)".format),
    st.tuples(SUMS, SUMS).map(lambda two: f"{two[0]} not between {two[1]} and 4"),
    st.sampled_from(["email like 'a_'", "email = 'ab'", "length(email) < 2", "lower(email) > 'a'"]),
)
CONDITIONS = st.recursive(
    TESTS,
    lambda inner: st.one_of(
        st.tuples(inner, st.sampled_from(["and", "or"]), inner).map(" ".join),
        st.tuples(inner, st.sampled_from(["and", "or"]), inner).map(" ".join).map("({})".format),
        inner.map("not {}".format),
    ),
    max_leaves=6,
)


@settings(max_examples=60)
@given(CONDITIONS, CUSTOMERS)
def test_a_rule_means_what_the_same_words_mean_in_sql(when, customers):
    customers = [{**c, "customer_id": str(n)} for n, c in enumerate(customers)]
    table = pa.Table.from_pylist(customers, schema=SCHEMA)
    ENGINE.con.register("people", table)
    try:
        sql = f"SELECT customer_id, CASE WHEN {when} THEN 'met' ELSE 'rest' END FROM people"
        expected = dict(ENGINE.con.execute(sql).fetchall())
    finally:
        ENGINE.con.unregister("people")
    assert placed(Rules("rest", (Rule("met", when),)), *customers) == expected


@settings(max_examples=25)
@given(st.lists(CONDITIONS, max_size=4), CUSTOMERS, st.randoms())
def test_each_is_in_one_segment_whoever_stands_beside_him(conditions, customers, chance):
    rules = Rules("rest", tuple(Rule(f"r{n}", when) for n, when in enumerate(conditions)))
    customers = [{**c, "customer_id": str(n)} for n, c in enumerate(customers)]
    twin = {**customers[0], "customer_id": "twin"}
    shuffled = [*customers, twin]
    chance.shuffle(shuffled)
    together = placed(rules, *shuffled)
    assert set(together) == {c["customer_id"] for c in shuffled}
    assert set(together.values()) <= set(compiled(rules, {}).segments)
    assert together["twin"] == together["0"]
    alone = customers[-1]
    assert placed(rules, alone) == {alone["customer_id"]: together[alone["customer_id"]]}


@settings(max_examples=25)
@given(st.lists(st.integers(-4, 4), min_size=1, max_size=4, unique=True), CUSTOMERS)
def test_more_never_worsens_where_rules_ask_for_less_and_less(edges, customers):
    steps = sorted(edges, reverse=True)
    rules = Rules("rest", tuple(Rule(f"r{e}", f"orders >= {e}") for e in steps))
    customers = [{**c, "customer_id": str(n)} for n, c in enumerate(customers)]
    more = [{**c, "orders": None if c["orders"] is None else c["orders"] + 1} for c in customers]
    rank = compiled(rules, {}).segments.index
    now, then = placed(rules, *customers), placed(rules, *more)
    assert all(rank(then[c]) <= rank(now[c]) for c in now)
