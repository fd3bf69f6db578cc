"""The words: batches and receipts keep outcomes by id, and values are what they are."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from connectors.types import ORDERS, Batch, Delivered, Kind, Order, Page, Rejected, Unsure


def test_a_receipt_names_every_change_once(identify, batch):
    whole = batch(identify(1), identify(2), identify(3))
    receipt = whole.delivered(rejected={"c0002": "bad"}, unsure={"c0003": "lost"})
    assert receipt.outcomes == {
        "c0001": Delivered(),
        "c0002": Rejected("bad"),
        "c0003": Unsure("lost"),
    }
    assert receipt.ticket is None
    assert whole.pending("job").ticket == "job"
    assert whole.pending("job").outcomes == {}
    assert len(Batch(())) == 0


@pytest.mark.parametrize(
    ("known", "news"),
    [
        (None, {"a": 0, "b": False, "c": "", "d": None}),
        ({}, {"a": 0, "b": False, "c": ""}),
        ({"a": 0, "b": False, "c": "", "d": None}, {}),
        ({"a": None, "b": None, "c": None, "d": 0}, {"a": 0, "b": False, "c": "", "d": None}),
        ({"a": 1, "b": False, "c": "", "d": None, "e": 5}, {"a": 0}),
    ],
)
def test_the_news_are_what_differs_and_nothing_is_not_zero(identify, known, news):
    change = replace(identify(1, a=0, b=False, c="", d=None), known=known)
    assert change.delta() == news


def test_a_page_of_orders_has_the_schema_of_all_orders():
    at = datetime(2024, 2, 29, 12, tzinfo=UTC)
    orders = [
        Order("1", at, Decimal("19.99"), "GBP", "17850", "a@example.com"),
        Order("2", at, Decimal(-5), "GBP", kind=Kind.REFUND),
    ]
    page = Page.of(orders, "cursor")
    assert page.rows.schema == ORDERS
    assert page.rows.column("kind").to_pylist() == ["order", "refund"]
    assert page.rows.column("amount").to_pylist() == [Decimal("19.9900"), Decimal("-5.0000")]
    assert page.rows.column("ordered_at").to_pylist() == [at, at]
    assert Page.of([], "cursor").rows.schema == ORDERS
