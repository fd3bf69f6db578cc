"""Which cards are one person: those that are joined by an id, an e-mail address or a phone.

A person's canonical id is the key under which he was known first, and stays so. A key that stands
beside too many others is a till's or an office's: it joins nobody.
"""

from __future__ import annotations

from dataclasses import dataclass

import ibis
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from segmenter.cards import CARDS, elsewhere, with_numbers
from segmenter.expr import Column, Engine, Flag, Table
from segmenter.stage import stage

KINDS = ("email", "phone")


@dataclass(frozen=True, slots=True)
class Joining:
    """How people are told apart.

    ``join_by`` names what joins customers. ``phone_region`` is where phone numbers without a
    country code belong. A key beside more than ``most`` ids, addresses or numbers is shared.
    """

    join_by: tuple[str, ...] = KINDS
    phone_region: str | None = None
    most: int = 10


@dataclass(frozen=True, slots=True)
class People:
    """``cards`` as ``CARDS``; ``shared``: ``kind``, ``key`` and ``beside``, how many others."""

    cards: Table
    shared: Table


def join(engine: Engine, cards: Table, joining: Joining, given: Table | None) -> People:
    """Put cards together to people.

    ``cards`` has at least ``id``, ``email``, ``phone``, ``number`` and ``since``; ``given``: the
    column ``customer_id`` with every canonical id that was given before.
    """
    cards = stage(engine, cards)
    crowded = stage(engine, _crowded(cards, "email", cards.email, (cards.id, cards.phone), joining))
    cards = with_numbers(engine, cards, joining.phone_region, crowded)
    number = cards.number
    office = stage(engine, _crowded(cards, "phone", number, (cards.id, cards.email), joining))
    busy = stage(engine, _crowded(cards, "id", cards.id, (cards.email, cards.phone), joining))
    marked = _marked(engine, cards, crowded, office, busy)
    roots = _roots(engine, marked, joining, given)
    joined = marked.left_join(roots, marked.own == roots.key)
    customer = ibis.coalesce(roots.customer, marked.own)
    columns = [marked[name] for name in CARDS.names if name != "customer"]
    whole = stage(engine, joined.select(*columns, customer=customer))
    return People(whole, ibis.union(crowded, office, busy))


def changed_hands(engine: Engine, before: Table | None, now: Table) -> Table:
    """Whose orders are somebody else's now: ``customer_id`` of then and ``survivor``."""
    new = elsewhere(now)
    if before is None:
        pairs = new.select(customer_id=new.plain, survivor=new.customer)
    else:
        old = elsewhere(before).select(was_key="key", was_plain="plain", was="customer")
        both = new.outer_join(old, new.key == old.was_key)
        then = ibis.coalesce(old.was, new.plain)
        pairs = both.select(customer_id=then, survivor=ibis.coalesce(new.customer, old.was_plain))
    real = pairs.filter(pairs.customer_id != pairs.survivor)
    return stage(engine, real.distinct())


def retired(engine: Engine, cards: Table, published: Table) -> Table:
    """Which published ids are somebody else's now: ``customer_id``, ``survivor``."""
    moved = elsewhere(cards).filter(ibis._.own != ibis._.customer)
    pairs = moved.select(customer_id="own", survivor="customer").distinct()
    return stage(engine, pairs.semi_join(published, "customer_id"))


def _crowded(
    cards: Table, kind: str, key: Column, beside: tuple[Column, Column], joining: Joining
) -> Table:
    """Keys that stand beside too many others to be one person's."""
    most = ibis.literal(joining.most)
    rows = cards.select(key=key, one=beside[0], other=beside[1]).filter(ibis._.key.notnull())
    many = rows.group_by("key").aggregate(n=rows.count()).filter(ibis._.n > most)
    found = rows.semi_join(many, "key").group_by("key")
    counted = found.aggregate(one=ibis._.one.nunique(), other=ibis._.other.nunique())
    counted = counted.mutate(beside=ibis.greatest(counted.one, counted.other).cast("int64"))
    wide = counted.filter(counted.beside > most)
    return wide.select(kind=ibis.literal(kind), key=wide.key, beside=wide.beside)


def _marked(engine: Engine, cards: Table, crowded: Table, office: Table, busy: Table) -> Table:
    """The cards with the key to which their orders belong, and whether each key may join."""
    emails, numbers, ids = (
        shared.select(**{f"{name}_key": "key"})
        for name, shared in (("e", crowded), ("n", office), ("i", busy))
    )
    rows = cards.left_join(emails, cards.email == emails.e_key)
    rows = rows.left_join(numbers, rows.number == numbers.n_key)
    rows = rows.left_join(ids, rows.id == ids.i_key)
    joins_email: Flag = rows.email.notnull() & rows.e_key.isnull()
    joins_phone: Flag = rows.number.notnull() & rows.n_key.isnull()
    own = ibis.coalesce(
        rows.id,
        ibis.ifelse(joins_email, rows.email, ibis.null("string")),
        ibis.ifelse(joins_phone, rows.number, ibis.null("string")),
        rows.email,
        rows.number,
    )
    several = rows.select(
        *[rows[name] for name in ("id", "email", "phone", "number", "since")],
        own=own,
        by_email=joins_email & rows.i_key.isnull(),
        by_phone=joins_phone & rows.i_key.isnull(),
    )
    return stage(engine, several.filter(several.own.notnull()))


def _roots(engine: Engine, marked: Table, joining: Joining, given: Table | None) -> Table:
    """``key`` and ``customer`` for every own key that is joined to another."""
    edges = stage(engine, _edges(marked, joining))
    found = edges.to_pyarrow()
    labels = stage(engine, ibis.memtable(_components(found["own"], found["contact"])))
    kind = ibis.cases((marked.id.notnull(), 0), (marked.own == marked.email, 1), else_=2)
    owners = marked.mutate(kind=kind).semi_join(edges, "own").group_by("own")
    known = owners.aggregate(since=ibis._.since.min(), kind=ibis._.kind.min())
    rows = known.inner_join(labels, known.own == labels.key)
    if given is not None:
        was = given.select(was="customer_id").distinct()
        rows = rows.left_join(was, rows.own == was.was)
        rows = rows.mutate(fresh=ibis.ifelse(rows.was.isnull(), 1, 0))
    else:
        rows = rows.mutate(fresh=ibis.literal(0))
    first = ibis.row_number().over(group_by="label", order_by=["fresh", "since", "kind", "own"])
    ranked = stage(engine, rows.select("own", "label", place=first))
    heads = ranked.filter(ranked.place == 0).select(root="own", of="label")
    return stage(
        engine,
        ranked.inner_join(heads, ranked.label == heads.of).select(
            key=ranked.own, customer=heads.root
        ),
    )


def _edges(marked: Table, joining: Joining) -> Table:
    """``own`` and ``contact`` for the addresses and numbers that more than one key uses."""
    parts: list[Table] = []
    for kind, column in (("email", "email"), ("phone", "number")):
        if kind in joining.join_by:
            used = marked.filter(marked[f"by_{kind}"])
            parts.append(used.select("own", contact=used[column]))
    if not parts:
        return marked.filter(ibis.literal(False)).select("own", contact="own")
    uses = ibis.union(*parts) if len(parts) > 1 else parts[0]
    met = (
        uses.group_by("contact").aggregate(met=uses.own.min() != uses.own.max()).filter(ibis._.met)
    )
    return uses.semi_join(met, "contact").distinct()


def _components(own: pa.ChunkedArray, contact: pa.ChunkedArray) -> pa.Table:
    """``key`` and ``label``: keys with the same label are joined, over however many steps."""
    keys = pa.chunked_array([*own.chunks, *contact.chunks], pa.string()).unique()
    find: Column = pc.index_in  # pyright: ignore[reportAttributeAccessIssue] - made at run time
    ends = [find(side, keys).to_numpy().astype(np.int64) for side in (own, contact)]
    links = coo_array((np.ones(len(own), np.int8), (ends[0], ends[1])), (len(keys), len(keys)))
    _, labels = connected_components(links, directed=False)
    return pa.table({"key": keys, "label": pa.array(labels.astype(np.int64))})
