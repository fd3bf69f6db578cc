"""Orders by a query: the same on every database, complete, and never written."""

import asyncio
import re
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from connectors.errors import Misconfigured, Unauthorized, Unavailable
from connectors.types import ORDERS

COLUMNS = {"order_id": "id", "customer_id": "buyer", "ordered_at": "placed", "amount": "total"}
MARCH = "'2024-03-01 10:00:00+00'"
A = f"'A', '7', 'anna@example.com', {MARCH}, {MARCH}, 19.99, 'paid'"
B = "'B', '8', NULL, '2024-07-01 10:00:00+00', '2024-07-02 00:00:00+00', 0.1, 'paid'"
C = "'C', '7', NULL, '2024-07-03 00:00:00+00', '2024-07-03 00:00:00+00', -5, 'paid'"


def test_a_query_brings_orders_to_the_cent_on_every_database(shop, pull):
    shop.orders(A, B, C)
    page = pull(shop, columns={**COLUMNS, "email": "mail", "status": "state"})
    assert page.amounts() == {"A": "19.99", "B": "0.10", "C": "-5.00"}
    assert page.orders["A"] == {
        "order_id": "A",
        "customer_id": "7",
        "email": "anna@example.com",
        "phone": None,
        "ordered_at": datetime(2024, 3, 1, 10, tzinfo=UTC),
        "amount": Decimal("19.9900"),
        "currency": "GBP",
        "kind": "order",
    }
    assert list(page.orders["A"]) == ORDERS.names
    assert page.orders["C"]["kind"] == "refund"
    assert page.unit == "query"


def test_what_was_deleted_or_changed_shows_without_a_cursor(shop, pull):
    shop.orders(A, B)
    first = pull(shop)
    # the same again is no page
    assert pull(shop, first.cursor) is None
    shop.execute("DELETE FROM orders WHERE id = 'A'")
    shop.execute("UPDATE orders SET total = 0.2 WHERE id = 'B'")
    again = pull(shop, first.cursor)
    assert again.amounts() == {"B": "0.20"}
    assert again.unit == first.unit


def test_a_cursor_brings_what_changed_and_an_overlap(shop, pull):
    shop.orders(A, B, C)
    options = {"cursor": "changed", "overlap_hours": 24}
    first = pull(shop, **options)
    assert len(first.orders) == 3
    assert first.unit is None
    shop.orders("'D', '9', NULL, '2020-01-01 00:00:00+00', '2024-07-02 00:00:00+00', 1, 'paid'")
    shop.orders("'E', '9', NULL, '2024-07-04 00:00:00+00', '2024-07-04 00:00:00+00', 2, 'paid'")
    # D came late, by less than the overlap; B changed in it too, and A long before
    later = pull(shop, first.cursor, **options)
    assert set(later.orders) == {"B", "C", "D", "E"}
    last = pull(shop, later.cursor, **options)
    assert set(last.orders) == {"C", "E"}
    assert pull(shop, last.cursor, **options) is None
    # other options mean another cursor: all is brought anew
    assert len(pull(shop, last.cursor, **options, lines=True).orders) == 5


def test_several_cursors_find_what_each_alone_would_lose(shop, pull):
    """As in a shop where placing an order leaves its time of change as it was."""
    options = {"cursor": ["placed", "changed"], "overlap_hours": 0}
    shop.orders(A, "'N', '1', NULL, '2024-01-01 00:00:00+00', NULL, 1, 'paid'")
    first = pull(shop, **options)
    shop.orders("'P', '1', NULL, '2024-05-01 00:00:00+00', NULL, 1, 'paid'")
    shop.execute("UPDATE orders SET changed = '2024-04-01 00:00:00+00' WHERE id = 'N'")
    assert set(pull(shop, first.cursor, **options).orders) == {"A", "N", "P"}


def test_rows_without_a_cursor_value_come_each_time(shop, pull):
    shop.orders(A, "'N', '1', NULL, '2024-01-01 00:00:00+00', NULL, 1, 'paid'")
    first = pull(shop, cursor="changed", overlap_hours=0)
    shop.execute("UPDATE orders SET total = 3 WHERE id = 'N'")
    assert pull(shop, first.cursor, cursor="changed", overlap_hours=0).amounts()["N"] == "3.00"


def test_a_row_of_the_year_9999_does_not_move_the_cursor_past_all_others(shop, pull):
    shop.orders(A, "'F', '1', NULL, '2024-01-01 00:00:00+00', '9999-01-01 00:00:00+00', 1, 'paid'")
    first = pull(shop, cursor="changed")
    assert first.counts() == {"rows that changed in the future": 1}
    assert "column changed: 9999" in first.faults["rows that changed in the future"].example
    shop.orders(B)
    assert set(pull(shop, first.cursor, cursor="changed").orders) == {"A", "B", "F"}


def test_an_order_of_which_one_line_is_new_is_added_up_from_all_its_lines(shop, pull):
    options = {"cursor": "changed", "overlap_hours": 0, "lines": True}
    shop.orders(A, B)
    first = pull(shop, **options)
    shop.orders(A.replace("'2024-03-01 10:00:00+00', 19.99", "'2024-09-01 00:00:00+00', 5"))
    assert pull(shop, first.cursor, **options).amounts() == {"A": "24.99", "B": "0.10"}


def test_numbers_are_cursors_too(shop, pull):
    query = "SELECT id, buyer, placed, total, CAST(total AS INTEGER) AS version FROM orders"
    options = {"query": query, "cursor": "version", "overlap_steps": 3}
    for total in (9, 10, 100):
        shop.orders(f"'{total}', '1', NULL, '2024-01-01 00:00:00+00', NULL, {total}, 'paid'")
    first = pull(shop, **options)
    shop.orders("'98', '1', NULL, '2024-01-01 00:00:00+00', NULL, 98, 'paid'")
    assert set(pull(shop, first.cursor, **options).orders) == {"98", "100"}


def test_the_query_may_hold_what_other_tools_take_for_parameters(shop, pull):
    shop.orders(A, B, C)
    query = """
        -- two remarks; and
        /* a bracket ) */ SELECT id, buyer, placed, changed, total FROM orders
        WHERE state LIKE '%ai%' AND ' :x %s ? $1' <> state AND CAST(total AS text) <> '';  """
    page = pull(shop, query=query + "-- the end" * (shop.kind == "sqlite"), cursor="changed")
    assert len(page.orders) == 3
    assert set(pull(shop, page.cursor, query=query, cursor="changed").orders) >= {"C"}


def test_no_value_is_used_before_all_keys_were_looked_at(shop, pull):
    shop.orders(*(A.replace("'A'", f"'A{n}'") for n in range(300)))
    shop.orders(B, B, A.replace("'A'", "NULL"))
    page = pull(shop)
    assert page.counts() == {"duplicate order ids": 1, "missing order ids": 1}
    assert page.faults["duplicate order ids"].example == "the query, order 'B'"
    missing = page.faults["missing order ids"].example
    assert missing.startswith("the query, an order of customer '7' at 2024-03-01 10:00:00")
    assert sorted(row["problem"] for row in page.aside) == [
        "duplicate order ids",
        "missing order ids",
    ]
    assert {row["file"] for row in page.aside} == {"the query"}
    with pytest.raises(Misconfigured, match=r"the query on .*column id: is empty \(1 of 303"):
        pull(shop, tolerate=0)
    with pytest.raises(Misconfigured, match="repeat an order id in column id; set lines: true"):
        pull(shop, query="SELECT * FROM orders UNION ALL SELECT * FROM orders")


def test_of_rows_with_one_id_the_one_that_changed_last_counts_in_any_order(shop, pull):
    shop.orders(*(A.replace("'A'", f"'A{n}'") for n in range(9)))
    old, new = (
        "'X', '1', NULL, '2024-01-01', '2024-01-01', 90, 'paid'",
        ("'X', '1', NULL, '2024-01-01', '2024-02-01', 8, 'paid'"),
    )
    shop.orders(new, old)
    first = pull(shop, cursor="changed")
    shop.execute("DELETE FROM orders WHERE id = 'X'")
    shop.orders(old, new)
    assert pull(shop, cursor="changed").amounts() == first.amounts()
    assert first.amounts()["X"] == "8.00"


def test_a_query_that_cannot_be_used_is_told_in_a_sentence(shop, build):
    def said(**options: object) -> str:
        source = build(shop, **options)
        with pytest.raises(Misconfigured) as caught:
            asyncio.run(source.check())
        asyncio.run(source.aclose())
        return str(caught.value)

    assert "no column 'Total' (columns.amount); did you mean 'total'" in said(
        columns={**COLUMNS, "amount": "Total"}
    )
    assert "has no column 'updated' (cursor)" in said(cursor="updated")
    assert re.search("cannot be read by this query: .*nowhere", said(query="SELECT * FROM nowhere"))
    assert "SELECT" not in said(query="SELECT id, id AS buyer, id, placed FROM orders")


def test_an_empty_table_stops_a_whole_and_not_a_part(shop, pull):
    with pytest.raises(Misconfigured, match="brings no row; is it the right database"):
        pull(shop)
    shop.orders(A)
    first = pull(shop, cursor="changed", overlap_hours=0)
    shop.execute("DELETE FROM orders")
    assert pull(shop, first.cursor, cursor="changed") is None


def test_nothing_can_be_written(shop, pull):
    shop.orders(A)
    writes = {
        "postgresql": "SELECT id, buyer, placed, nextval('s') AS total FROM orders",
        "sqlite": "SELECT 1) ; DELETE FROM orders; --",
        "duckdb": "SELECT id, buyer, placed, nextval('s') AS total FROM orders",
    }
    if shop.kind != "sqlite":
        shop.execute("CREATE SEQUENCE s")
    with pytest.raises(Misconfigured, match="cannot be read"):
        pull(shop, query=writes[shop.kind])
    assert len(pull(shop).orders) == 1
    for query in ("DELETE FROM orders", "UPDATE orders SET total = 1", "PRAGMA x", "/* */ COPY x"):
        with pytest.raises(ValueError, match="must be one SELECT"):
            pull(shop, query=query)


def test_a_pull_is_as_of_one_moment_and_waits_for_nobody(on_postgresql, pull, writer):
    on_postgresql.orders(A, B)
    writer.execute("DELETE FROM orders WHERE id = 'A'")
    writer.execute("INSERT INTO orders (id) VALUES ('torn')")
    assert set(pull(on_postgresql).orders) == {"A", "B"}


def test_what_a_server_says_is_told_by_who_can_mend_it(on_postgresql, pull):
    url = on_postgresql.place["url"]
    place = dict(on_postgresql.place)

    def fails(kind: type[Exception], **options: str) -> str:
        on_postgresql.place = {}
        with pytest.raises(kind) as caught:
            pull(on_postgresql, **{**place, **options})
        assert "p@ss" not in str(caught.value)
        assert "p%40ss" not in str(caught.value)
        return str(caught.value)

    wrong = url.replace("a%20p%40ss%2Fword", "s3cret")
    assert "s3cret" not in (said := fails(Unauthorized, url=wrong))
    assert "does not let this user read" in said
    assert "the postgresql database nowhere on 127.0.0.1" in fails(
        Misconfigured, url=url.rpartition("/")[0] + "/nowhere"
    )
    assert "gave no usable answer" in fails(
        Unavailable, url="postgresql://u:pw@127.0.0.1:1/shop?connect_timeout=2"
    )
    assert "pip install snowflake-sqlalchemy" in fails(Misconfigured, url="snowflake://u:pw@x/db")
    assert "pip install pymysql" in fails(Misconfigured, url="mysql://u:pw@x/db")
    assert "is no database URL" in fails(Misconfigured, url="shop.example.com/pw")
    on_postgresql.execute("INSERT INTO orders (id) VALUES ('anna@example.com')")
    query = "SELECT CAST(id AS numeric) AS total, id, buyer, placed FROM orders"
    assert "anna@example.com" not in fails(Misconfigured, query=query)


def test_a_file_that_is_no_database_says_so(on_sqlite, pull, tmp_path):
    on_sqlite.place = {}
    with pytest.raises(Misconfigured, match="there is no database file"):
        pull(on_sqlite, path=str(tmp_path / "nowhere.db"))
    with pytest.raises(Misconfigured, match="there is no database file"):
        pull(on_sqlite, url=f"sqlite:///{tmp_path}/nowhere.db")
    (tmp_path / "orders.csv").write_text("id,buyer\n")
    with pytest.raises(Misconfigured, match="neither a SQLite nor a DuckDB database"):
        pull(on_sqlite, path=str(tmp_path / "orders.csv"))
    with pytest.raises(ValueError, match="needs either url or path"):
        pull(on_sqlite)


def test_sqlite_may_keep_another_type_in_each_row(on_sqlite, pull):
    on_sqlite.orders(A, A.replace("'A'", "5").replace("19.99", "'19.99'"))
    on_sqlite.orders("'I', 3, NULL, '2024-07-01', '2024-07-01T00:00:00', 7, 'paid'")
    assert pull(on_sqlite).amounts() == {"A": "19.99", "5": "19.99", "I": "7.00"}
    with pytest.raises(Misconfigured, match="'state' holds str values that are neither times nor"):
        pull(on_sqlite, cursor="state")
