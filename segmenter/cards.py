"""The cards under which customers came: each combination of customer id, e-mail and phone, once.

Two shops may give the same customer id to two people, so the ids of every source but one bear the
source's name: ``outlet:17850``. The one is ``home``, whose ids stay as they are.
"""

from __future__ import annotations

from collections.abc import Collection

import ibis
import pyarrow as pa

from segmenter.expr import Engine, Table, Text
from segmenter.identity import normal_email
from segmenter.phone import TAIL, e164
from segmenter.stage import rows_in, stage

#: ``phone`` is as it was written, ``number`` its E.164 where that was worth working out. ``own`` is
#: the key to which the card's orders belong, ``customer`` whose key that is: the canonical id.
CARDS: pa.Schema = pa.schema(
    {
        "id": pa.string(),
        "email": pa.string(),
        "phone": pa.string(),
        "number": pa.string(),
        "since": pa.timestamp("us", "UTC"),
        "own": pa.string(),
        "customer": pa.string(),
    }
)
_SEEN = ("id", "email", "phone")


def seen_in(orders: Table, home: str) -> Table:
    """The cards of these orders: ``id``, ``email``, ``phone`` and ``since``, each once."""
    # What is written alike is put together first: there is far less of it to be normalised.
    raw = orders.group_by("source", "customer_id", "email", "phone").aggregate(
        since=orders.ordered_at.min()
    )
    cards = raw.select(
        id=_id_of(raw, home),
        email=normal_email(raw.email),
        phone=_phone_of(raw),
        since=raw.since,
    )
    named = ibis.or_(*[cards[name].notnull() for name in _SEEN])
    return cards.filter(named).group_by(*_SEEN).aggregate(since=ibis._.since.min())


def named(rows: Table, homes: Collection[str]) -> Table:
    """``source``, ``raw`` (the id there), and ``id``, ``email``, ``phone`` as cards have them.

    ``homes`` are the sources whose ids stay as they are; rows are orders or events.
    """
    return rows.select(
        source=rows.source,
        raw=rows.customer_id.nullif(""),
        id=shown_id(rows, homes),
        email=normal_email(rows.email),
        phone=_phone_of(rows),
    ).distinct()


def shown_id(rows: Table, homes: Collection[str]) -> Text:
    """The id under which a customer of a row is shown: with the source's name, but at ``homes``."""
    given = rows.customer_id.nullif("")
    return ibis.ifelse(rows.source.isin(sorted(homes)), given, rows.source + ":" + given)


def unknown(cards: Table, known: Table) -> Table:
    """Those of the cards that are not among the known ones."""
    there = known.select(key=_key(known.id, known.email, known.phone))
    keyed = cards.mutate(key=_key(cards.id, cards.email, cards.phone))
    return keyed.anti_join(there, "key").drop("key")


def with_numbers(engine: Engine, cards: Table, region: str | None, crowded: Table) -> Table:
    """The cards with ``number`` for all phones that might join somebody, or name a customer.

    Parsing takes 35 microseconds a number, so it is done only where two customers share the last
    digits, and for guests whom nothing else names (``crowded``: the e-mails that name nobody).
    """
    tails = cards.mutate(tail=_tail(cards.phone)).filter(ibis._.tail != "")
    owner = tails.id.fill_null(tails.email).fill_null(tails.phone)
    met = tails.group_by("tail").aggregate(met=owner.min() != owner.max()).filter(ibis._.met)
    several = tails.semi_join(met, "tail").select("phone", "number")
    guests = cards.filter(cards.id.isnull() & cards.phone.notnull())
    nameless = ibis.union(
        guests.filter(guests.email.isnull()).select("phone", "number"),
        guests.semi_join(crowded, guests.email == crowded.key).select("phone", "number"),
    )
    wanted = ibis.union(several, nameless).filter(ibis._.number.isnull()).select("phone")
    phones: list[str] = wanted.distinct().to_pyarrow()["phone"].to_pylist()
    if not phones:
        return cards
    parsed = pa.table(
        {"written": pa.array(phones), "dialled": pa.array(e164(phones, region), pa.string())}
    )
    found = stage(engine, ibis.memtable(parsed))
    joined = cards.left_join(found, cards.phone == found.written)
    number = ibis.coalesce(cards.number, found.dialled)
    return stage(
        engine,
        joined.select(*[number.name(n) if n == "number" else cards[n] for n in cards.columns]),
    )


def attributed(engine: Engine, orders: Table, cards: Table | None, home: str | None) -> Table:
    """The orders with the canonical id of their customer as ``customer_id``, null for nobody.

    Without cards every customer is known by his id, or as a guest by his e-mail address.
    """
    if cards is None or home is None:
        return orders
    plain = ibis.coalesce(_id_of(orders, home), normal_email(orders.email))
    others = stage(engine, elsewhere(cards).select("key", "customer"))
    if rows_in(others) == 0:
        return orders.mutate(customer_id=plain)
    keyed = orders.mutate(plain=plain, key=_key_of(orders, home))
    joined = keyed.left_join(others, "key")
    customer = ibis.coalesce(others.customer, keyed.plain)
    return joined.select(
        *[customer.name(n) if n == "customer_id" else keyed[n] for n in orders.columns]
    )


def nameless(orders: Table) -> Table:
    """Of attributed orders those that name nobody, by id, usable address or number."""
    bare = orders.customer_id.fill_null("") == ""
    return orders.filter(bare & normal_email(orders.email).isnull())


def elsewhere(cards: Table) -> Table:
    """The cards whose orders do not belong to their own id or e-mail: hardly any.

    Columns ``key`` (by which orders find the card), ``plain`` (whose they would be without cards),
    ``own``, ``customer``.
    """
    plain = ibis.coalesce(cards.id, cards.email)
    moved = cards.mutate(plain=plain).filter(~ibis._.customer.identical_to(ibis._.plain))
    key = ibis.ifelse(moved.id.notnull(), moved.id, _key(moved.id, moved.email, moved.phone))
    return moved.select("plain", "own", "customer", key=key).distinct()


def by_person(rows: Table, cards: Table | None) -> Table:
    """Rows with a ``customer_id`` of whatever day, under the canonical id of today."""
    if cards is None:
        return rows
    here = rows.mutate(given=rows.customer_id)
    moved = elsewhere(cards).filter(ibis._.own != ibis._.customer)
    moved = moved.select("own", "customer").distinct()
    joined = here.left_join(moved, here.given == moved.own)
    customer = ibis.coalesce(moved.customer, here.given)
    return joined.select(
        *[customer.name(n) if n == "customer_id" else here[n] for n in rows.columns]
    )


def one_a_person(rows: Table, cards: Table | None) -> Table:
    """As ``by_person``, one row each: that under the canonical id itself, else the first by id."""
    if cards is None:
        return rows
    both = by_person(rows.mutate(was=rows.customer_id), cards)
    others = both.was != both.customer_id
    ranked = both.mutate(
        place=ibis.row_number().over(group_by="customer_id", order_by=[others, both.was])
    )
    return ranked.filter(ranked.place == 0).select(*rows.columns)


def under(cards: Table, who: str, region: str | None) -> Table:
    """``customer``: who ever went by that id, e-mail address or phone, however it is written."""
    (number,) = e164([who], region)
    given = who.strip()
    found = (cards.id == given) | (cards.email == given.lower()) | (cards.phone == given)
    found = found | (cards.own == given)
    if number is not None:
        # most numbers were never parsed; few end alike
        few = cards.filter(cards.number.isnull() & (_tail(cards.phone) == number[-TAIL:]))
        phones: list[str] = few.select("phone").distinct().to_pyarrow()["phone"].to_pylist()
        dialled = zip(phones, e164(phones, region), strict=True)
        same = [phone for phone, his in dialled if his == number]
        found = found | (cards.number == number) | cards.phone.isin(same)
    return cards.filter(found).select("customer").distinct()


def _id_of(orders: Table, home: str) -> Text:
    return shown_id(orders, (home,))


def _phone_of(rows: Table) -> Text:
    return rows.phone.strip().nullif("")


def _tail(phone: Text) -> Text:
    return phone.re_replace(r"\D", "").right(TAIL).fill_null("")


def _key_of(orders: Table, home: str) -> Text:
    own = _id_of(orders, home)
    guest = _key(ibis.null("string"), normal_email(orders.email), _phone_of(orders))
    return ibis.ifelse(own.notnull(), own, guest)


def _key(own: Text, email: Text, phone: Text) -> Text:
    """One text for a card; no id, address or number holds a line feed."""
    return own.fill_null("") + "\n" + email.fill_null("") + "\n" + phone.fill_null("")
