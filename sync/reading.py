"""How orders are read: whose they are, and what they are worth in the shop's currency."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import ibis
import pyarrow.parquet as pq

from connectors.errors import Misconfigured
from segmenter.cards import attributed
from segmenter.expr import Engine, Table
from segmenter.money import Rates, Unpriced, converted, exact, foreign, unpriced
from segmenter.people import Joining
from sync.present import present

if TYPE_CHECKING:
    from sync.app import App

#: The folder in ``data_dir`` for what is known of who is who.
FOLDER = "identity"


@dataclass(frozen=True, slots=True)
class Reading:
    """What stands beside a published result; paths are relative to ``data_dir``.

    ``home`` is the source whose customer ids stay as they are. Without ``cards`` everybody is
    known by his id or address alone. ``rates``: by currency the days (ISO, or None) and rates.
    ``timezone``: whose days are counted.
    """

    currency: str = ""
    rates: Mapping[str, tuple[tuple[str | None, str], ...]] | None = None
    join_by: tuple[str, ...] = ()
    phone_region: str | None = None
    most: int = 10
    home: str | None = None
    cards: str | None = None
    retired: str | None = None
    shared: str | None = None
    shared_keys: int = 0
    timezone: str = ""

    def to_dict(self) -> dict[str, Any]:
        """Plain values that JSON can hold."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any] | None) -> Reading:
        """Back from ``to_dict``; None is what was published before there was any."""
        if values is None:
            return cls()
        rates = {
            code: tuple((day, rate) for day, rate in dated)
            for code, dated in (values["rates"] or {}).items()
        }
        told: dict[str, Any] = {**values, "rates": rates, "join_by": tuple(values["join_by"])}
        return cls(**told)

    def joining(self) -> Joining:
        """How people are told apart, in the segmenter's words."""
        return Joining(self.join_by, self.phone_region, self.most)

    def asked(self) -> Reading:
        """Only what the operator chose."""
        return replace(self, home=None, cards=None, retired=None, shared=None, shared_keys=0)

    def worth(self) -> Rates:
        """The rates, in the segmenter's words."""
        return {
            code: tuple((_day(day), Decimal(rate)) for day, rate in dated)
            for code, dated in (self.rates or {}).items()
        }


def published(app: App) -> Reading:
    """How the published result was read; as the configuration asks if nothing is published."""
    latest = app.store.latest_snapshot()
    if latest is None or latest.reading is None:
        return app.reading()
    return Reading.from_dict(latest.reading)


def home_of(app: App, reading: Reading) -> str | None:
    """The source whose ids stay as they are: the one that was there first."""
    if reading.home is not None:
        return reading.home
    there = app.store.brought("orders")
    return next((name for name in app.sources if name in there), min(there, default=None))


def homes_of(app: App, reading: Reading) -> frozenset[str]:
    """The sources whose customer ids are as we show them: the home, and who brings events alone."""
    home = home_of(app, reading)
    others = app.store.brought("events") - app.store.brought("orders")
    return others | (frozenset() if home is None else {home})


def as_published(app: App, engine: Engine, orders: Table) -> Table:
    """These orders, each of its canonical customer and in the shop's currency.

    Raises Misconfigured for a currency without a rate.
    """
    reading = published(app)
    money = in_currency(engine, orders, app.reading())
    return attributed(engine, money, cards_of(app, engine, reading), reading.home)


def cards_of(app: App, engine: Engine, reading: Reading) -> Table | None:
    """The cards of a published result, if it has any."""
    if reading.cards is None:
        return None
    return engine.read_parquet(present(app.loaded.data_dir / reading.cards))


def in_currency(engine: Engine, orders: Table, reading: Reading) -> Table:
    """The orders with all amounts in the shop's currency.

    Raises Misconfigured for orders that no rate covers.
    """
    if not foreign(orders, reading.currency):
        return exact(orders)
    left = unpriced(engine, orders, reading.currency, reading.worth())
    if left:
        raise Misconfigured(_sentence(left[0], reading))
    return converted(orders, reading.currency, reading.worth())


def as_then(app: App, engine: Engine, orders: Table, then: Reading) -> Table:
    """The orders as a published result read them; without complaint, as it is published."""
    if then.rates:
        known = orders.currency.fill_null("").isin(["", then.currency, *then.rates])
        orders = converted(orders.filter(known), then.currency, then.worth())
        orders = orders.filter(ibis._.amount.notnull())
    else:
        orders = exact(orders)
    return attributed(engine, orders, cards_of(app, engine, then), then.home)


def shared_keys(app: App) -> list[dict[str, Any]]:
    """The ``kind``, ``key`` and ``beside`` (how many others) of the keys that join nobody."""
    place = published(app).shared
    if place is None:
        return []
    rows: list[dict[str, Any]] = pq.read_table(present(app.loaded.data_dir / place)).to_pylist()
    return rows


def _day(text: str | None) -> date | None:
    return None if text is None else date.fromisoformat(text)


def _sentence(left: Unpriced, reading: Reading) -> str:
    found = (
        f"the source {left.source} has {left.orders:,} orders in {left.currency} from "
        f"{left.first} to {left.last}, and the configuration has no rate"
    )
    if left.currency in (reading.rates or {}):
        return (
            f"{found} for those days: add one to currencies: {left.currency} with an earlier from"
        )
    return (
        f"{found}: add what 1 {left.currency} is worth in {reading.currency}, such as "
        f"currencies: {{{left.currency}: 0.79}}"
    )
