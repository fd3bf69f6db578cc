"""Everything that is known of one customer."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from connectors.errors import Misconfigured
from segmenter.identity import normal_email, with_customer
from segmenter.settings import Settings
from sync.ledger import LedgerRow, rows_of
from sync.segment import located
from sync.store import Transition

if TYPE_CHECKING:
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
    """Where the customer is in one scheme, since when, and why."""

    scheme: str
    segment: str
    previous: str | None
    since: date
    cause: str


@dataclass(frozen=True, slots=True)
class Person:
    """One customer as of the published day. ``numbers`` are the columns of the evaluation."""

    as_of: date
    customer_id: str
    numbers: dict[str, Any]
    placed: tuple[Placed, ...]
    orders: tuple[Bought, ...]
    moves: tuple[Transition, ...]
    accepted: tuple[LedgerRow, ...]


def find(app: App, who: str) -> list[Person]:
    """The customers with that id or e-mail address; an address may stand for several.

    Raises Misconfigured if nothing was published yet.
    """
    snapshot = app.store.latest_snapshot()
    if snapshot is None:
        raise Misconfigured("nothing was published yet; begin with: tidesman run")
    engine = app.engine()
    published = engine.read_parquet(located(app, snapshot))
    address = normal_email(published.email)
    mine = published.filter((published.customer_id == who) | (address == who.strip().lower()))
    rows = engine.to_pyarrow(mine.order_by("customer_id")).to_pylist()
    exact = [row for row in rows if row["customer_id"] == who]
    schemes = Settings.from_dict(snapshot.settings).schemes
    lake = with_customer(app.lake().orders(engine, up_to=snapshot.lake_version))
    found: list[Person] = []
    for row in exact or rows:
        customer = row["customer_id"]
        bought = lake.filter(lake.customer == customer).mutate(on=lake.ordered_at.date())
        bought = bought.order_by(["ordered_at", "order_id"]).select(
            "on", "order_id", "source", "kind", "amount", "currency"
        )
        found.append(
            Person(
                snapshot.as_of,
                customer,
                {key: value for key, value in row.items() if not _of_scheme(key, schemes)},
                tuple(_placed(row, scheme) for scheme in schemes),
                tuple(Bought(**each) for each in engine.to_pyarrow(bought).to_pylist()),
                tuple(app.store.history(customer)),
                tuple(rows_of(app.store, customer, app.destinations)),
            )
        )
    return found


def _of_scheme(column: str, schemes: tuple[str, ...]) -> bool:
    ends = ("segment", "previous", "since", "cause", "changed")
    return any(column == f"{scheme}_{end}" for scheme in schemes for end in ends)


def _placed(row: dict[str, Any], scheme: str) -> Placed:
    keys = ("segment", "previous", "since", "cause")
    return Placed(scheme, *(row[f"{scheme}_{key}"] for key in keys))
