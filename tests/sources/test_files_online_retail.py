"""Real orders: the configuration of the README on a cut of Online Retail."""

from collections import defaultdict
from datetime import UTC, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pyarrow.parquet as pq
import pytest

OPTIONS = {
    "columns": {
        "order_id": "InvoiceNo",
        "customer_id": "CustomerID",
        "ordered_at": "InvoiceDate",
        "quantity": "Quantity",
        "unit_price": "UnitPrice",
    },
    "lines": True,
    "timezone": "Europe/London",
}


@pytest.fixture(scope="module")
def cut(root):
    return root / "tests/data/online_retail_cut.parquet"


@pytest.fixture(scope="module")
def page(pull, cut):
    [page] = pull(str(cut), **OPTIONS)
    return page


def by_hand(cut):
    """The same, told in plain Python: the sums of known customers' lines, by invoice."""
    sums, free = defaultdict(Decimal), defaultdict(lambda: True)
    for line in pq.read_table(cut).to_pylist():
        if line["CustomerID"] is not None:
            price = Decimal(repr(line["UnitPrice"]))
            key = line["InvoiceNo"], str(int(line["CustomerID"]))
            sums[key] += Decimal(repr(line["Quantity"])) * price
            free[key] &= price == 0
    return {key: amount for key, amount in sums.items() if not free[key]}


def test_every_invoice_of_a_known_customer_is_there_to_the_cent(page, cut):
    assert {(o["order_id"], o["customer_id"]): o["amount"] for o in page.orders} == by_hand(cut)


def test_cancellations_reduce_spend_and_are_no_orders(page):
    kinds = {o["order_id"]: o["kind"] for o in page.orders}
    assert {kinds[i] for i in kinds if i.startswith("C")} == {"refund"}
    assert {kinds[i] for i in kinds if not i.startswith("C")} == {"order"}
    assert all((o["amount"] < 0) == (o["kind"] == "refund") for o in page.orders)
    assert page.counts()["refunds"] == sum(k == "refund" for k in kinds.values()) == 133


def test_lines_without_a_customer_are_counted_and_kept_aside_not_guessed(page, cut):
    fault = page.faults["lines without a customer"]
    guests = [
        (row, line)
        for row, line in enumerate(pq.read_table(cut).to_pylist(), 1)
        if line["CustomerID"] is None
    ]
    assert fault.count == len(guests) == len(page.aside) == 1767
    assert f"row {guests[0][0]}, column CustomerID" in fault.example
    assert [(a["row"], a["StockCode"]) for a in page.aside] == [
        (row, line["StockCode"]) for row, line in guests
    ]


def test_local_times_are_read_in_the_sources_zone(page, cut):
    first = {}
    for line in pq.read_table(cut).to_pylist():
        at = line["InvoiceDate"].replace(tzinfo=ZoneInfo("Europe/London")).astimezone(UTC)
        first[line["InvoiceNo"]] = min(at, first.get(line["InvoiceNo"], at))
    assert all(o["ordered_at"] == first[o["order_id"]] for o in page.orders)
    assert {o["ordered_at"].utcoffset() for o in page.orders} == {timedelta(0)}


def test_lines_at_price_zero_are_told_and_an_invoice_of_such_alone_is_no_order(page):
    assert page.counts()["lines at price zero"] == 13


def test_the_source_says_nothing_else(page):
    assert set(page.faults) == {"lines without a customer", "refunds", "lines at price zero"}
    assert {o["currency"] for o in page.orders} == {"GBP"}
