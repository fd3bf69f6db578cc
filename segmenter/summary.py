"""Orders to one row a buyer: the numbers that every model and every scheme starts from."""

from __future__ import annotations

from datetime import date

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
    return _measured(_totals(rows), as_of)


def summarize_in_place(orders: Table, as_of: date) -> Table:
    """What ``summarize_with_contacts`` gives, as one SELECT that needs no place for a step between.

    For orders that stay in a database of somebody else: it makes no table there, and one row a
    customer comes back. Where tables can be made the other one is faster.
    """
    rows = visible(orders, as_of)
    table = _totals(rows)
    for column in ("email", "phone"):
        latest = latest_contact(rows, column)
        table = table.left_join(latest.rename({column: "contact"}), "customer").drop(
            "customer_right"
        )
    return _measured(table, as_of)


def summarize_with_contacts(engine: Engine, orders: Table, as_of: date) -> Table:
    """As ``summarize``, with the customer's latest usable ``email`` and ``phone`` (or null)."""
    rows = visible(orders, as_of)
    table = stage(engine, _totals(rows))
    # Counted over the orders as they lie: of an empty column an engine reads next to nothing.
    given = orders.aggregate(email=orders.email.count(), phone=orders.phone.count()).to_pyarrow()
    for column in ("email", "phone"):
        if given[column][0].as_py():
            table = _with_contact(engine, table, rows, column)
        else:
            table = table.mutate(**{column: ibis.null("string")})
    return stage(engine, _measured(table, as_of))


def visible(orders: Table, as_of: date) -> Table:
    """The orders up to the end of ``as_of``, with the columns ``customer`` and ``day``."""
    rows = with_customer(orders)
    rows = rows.mutate(day=rows.ordered_at.date())
    return rows.filter(rows.day <= ibis.literal(as_of))


def _totals(rows: Table) -> Table:
    # Days first: counting distinct days in one step costs an engine half as much again.
    bought = rows.kind == "order"
    days = rows.group_by("customer", "day").aggregate(orders=bought.sum(), money=rows.amount.sum())
    with_order = days.orders > 0
    table = days.group_by("customer").aggregate(
        first_order_on=days.day.min(where=with_order),
        last_order_on=days.day.max(where=with_order),
        orders=days.orders.sum(),
        days=with_order.sum(),
        money=days.money.sum(),
    )
    return table.filter(table.orders > 0)


def _with_contact(engine: Engine, table: Table, rows: Table, column: str) -> Table:
    given = rows.filter(rows[column].notnull())
    value = given[column]
    used = given.group_by("customer").aggregate(
        contact=value.argmax(given.ordered_at), several=value.hash().min() != value.hash().max()
    )
    used = stage(engine, used)
    # Hardly anybody has used two addresses, so only those few are sorted by time.
    single = normal_email(used.contact) if column == "email" else used.contact.strip().nullif("")
    few = used.filter(used.several)
    if rows_in(few) == 0:
        found = used.select("customer", contact=single)
    else:
        latest = latest_contact(given.semi_join(few, "customer"), column)
        joined = used.left_join(latest, "customer")
        contact = ibis.ifelse(used.several, latest.contact, single)
        found = joined.select(used.customer, contact=contact)
    everybody = table.left_join(found, "customer")
    return everybody.select(*[table[name] for name in table.columns], found.contact.name(column))


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
