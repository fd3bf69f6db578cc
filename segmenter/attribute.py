"""Whose events these are: by customer id, else by e-mail address, else by phone number.

An event joins nobody to anybody: who is who follows from the orders alone. An address or a number
that two customers share tells of neither.
"""

from __future__ import annotations

from collections.abc import Collection

import ibis
import pyarrow as pa

from segmenter.cards import shown_id
from segmenter.expr import Engine, Table, Text
from segmenter.identity import normal_email
from segmenter.phone import TAIL, e164
from segmenter.stage import rows_in, stage


def of_customers(
    engine: Engine,
    events: Table,
    cards: Table | None,
    homes: Collection[str],
    region: str | None,
) -> Table:
    """The events of customers: ``customer_id`` (canonical), ``kind`` and ``occurred_at``.

    ``events`` has the columns of the lake; ``cards`` as ``CARDS``, None where everybody is known by
    his id alone. The ids of the sources ``homes`` are as we show them, those of the others bear
    their source's name. ``region`` as ``e164`` has it.
    """
    if cards is None:
        named = events.mutate(customer_id=shown_id(events, homes))
        named = named.filter(named.customer_id.notnull())
        return named.select("customer_id", "kind", "occurred_at")
    keyed = events.mutate(who=_key(events))
    # each way of naming somebody once: there are far fewer of them than events
    seen = keyed.select("source", "customer_id", "email", "phone", "who").distinct()
    named = seen.select(
        "who",
        id=shown_id(seen, homes),
        email=normal_email(seen.email),
        phone=seen.phone.strip().nullif(""),
    )
    known = _known(engine, stage(engine, named), cards, region)
    joined = keyed.inner_join(known, "who")
    return joined.select(customer_id=known.customer, kind=keyed.kind, occurred_at=keyed.occurred_at)


def _known(engine: Engine, named: Table, cards: Table, region: str | None) -> Table:
    """``who`` and ``customer`` of those who are customers."""
    by_id = stage(engine, _owners(named, cards.select(key="own", owner="customer"), "id"))
    rest = stage(engine, named.anti_join(by_id, "who"))
    by_email = stage(engine, _owners(rest, cards.select(key="email", owner="customer"), "email"))
    rest = stage(engine, rest.anti_join(by_email, "who").filter(rest.phone.notnull()))
    parts = [by_id, by_email]
    if rows_in(rest):
        parts.append(_by_number(engine, rest, cards, region))
    return stage(engine, ibis.union(*parts))


def _owners(rows: Table, keys: Table, column: str) -> Table:
    """``who`` and ``customer`` of the rows whose key is one customer's alone."""
    each = keys.filter(keys.key.notnull()).group_by("key")
    alone = each.aggregate(owner=ibis._.owner.min(), other=ibis._.owner.max())
    alone = alone.filter(alone.owner == alone.other)
    joined = rows.inner_join(alone, rows[column] == alone.key)
    return joined.select(who=rows.who, customer=alone.owner)


def _by_number(engine: Engine, rows: Table, cards: Table, region: str | None) -> Table:
    """As ``_owners``; only numbers that end alike are worked out."""
    ends = rows.select(tail=_tail(rows.phone)).distinct()
    dialled = cards.filter(cards.phone.notnull()).mutate(tail=_tail(cards.phone))
    near = stage(engine, dialled.semi_join(ends, "tail").select("phone", "customer"))
    phones = ibis.union(near.select("phone"), rows.select("phone"), distinct=True)
    written: list[str] = engine.to_pyarrow(phones)["phone"].to_pylist()
    numbers = pa.array(e164(written, region), pa.string())
    spelt = stage(engine, ibis.memtable(pa.table({"written": written, "number": numbers})))
    theirs = near.inner_join(spelt, near.phone == spelt.written)
    told = rows.inner_join(spelt, rows.phone == spelt.written).select("who", "number")
    return _owners(told, theirs.select(key=spelt.number, owner=near.customer), "number")


def _tail(phone: Text) -> Text:
    return phone.re_replace(r"\D", "").right(TAIL)


def _key(events: Table) -> Text:
    """One text for a way of naming somebody; no id, address or number holds a line feed."""
    parts = [events[name].fill_null("") for name in ("customer_id", "email", "phone")]
    return events.source + "\n" + parts[0] + "\n" + parts[1] + "\n" + parts[2]
