"""Summing up only those whose orders changed gives what summing up all gives."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import date, timedelta

import pytest

from segmenter.refresh import summarize_again
from segmenter.summary import summarize_with_contacts

END = date(2024, 12, 31)


def rows_of(seed):
    draw = random.Random(seed)
    return [
        {
            "customer_id": f"c{draw.randrange(200)}",
            "order_id": f"o{i}",
            "email": draw.choice([None, "a@x.com", "b@x.com"]),
            "ordered_at": END - timedelta(days=draw.randrange(300)),
            "amount": str(draw.randrange(50)),
        }
        for i in range(600)
    ]


def new_orders(rows):
    day = END + timedelta(days=1)
    return [
        *rows,
        {"customer_id": "c1", "order_id": "n1", "ordered_at": day, "amount": "5", "version": 2},
        {"customer_id": "new", "order_id": "n2", "ordered_at": day, "amount": "5", "version": 2},
        {
            "customer_id": "c2",
            "order_id": "n3",
            "ordered_at": END,
            "amount": "-5",
            "version": 2,
            "kind": "refund",
        },
    ]


def edited(rows):
    return [{**rows[0], "amount": "999", "version": 2}, *rows[1:]]


CHANGES = {
    "nothing": lambda rows: rows,
    "new orders and a refund": new_orders,
    "an edited order": edited,
    "an order that is gone": lambda rows: rows[1:],
    "an order of another customer": lambda rows: [
        {**rows[0], "customer_id": "x", "version": 2},
        *rows[1:],
    ],
    "everybody orders": lambda rows: (
        rows
        + [
            {**row, "order_id": row["order_id"] + "n", "ordered_at": END + timedelta(days=1)}
            for row in rows
        ]
    ),
}


@pytest.mark.parametrize("name", list(CHANGES))
def test_it_gives_what_a_full_sum_gives(name, engine, shop, days):
    rows = rows_of(7)
    basis = days.first_basis(shop(rows), END)
    days.run(basis)
    after = shop(CHANGES[name](rows))
    day = END + timedelta(days=2)
    found = summarize_again(engine, after, day, before=basis, previous=days.previous)
    full = summarize_with_contacts(engine, after, day)
    assert listed(found) == listed(full)
    days.run(replace(basis, orders=after, as_of=day))


def listed(table):
    rows = table.to_pyarrow().to_pylist()
    return sorted((dict(sorted(row.items())) for row in rows), key=lambda r: r["customer_id"])
