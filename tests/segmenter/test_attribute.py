"""Whose events are: found by the identity that the orders gave, never adding to it."""

from __future__ import annotations

from datetime import UTC, datetime

import ibis
import pyarrow as pa
import pytest

from segmenter.attribute import of_customers
from segmenter.cards import seen_in
from segmenter.people import Joining, join

AT = datetime(2024, 5, 1, tzinfo=UTC)
NAMES = ("source", "customer_id", "email", "phone")
ORDERS = [
    ("shop", "1", "ann@x.org", "020 7946 0000"),
    ("shop", "2", "bob@x.org", None),
    ("outlet", "1", "cem@x.org", None),  # another person than the shop's 1
    ("outlet", "9", "Bob@x.org", None),  # the shop's 2
    ("shop", None, "dee@x.org", None),
    ("shop", None, None, "020 7946 0123"),
    *(("shop", f"t{n}", "till@x.org", None) for n in range(12)),  # an address that names nobody
]


@pytest.fixture
def whose(engine, orders_in):
    """Whose one event is; ``cards`` are those of the orders above."""
    placed = [
        {**dict(zip(NAMES, row, strict=True)), "order_id": f"o{n}", "ordered_at": AT, "amount": 1}
        for n, row in enumerate(ORDERS)
    ]
    cards = seen_in(orders_in(engine, placed), "shop").mutate(number=ibis.null("string"))
    cards = join(engine, cards, Joining(phone_region="GB"), None).cards

    def whose(source=None, customer_id=None, email=None, phone=None, cards=cards):
        row = dict(zip(NAMES, (source or "mail", customer_id, email, phone), strict=True))
        schema = pa.schema(
            [*((n, pa.string()) for n in (*NAMES, "kind")), ("occurred_at", AT_TYPE)]
        )
        events = pa.Table.from_pylist([{**row, "kind": "click", "occurred_at": AT}] * 2, schema)
        found = of_customers(engine, ibis.memtable(events), cards, {"shop", "mail"}, "GB")
        rows = engine.to_pyarrow(found).to_pylist()
        assert len(rows) in (0, 2), "an event is one customer's or nobody's, and never doubled"
        return rows[0]["customer_id"] if rows else None

    return whose


AT_TYPE = pa.timestamp("us", "UTC")


@pytest.mark.parametrize(
    ("named", "owner"),
    [
        ({"customer_id": "1"}, "1"),  # as we show it
        ({"customer_id": "outlet:1"}, "outlet:1"),
        ({"customer_id": "outlet:9"}, "2"),  # found to be one person
        ({"source": "outlet", "customer_id": "1"}, "outlet:1"),  # by its own ids
        ({"source": "outlet", "customer_id": "2"}, None),
        ({"customer_id": "dee@x.org"}, "dee@x.org"),  # a guest is shown by his address
        ({"email": " Ann@X.org"}, "1"),
        ({"customer_id": "unheard of", "email": "ann@x.org"}, "1"),
        ({"customer_id": "1", "email": "cem@x.org"}, "1"),  # the id comes first
        ({"email": "bob@x.org"}, "2"),
        ({"email": "dee@x.org"}, "dee@x.org"),
        ({"email": "till@x.org"}, None),
        ({"email": "stranger@x.org"}, None),
        ({"phone": "+442079460000"}, "1"),
        ({"phone": "+44 20 7946 0123"}, "+442079460123"),
        ({"phone": "+442079469999"}, None),
        ({"email": "stranger@x.org", "phone": "(020) 7946 0000"}, "1"),
        ({}, None),
    ],
)
def test_an_event_is_that_customers_whom_its_id_address_or_number_names(whose, named, owner):
    assert whose(**named) == owner


def test_where_nobody_has_an_address_ids_alone_count(whose):
    assert whose(customer_id="7", cards=None) == "7"
    assert whose(source="outlet", customer_id="7", cards=None) == "outlet:7"
    assert whose(email="ann@x.org", cards=None) is None
