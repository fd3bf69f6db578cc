"""What stands in a cell, and what it means."""

from datetime import UTC, datetime
from decimal import Decimal
from itertools import pairwise

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from pydantic import ValidationError

from connectors.errors import Misconfigured
from connectors.sources.files import FilesOptions

HEADER = "order,customer,at,amount\n"


def one(read, at="2020-01-02", amount="1", customer="7", **options):
    page = read(f'{HEADER}1,"{customer}","{at}","{amount}"\n', **options)
    return page.orders[0]


@pytest.mark.parametrize(
    ("text", "utc"),
    [
        ("2020-01-02", datetime(2020, 1, 2, tzinfo=UTC)),
        ("2020-07-02", datetime(2020, 7, 1, 23, tzinfo=UTC)),
        ("2020-07-02 10:30", datetime(2020, 7, 2, 9, 30, tzinfo=UTC)),
        ("2020-07-02T10:30:05.25", datetime(2020, 7, 2, 9, 30, 5, 250_000, tzinfo=UTC)),
        ("2020-07-02T10:30:05Z", datetime(2020, 7, 2, 10, 30, 5, tzinfo=UTC)),
        ("2020-07-02 10:30:05 UTC", datetime(2020, 7, 2, 10, 30, 5, tzinfo=UTC)),
        ("2020-07-02T10:30:05-0500", datetime(2020, 7, 2, 15, 30, 5, tzinfo=UTC)),
        ("2020-07-02 10:30:05+05:30", datetime(2020, 7, 2, 5, 0, 5, tzinfo=UTC)),
        ("2020/7/2 9:05", datetime(2020, 7, 2, 8, 5, tzinfo=UTC)),
        ("20200102", datetime(2020, 1, 2, tzinfo=UTC)),
        # the clocks went back at 02:00: this hour came twice, the second one counts
        ("2020-10-25 01:30", datetime(2020, 10, 25, 1, 30, tzinfo=UTC)),
        # the clocks jumped from 01:00 to 02:00: this time never was, it is moved on
        ("2020-03-29 01:30", datetime(2020, 3, 29, 1, 30, tzinfo=UTC)),
    ],
)
def test_iso_dates_are_read_in_the_sources_zone(read, text, utc):
    assert one(read, at=text)["ordered_at"] == utc


def test_no_hour_of_a_change_of_clocks_is_lost(read):
    hours = [
        f"2020-{day} {h:02}:{m:02}" for day in ("03-29", "10-25") for h in range(5) for m in (0, 30)
    ]
    rows = "".join(f"{i},7,{at},1\n" for i, at in enumerate(hours))
    page = read(HEADER + rows)
    moments = [page.by_id()[str(i)]["ordered_at"] for i in range(len(hours))]
    assert len(moments) == 20
    assert all(a <= b for a, b in pairwise(moments[:2] + moments[4:]))


@pytest.mark.parametrize("text", ["03/04/2020", "3.4.2020", "03-04-20"])
def test_a_date_that_can_be_read_two_ways_is_refused(read, text):
    with pytest.raises(
        Misconfigured, match=r"row 2, column at: .*day first or the month first.*date_format"
    ):
        one(read, at=text)


@pytest.mark.parametrize(
    "text", ["31/12/2020", "2020-02-30", "soon", "1577836800", "0001-01-01", "2020-01-02 25:00", ""]
)
def test_what_is_no_date_is_named_by_row_and_column(read, text):
    with pytest.raises(Misconfigured, match=r"orders\.csv, row 2, column at: .*1 of 1 rows"):
        one(read, at=text)


@pytest.mark.parametrize(
    ("form", "text", "utc"),
    [
        ("%d/%m/%Y", "3/04/2020", datetime(2020, 4, 2, 23, tzinfo=UTC)),
        ("%m/%d/%Y %H:%M", "03/04/2020 10:00", datetime(2020, 3, 4, 10, tzinfo=UTC)),
        ("%d %b %Y %H:%M:%S %z", "03 Apr 2020 10:00:00 +0200", datetime(2020, 4, 3, 8, tzinfo=UTC)),
        (["%d.%m.%Y", "%d.%m.%Y %H:%M"], "03.01.2020 10:00", datetime(2020, 1, 3, 10, tzinfo=UTC)),
    ],
)
def test_a_date_format_says_how_to_read_dates(read, form, text, utc):
    assert one(read, at=text, date_format=form)["ordered_at"] == utc


def test_with_a_date_format_nothing_else_is_a_date(read):
    with pytest.raises(Misconfigured, match="is not a date as date_format '%d/%m/%Y' has it"):
        one(read, at="2020-01-02", date_format="%d/%m/%Y")


@pytest.mark.parametrize(
    ("text", "amount", "options"),
    [
        ("2.55", "2.55", {}),
        (" +10 ", "10", {}),
        ("-3.999", "-3.999", {}),
        ("1e2", "100", {}),
        (".5", "0.5", {}),
        ("0.00005", "0.0001", {}),
        ("1234,5", "1234.5", {"decimal": ","}),
        ("1.234.567,89", "1234567.89", {"decimal": ",", "thousands": "."}),
        ("1,234.5", "1234.5", {"thousands": ","}),
        ("1234.5", "1234.5", {"thousands": ","}),
        ("99999999999999.9999", "99999999999999.9999", {}),
    ],
)
def test_amounts_are_decimals_with_four_places(read, text, amount, options):
    assert one(read, amount=text, **options)["amount"] == Decimal(amount)


@pytest.mark.parametrize(
    ("text", "options", "sentence"),
    [
        ("12,50", {}, 'set decimal: ","'),
        ("1,234.50", {}, "set thousands:"),
        ("1,23", {"thousands": ","}, "is not an amount"),
        ("£5", {}, "is not an amount"),
        ("0x10", {}, "is not an amount"),
        ("inf", {}, "is not an amount"),
        ("1e15", {}, "is not an amount"),
        ("", {}, "is empty"),
    ],
)
def test_what_is_no_amount_is_refused_with_the_mend(read, text, options, sentence):
    with pytest.raises(Misconfigured) as caught:
        one(read, amount=text, **options)
    assert "row 2, column amount: " in str(caught.value)
    assert sentence in str(caught.value)


@pytest.mark.parametrize(
    ("text", "known"),
    [("17850.0", "17850"), ("007", "007"), (" A-1 ", "A-1"), ("1.50", "1.50"), ("É\u00a0", "É")],
)
def test_ids_are_text(read, text, known):
    assert one(read, customer=text)["customer_id"] == known


def test_typed_columns_of_parquet_mean_what_they_show(pull, tmp_path):
    ns = pa.array([1_600_000_000_000_000_000, 1_600_000_000_000_000_000], pa.timestamp("ns"))
    table = pa.table(
        {
            "order": pa.array([1, 2], pa.int32()),
            "customer": pa.array([17850.0, 12.5], pa.float64()),
            "at": ns,
            "amount": pa.array([2.55, 0.1], pa.float32()),
        }
    )
    path = tmp_path / "typed.parquet"
    for amount in (table["amount"], pa.array([Decimal("2.55"), Decimal("0.10")])):
        pq.write_table(table.set_column(3, "amount", amount), path)
        [page] = pull(str(path))
        first, second = page.orders
        assert (first["order_id"], first["customer_id"], first["amount"]) == (
            "1",
            "17850",
            Decimal("2.55"),
        )
        assert (second["customer_id"], second["amount"]) == ("12.5", Decimal("0.1"))
        assert first["ordered_at"] == datetime(2020, 9, 13, 11, 26, 40, tzinfo=UTC)


@pytest.mark.parametrize(
    ("kind", "hour"), [(pa.timestamp("us", "America/New_York"), 12), (pa.date32(), 23)]
)
def test_moments_with_a_zone_keep_it_and_days_begin_at_midnight(pull, tmp_path, kind, hour):
    value = datetime(2020, 7, 2, 12, tzinfo=UTC)
    at = pa.array([value if kind != pa.date32() else value.date()], kind)
    table = pa.table({"order": ["1"], "customer": ["1"], "at": at, "amount": [1]})
    pq.write_table(table, tmp_path / "t.parquet")
    [page] = pull(str(tmp_path / "t.parquet"))
    assert page.orders[0]["ordered_at"].hour == hour


def test_not_a_number_is_a_missing_value(pull, tmp_path):
    nan = float("nan")
    rows = {
        "order": ["1", "2"],
        "customer": [1.0, nan],
        "at": ["2020-01-02"] * 2,
        "amount": [1.0, nan],
    }
    pq.write_table(pa.table(rows), tmp_path / "t.parquet")
    [page] = pull(str(tmp_path / "t.parquet"))
    assert page.counts() == {"lines without a customer": 1}


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"timezone": "Europe/Londn"}, "is no time zone"),
        ({"encoding": "utf-9"}, "is no encoding"),
        ({"date_format": "%d/%m"}, "does not tell day, month and year"),
        ({"decimal": ",", "thousands": ","}, "cannot be the same"),
        (
            {"columns": {"order_id": "a", "customer_id": "b", "ordered_at": "c"}},
            "needs either amount",
        ),
        (
            {"columns": {"order_id": "a", "ordered_at": "c", "amount": "d"}},
            "at least one of customer_id",
        ),
        (
            {"columns": {"order_id": "a", "email": "b", "ordered_at": "c", "quantity": "d"}},
            "needs either",
        ),
    ],
)
def test_options_that_cannot_work_are_refused_with_a_sentence(options, sentence):
    columns = {"order_id": "a", "customer_id": "b", "ordered_at": "c", "amount": "d"}
    given = {"path": "/x", "columns": columns, "timezone": "UTC", **options}
    with pytest.raises(ValidationError, match=sentence):
        FilesOptions.model_validate(given)


@pytest.mark.parametrize(
    ("column", "values"),
    [
        ("customer", pa.array(["k", "k"]).dictionary_encode()),
        ("customer", pa.array(["k", "k"], pa.large_string())),
        ("customer", pa.array(["k", "k"]).cast(pa.string_view())),
        ("customer", pa.array([b"k", b"k"])),
        ("amount", pa.array([Decimal("2.55")] * 2, pa.decimal256(50, 2))),
        ("at", pa.array([datetime(2020, 7, 2, tzinfo=UTC)] * 2, pa.timestamp("ns", "UTC"))),
        ("at", pa.array([datetime(2020, 7, 2, tzinfo=UTC)] * 2, pa.timestamp("s", "Asia/Tokyo"))),
        ("at", pa.array([1_593_651_600_000] * 2, pa.timestamp("ms"))),
    ],
)
def test_a_type_of_parquet_is_read_whatever_tool_chose_it(pull, tmp_path, column, values):
    plain = {
        "order": ["1", "2"],
        "customer": ["k", "k"],
        "at": ["2020-07-02T00:00:00Z"] * 2,
        "amount": ["2.55", "2.55"],
    }
    for name, table in (("a", plain), ("b", {**plain, column: values})):
        pq.write_table(pa.table(table), tmp_path / f"{name}.parquet", row_group_size=1)
    first, second = pull(str(tmp_path))
    assert second.orders == first.orders
