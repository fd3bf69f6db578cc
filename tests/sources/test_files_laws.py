"""Laws of the files source, for orders of any shape."""

import random
from collections import defaultdict
from datetime import date
from decimal import Decimal

import pyarrow as pa
import pyarrow.parquet as pq
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

COLUMNS = {
    "order_id": "order",
    "customer_id": "customer",
    "ordered_at": "at",
    "quantity": "n",
    "unit_price": "price",
}
cents = st.integers(-100_000_00, 100_000_00).map(lambda n: Decimal(n).scaleb(-2))
line = st.tuples(
    st.integers(1, 12),  # the order
    st.dates(min_value=date(2000, 1, 1)).map(str),
    st.integers(-50, 50),
    cents,
)
lines = st.lists(line, min_size=1, max_size=40)
quick = settings(
    max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None
)


def write(path, rows):
    body = "".join(f"O{o},C{o % 3},{at},{n},{price}\n" for o, at, n, price in rows)
    path.write_text("order,customer,at,n,price\n" + body)


@quick
@given(lines, st.randoms(use_true_random=False))
def test_the_order_of_the_rows_is_irrelevant(pull, tmp_path, rows, rng: random.Random):
    path = tmp_path / "o.csv"
    keep = [*rows, (99, "2020-01-01", 1, Decimal(1))]
    write(path, keep)
    [page] = pull(str(path), columns=COLUMNS, lines=True)
    rng.shuffle(keep)
    write(path, keep)
    [shuffled] = pull(str(path), columns=COLUMNS, lines=True)
    assert shuffled.orders == page.orders
    assert shuffled.counts() == page.counts()


@quick
@given(lines)
def test_money_is_exact_in_text_and_in_floats(pull, tmp_path, rows):
    keep = [*rows, (99, "2020-01-01", 1, Decimal(1))]
    expected: dict[str, Decimal] = defaultdict(Decimal)
    for order, _, n, price in keep:
        expected[f"O{order}"] += n * price
    free = {f"O{o}" for o, *_ in keep} - {f"O{o}" for o, _, _, price in keep if price != 0}
    expected = {order: amount for order, amount in expected.items() if order not in free}
    write(tmp_path / "a.csv", keep)
    floats = [
        {"order": f"O{o}", "customer": f"C{o % 3}", "at": at, "n": float(n), "price": float(price)}
        for o, at, n, price in keep
    ]
    pq.write_table(pa.Table.from_pylist(floats), tmp_path / "b.parquet")
    for page in pull(str(tmp_path), columns=COLUMNS, lines=True):
        assert {o["order_id"]: o["amount"] for o in page.orders} == expected


@quick
@given(lines, st.integers(1, 4))
def test_how_orders_are_split_into_files_is_irrelevant(pull, tmp_path, rows, files):
    for old in tmp_path.glob("*.csv"):
        old.unlink()
    keep = [*rows, *((100 + i, "2020-01-01", 1, Decimal(1)) for i in range(files))]
    write(tmp_path / "whole.csv", keep)
    [whole] = pull(str(tmp_path), columns=COLUMNS, lines=True)
    (tmp_path / "whole.csv").unlink()
    for i in range(files):
        write(tmp_path / f"{i}.csv", [row for row in keep if row[0] % files == i])
    pages = pull(str(tmp_path), columns=COLUMNS, lines=True)
    together = [order for page in pages for order in page.orders]
    assert sorted(together, key=str) == sorted(whole.orders, key=str)


@quick
@given(st.lists(st.tuples(*[st.text(max_size=8)] * 4), max_size=12))
def test_every_row_is_an_order_or_is_kept_aside(pull, tmp_path, cells):
    good = [(f"G{i}", "7", "2020-01-02", "1") for i in range(3)]
    names = ["order", "customer", "at", "amount"]
    path = tmp_path / "t.parquet"
    records = [dict(zip(names, row, strict=True)) for row in good + cells]
    pq.write_table(pa.Table.from_pylist(records), path)
    [page] = pull(str(path), tolerate=1, latest_row_wins=True)
    empty = {"", "nan", "null", "none", "#n/a"}
    blank = sum({c.strip(" \t\r\n\u00a0\ufeff").lower() for c in row} <= empty for row in cells)
    assert len(page.orders) + len(page.aside) + blank == len(good) + len(cells)
