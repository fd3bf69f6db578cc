"""What a report tells of a published result, read back from what is stored."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING, Any

import ibis

from connectors.types import Kind
from segmenter.cards import attributed, nameless
from segmenter.evaluate import census
from segmenter.expr import Engine, Table
from segmenter.model import Model
from segmenter.schemes import definitions
from segmenter.settings import Settings
from sync.names import names_of
from sync.present import located
from sync.reading import Reading, cards_of
from sync.report import Segment
from sync.store import Snapshot
from sync.thresholds import waiting_pins

if TYPE_CHECKING:
    from sync.app import App

SHARED = (
    "{:,} ids, addresses or numbers stand beside more than {:,} others and join nobody: "
    "tidesman status --shared-keys"
)
NAMELESS = (
    "{:,} orders name nobody, by customer id, e-mail address or a number that can be dialled, and "
    "are in nobody's segments"
)
LOCAL = "; {:,} of them have a phone number without a country code: set identity.phone_region"


@dataclass(frozen=True, slots=True)
class Counted:
    """Orders up to a day, and those that lie after the moment of counting."""

    orders: int
    future: int


@dataclass(frozen=True, slots=True)
class Described:
    """What a report tells of a snapshot."""

    orders: int
    future: int
    segments: tuple[Segment, ...]
    notes: tuple[str, ...]


def described(app: App, snapshot: Snapshot) -> Described:
    """Read back from what is stored: the same whenever it is asked."""
    engine = app.engine()
    settings = Settings.from_dict(snapshot.settings)
    counted = count(app, engine, snapshot.as_of, snapshot.lake_version, snapshot.created_at)
    stored = engine.read_parquet(located(app, snapshot))
    names = names_of(app)
    order = [(scheme, name) for scheme, d in definitions(settings).items() for name in d.segments]
    rows = engine.to_pyarrow(census(stored, settings)).to_pylist()
    by_segment: dict[tuple[str, str], Any] = {(r["scheme"], r["segment"]): r for r in rows}
    segments = [
        Segment(
            row["scheme"],
            names.of(row["scheme"], row["segment"]),
            row["customers"],
            row["revenue_share"],
        )
        for row in (by_segment[key] for key in sorted(by_segment, key=order.index))
    ]
    version = snapshot.model_version
    model = None if version is None else app.store.model(version)
    notes = () if model is None else _notes(Model.from_json(model.body), snapshot.as_of)
    reading = Reading.from_dict(snapshot.reading)
    if reading.shared_keys:
        notes = (*notes, SHARED.format(reading.shared_keys, reading.most))
    notes = (*notes, *_nameless(app, engine, snapshot, reading))
    notes = (*notes, *waiting_pins(app, settings.schemes))
    return Described(counted.orders, counted.future, tuple(segments), notes)


def _nameless(app: App, engine: Engine, snapshot: Snapshot, reading: Reading) -> tuple[str, ...]:
    """How many of the day's orders are nobody's, and what would name some of them."""
    orders: Table = app.lake().orders(engine, up_to=snapshot.lake_version)
    told = (orders.ordered_at < ibis.literal(_end(app, snapshot.as_of))) & (
        orders.kind == Kind.ORDER.value
    )
    bare = nameless(orders).filter(told)
    left = nameless(attributed(engine, bare, cards_of(app, engine, reading), reading.home))
    counted = left.aggregate(n=left.count(), phones=left.phone.strip().nullif("").count())
    found = engine.to_pyarrow(counted).to_pylist()[0]
    if not found["n"]:
        return ()
    local = reading.phone_region is None and found["phones"]
    return (NAMELESS.format(found["n"]) + (LOCAL.format(found["phones"]) if local else ""),)


def _notes(model: Model, day: date) -> tuple[str, ...]:
    """What the model says of itself, with its day where it was learnt earlier."""
    ranking = () if model.ranking is None else (f"ranking: {model.ranking.verdict}",)
    notes = (*model.notes, *ranking)
    if model.fitted_on == day:
        return notes
    return tuple(f"{note} (learnt on {model.fitted_on})" for note in notes)


def count(app: App, engine: Engine, as_of: date, version: int, moment: datetime) -> Counted:
    """Count the orders of a version of the lake by the shop's day; those after the moment apart."""
    orders: Table = app.lake().orders(engine, up_to=version)
    orders = orders.filter(orders.kind == Kind.ORDER.value)
    now = ibis.literal(moment)
    row = orders.aggregate(
        orders=(
            (orders.ordered_at < ibis.literal(_end(app, as_of))) & (orders.ordered_at <= now)
        ).sum(),
        future=(orders.ordered_at > now).sum(),
    )
    found = engine.to_pyarrow(row).to_pylist()[0]
    return Counted(found["orders"] or 0, found["future"] or 0)


def _end(app: App, day: date) -> datetime:
    """When the shop's day ends: asking each order for its day costs a second a million."""
    return datetime.combine(day + timedelta(days=1), time(), app.timezone).astimezone(UTC)
