"""What is sent comes back as what it was, and the database writes it just as Python does."""

from __future__ import annotations

import math
from datetime import UTC, date, datetime
from pathlib import Path

import duckdb
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sync.projection import Projection
from sync.values import Sent, dump, dump_properties, load, load_properties

TEXT = st.text(st.characters(codec="utf-8"), max_size=8)
NUMBER = st.floats(allow_nan=False, allow_infinity=False, width=32)
VALUE = (
    TEXT
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | NUMBER
    | st.dates()
    | st.datetimes(timezones=st.just(UTC))
    | st.none()
)


@given(email=st.none() | TEXT, phone=st.none() | TEXT, properties=st.dictionaries(TEXT, VALUE))
def test_every_value_comes_back_with_its_type(email, phone, properties) -> None:
    back = load(dump(Sent(email, phone, properties)))
    assert back == Sent(email, phone, properties)
    for name, value in properties.items():
        assert type(back.properties[name]) is type(value)
    assert load_properties(dump_properties(properties)) == properties


@pytest.mark.parametrize("value", [math.nan, math.inf, datetime.fromisoformat("2026-01-01")])
def test_what_no_vendor_can_take_is_refused(value) -> None:
    with pytest.raises(ValueError, match=r"not JSON compliant|no time zone"):
        dump(Sent(None, None, {"a": value}))


OPTIONAL = settings(
    max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None
)


@OPTIONAL
@given(
    customer_id=st.text(st.characters(codec="utf-8", exclude_characters="\x00"), min_size=1),
    email=st.none() | st.text(st.characters(codec="utf-8", exclude_characters="\x00")),
    churn=st.none() | st.floats(),
    clv=st.floats(-1e6, 1e6),
    since=st.none() | st.dates(date(1990, 1, 1), date(2100, 1, 1)),
)
def test_the_database_writes_what_python_would(
    tmp_path: Path, kit, customer_id, email, churn, clv, since
) -> None:
    projection = Projection(prefix='a"b ', rename={"rfm_score": "it's"})
    row = kit.row(
        customer_id,
        email=email,
        churn_probability=churn,
        clv_3y=clv,
        intervention_date=since,
    )
    pq.write_table(kit.table([row]), tmp_path / "x.parquet")
    wanted, value = duckdb.sql(
        f"SELECT {projection.wanted()}, {projection.value()} "
        f"FROM read_parquet('{tmp_path}/x.parquet')"
    ).fetchall()[0]
    assert "\n" not in wanted
    assert "\r" not in wanted
    sent = load(value)
    assert sent.email == email
    assert sent.properties[projection.name("intervention_date")] == since
    told = sent.properties[projection.name("churn_probability")]
    if churn is None or not math.isfinite(churn):
        assert told is None
    else:
        assert told == pytest.approx(round(churn, 4), abs=1.1e-4, rel=1e-12)
    assert load(dump(sent)) == sent


IDENTITY = st.tuples(
    TEXT.filter(lambda text: "\x00" not in text),
    st.none() | TEXT.filter(lambda text: "\x00" not in text),
    st.none() | st.sampled_from(["", "+44", '","', "null", "|"]),
)


@OPTIONAL
@given(one=IDENTITY, two=IDENTITY)
def test_two_states_never_look_the_same(tmp_path: Path, kit, one, two) -> None:
    rows = [kit.row(i, email=e, phone=p) for i, e, p in (one, two)]
    pq.write_table(kit.table(rows), tmp_path / "x.parquet")
    found = duckdb.sql(
        f"SELECT count(DISTINCT {Projection().wanted()}) FROM read_parquet('{tmp_path}/x.parquet')"
    ).fetchall()[0][0]
    assert found == len({one, two})


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"rename": {"lifecycle": "x"}}, "no property 'lifecycle'"),
        ({"rename": {"clv_3y": "rfm_score"}}, "bear the name 'rfm_score'"),
        ({"refresh": {"rfm_segment": 1.0}}, "'rfm_segment' is no number"),
        ({"also": ("ranking",)}, "also: there is no 'ranking'"),
        ({"schemes": ("x; DROP",)}, "no name of a scheme"),
    ],
)
def test_names_that_make_no_sense_are_refused(wrong, said) -> None:
    with pytest.raises(ValueError, match=said):
        Projection(**wrong)


def test_only_the_schemes_that_are_on_are_sent() -> None:
    names = [p.name for p in Projection(schemes=("lifecycle",)).properties()]
    assert names == [
        "lifecycle_segment",
        "lifecycle_segment_previous",
        "lifecycle_segment_since",
        "churn_probability",
        "clv_3y",
        "expected_next_order",
        "intervention_date",
    ]
