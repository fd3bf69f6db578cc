"""Everything that is known of one customer."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import ibis

from connectors.errors import Misconfigured
from segmenter.cards import attributed, under
from segmenter.identity import normal_email, with_customer
from segmenter.outlook import Move, outlook
from segmenter.settings import Settings
from sync.ledger import LedgerRow, rows_of
from sync.names import Names, names_of
from sync.past import basis_of
from sync.present import located
from sync.reading import Reading, cards_of
from sync.store import Snapshot, Transition
from sync.story import FIRST_TIME, Stories

if TYPE_CHECKING:
    from segmenter.expr import Engine, Table
    from sync.app import App


@dataclass(frozen=True, slots=True)
class Bought:
    """One order, or what was given back."""

    on: date
    order_id: str
    source: str
    kind: str
    amount: Decimal
    currency: str


@dataclass(frozen=True, slots=True)
class Placed:
    """Where the customer is in one scheme, since when, and why; ``told`` says it in words."""

    scheme: str
    segment: str
    previous: str | None
    since: date
    cause: str
    told: str


@dataclass(frozen=True, slots=True)
class Person:
    """One customer as of the published day. ``numbers`` are the columns of the evaluation.

    ``coming``: his moves of the next two years if he buys nothing more, and model and thresholds
    stay as they are.
    """

    as_of: date
    customer_id: str
    numbers: dict[str, Any]
    placed: tuple[Placed, ...]
    orders: tuple[Bought, ...]
    moves: tuple[Transition, ...]
    coming: tuple[Move, ...]
    accepted: tuple[LedgerRow, ...]


def find(app: App, who: str) -> list[Person]:
    """The customers with that id, e-mail address or phone; an address may stand for several.

    Raises Misconfigured if nothing was published yet.
    """
    snapshot = app.store.latest_snapshot()
    if snapshot is None:
        raise Misconfigured("nothing was published yet; begin with: tidesman run")
    engine = app.engine()
    published = engine.read_parquet(located(app, snapshot))
    address = normal_email(published.email)
    mine = published.filter((published.customer_id == who) | (address == who.strip().lower()))
    reading = Reading.from_dict(snapshot.reading)
    cards = cards_of(app, engine, reading)
    if cards is not None:
        known = under(cards, who, reading.phone_region)
        theirs = published.semi_join(known, published.customer_id == known.customer)
        mine = ibis.union(mine, theirs, distinct=True)
    rows = engine.to_pyarrow(mine.order_by("customer_id")).to_pylist()
    exact = [row for row in rows if row["customer_id"] == who]
    schemes = Settings.from_dict(snapshot.settings).schemes
    lake = app.lake().orders(engine, up_to=snapshot.lake_version)
    lake = with_customer(attributed(engine, lake, cards, reading.home))
    names = names_of(app)
    found: list[Person] = []
    for row in exact or rows:
        customer = row["customer_id"]
        bought = lake.filter(lake.customer == customer).mutate(on=lake.ordered_at.date())
        bought = bought.order_by(["ordered_at", "order_id"]).select(
            "on", "order_id", "source", "kind", "amount", "currency"
        )
        moves = tuple(app.store.history(customer))
        stories = Stories(app, engine, customer)
        found.append(
            Person(
                snapshot.as_of,
                customer,
                {key: value for key, value in row.items() if not _of_scheme(key, schemes)},
                tuple(_placed(row, scheme, moves, stories, names) for scheme in schemes),
                tuple(Bought(**each) for each in engine.to_pyarrow(bought).to_pylist()),
                tuple(map(names.told, moves)),
                tuple(map(names.told, _coming(app, engine, snapshot, published, customer))),
                tuple(rows_of(app.store, customer, app.destinations)),
            )
        )
    return found


def _of_scheme(column: str, schemes: tuple[str, ...]) -> bool:
    ends = ("segment", "previous", "since", "cause", "changed")
    return any(column == f"{scheme}_{end}" for scheme in schemes for end in ends)


def _placed(
    row: dict[str, Any],
    scheme: str,
    moves: tuple[Transition, ...],
    stories: Stories,
    names: Names,
) -> Placed:
    segment, previous, since, cause = (
        row[f"{scheme}_{key}"] for key in ("segment", "previous", "since", "cause")
    )
    mine = [move for move in moves if move.scheme == scheme]
    # the first load writes down nobody's coming
    told = stories.of(mine[-1]) if mine else FIRST_TIME
    before = None if previous is None else names.of(scheme, previous)
    return Placed(scheme, names.of(scheme, segment), before, since, cause, told)


def _coming(
    app: App, engine: Engine, snapshot: Snapshot, published: Table, customer: str
) -> tuple[Move, ...]:
    basis = basis_of(app, engine, snapshot)
    if basis is None:
        return ()
    his = published.filter(published.customer_id == customer)
    return outlook(engine, his, basis, Settings.from_dict(snapshot.settings))
