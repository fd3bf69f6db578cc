"""Orders to one row a buyer: the numbers that every model and every scheme starts from."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

import ibis

from segmenter.expr import Column, Engine, Table
from segmenter.identity import latest_contact, normal_email, with_customer
from segmenter.stage import rows_in, stage


def summarize(orders: Table, as_of: date) -> Table:
    """One row a customer with at least one order up to the end of ``as_of`` (the shop's day).

    Columns: ``customer_id``, ``first_order_on``, ``last_order_on``, ``orders`` (count),
    ``frequency`` (days with an order, minus one), ``recency`` (days from the first to the last
    order), ``T`` (days from the first order to ``as_of``), ``past_revenue`` (orders less refunds;
    below zero where refunds exceed what is known of the orders), ``monetary_value`` (past revenue
    a day with an order, never below zero), ``days_since_order``. Days are those of the engine's
    session time zone. Definitions: Fader, Hardie and Lee 2005, with the first order counted in
    the money.
    """
    rows = visible(orders, as_of)
    return _measured(_totals(rows, {}), as_of)


def summarize_with_contacts(engine: Engine, orders: Table, as_of: date) -> Table:
    """As ``summarize``, with the customer's latest usable ``email`` and ``phone`` (or null)."""
    rows = visible(orders, as_of)
    contacts: dict[str, Any] = {}
    for column in ("email", "phone"):
        value = rows[column]
        contacts[column] = value.argmax(rows.ordered_at, where=value.notnull())
        contacts[f"{column}_several"] = value.hash().min() != value.hash().max()
    table = stage(engine, _totals(rows, contacts))
    for column in ("email", "phone"):
        table = _settle(table, rows, column)
    measured = _measured(table, as_of)
    return stage(engine, measured)


def visible(orders: Table, as_of: date) -> Table:
    """The orders up to the end of ``as_of``, with the columns ``customer`` and ``day``."""
    rows = with_customer(orders)
    rows = rows.mutate(day=rows.ordered_at.date())
    return rows.filter(rows.day <= ibis.literal(as_of))


def _totals(rows: Table, more: Mapping[str, Any]) -> Table:
    bought = rows.kind == "order"
    table = rows.group_by("customer").aggregate(
        first_order_on=rows.day.min(where=bought),
        last_order_on=rows.day.max(where=bought),
        orders=bought.cast("int64").sum(),
        days=rows.day.nunique(where=bought),
        money=rows.amount.sum(),
        **more,
    )
    return table.filter(table.orders > 0)


def _settle(table: Table, rows: Table, column: str) -> Table:
    # Hardly anybody has used two addresses, so only those few are sorted by time.
    single = normal_email(table.email) if column == "email" else table.phone.strip().nullif("")
    rest = [c for c in table.columns if c not in (column, f"{column}_several")]
    several = table.filter(table[f"{column}_several"])
    if rows_in(several) == 0:
        return table.select(*rest, single.name(column))
    found = latest_contact(rows.semi_join(several, "customer"), column)
    joined = table.left_join(found, "customer")
    value = ibis.ifelse(table[f"{column}_several"].fill_null(False), found.contact, single)
    return joined.select(*[table[c] for c in rest], value.name(column))


def _measured(table: Table, as_of: date) -> Table:
    today: Column = ibis.literal(as_of)
    money = table.money.cast("float64")
    contacts = [column for column in ("email", "phone") if column in table.columns]
    return table.select(
        *contacts,
        "first_order_on",
        "last_order_on",
        customer_id=table.customer,
        orders=table.orders.cast("int64"),
        frequency=(table.days - 1).cast("int64"),
        recency=table.last_order_on.delta(table.first_order_on, unit="day").cast("int64"),
        T=today.delta(table.first_order_on, unit="day").cast("int64"),
        past_revenue=money,
        monetary_value=ibis.greatest(money, 0.0) / table.days.cast("float64"),
        days_since_order=today.delta(table.last_order_on, unit="day").cast("int64"),
    )
