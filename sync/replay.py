"""A stretch of the past replayed: what would have moved, and what that would have cost."""

from __future__ import annotations

import math
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

import ibis

from connectors import registry
from connectors.base import Destination
from connectors.errors import Misconfigured
from connectors.types import Change, Identify, Track
from segmenter.pinned import edges_of
from segmenter.replay import DayCounted, Tally, read_log, replay
from segmenter.schemes import ALL
from sync.people import as_known
from sync.progress import Progress

if TYPE_CHECKING:
    from segmenter.expr import Engine, Table
    from sync.app import App

#: Left out ``--from``: so many days before the last one.
DAYS = 60


@dataclass(frozen=True, slots=True)
class Cost:
    """Requests at one destination: the first load, and all later days together."""

    first_load: int
    requests: int
    profiles: int
    events: int


@dataclass(frozen=True, slots=True)
class Replayed:
    """Each day in numbers, the first one (on which everybody is new) included."""

    schemes: tuple[str, ...]
    left_out: tuple[str, ...]
    days: tuple[DayCounted, ...]
    destinations: Mapping[str, Cost]
    seconds: float

    def later(self) -> Sequence[DayCounted]:
        """The days on which somebody can have moved: all but the first."""
        return self.days[1:]

    def share(self, scheme: str, cause: str | None = None) -> float:
        """Mean over the days of the share of customers who moved (for one cause)."""
        shares = [_moves(day, scheme, cause) / day.customers for day in self.later()]
        return sum(shares) / len(shares) if shares else 0.0

    def causes(self, scheme: str) -> Mapping[str, int]:
        """Moves by cause, the most frequent first."""
        found: Counter[str] = Counter()
        for day in self.later():
            found.update(day.schemes[scheme].causes)
        return dict(found.most_common())

    def worst(self, scheme: str) -> DayCounted:
        """The day with the greatest share of customers moved."""
        return max(self.days, key=lambda day: _moves(day, scheme, None) / max(day.customers, 1))

    def to_dict(self) -> dict[str, Any]:
        """Plain values that JSON can hold."""
        return {
            "from": self.days[0].day.isoformat(),
            "to": self.days[-1].day.isoformat(),
            "customers": self.days[-1].customers,
            "refits": sum(day.refitted for day in self.days),
            "schemes": {scheme: self._scheme(scheme) for scheme in self.schemes},
            "not_replayed": list(self.left_out),
            "destinations": {
                name: {
                    "first_load_requests": cost.first_load,
                    "requests": cost.requests,
                    "profiles": cost.profiles,
                    "events": cost.events,
                }
                for name, cost in self.destinations.items()
            },
            "seconds": round(self.seconds, 2),
        }

    def _scheme(self, scheme: str) -> dict[str, Any]:
        moves = sum(self.causes(scheme).values())
        flaps = sum(day.schemes[scheme].flaps for day in self.days)
        worst = self.worst(scheme)
        return {
            "moves": moves,
            "share_a_day": self.share(scheme),
            "causes": {
                cause: {"moves": count, "share_a_day": self.share(scheme, cause)}
                for cause, count in self.causes(scheme).items()
            },
            "flaps": flaps,
            "flaps_of_moves": flaps / moves if moves else 0.0,
            "worst_day": _day(worst, scheme),
            "days": [_day(day, scheme) for day in self.days],
        }


def _day(day: DayCounted, scheme: str) -> dict[str, Any]:
    counted = day.schemes[scheme]
    return {
        "day": day.day.isoformat(),
        "customers": day.customers,
        "new": day.new,
        "moves": counted.moves,
        "share": counted.moves / day.customers if day.customers else 0.0,
        "causes": dict(counted.causes),
        "flaps": counted.flaps,
        "refitted": day.refitted,
    }


def _moves(day: DayCounted, scheme: str, cause: str | None) -> int:
    counted = day.schemes[scheme]
    return counted.moves if cause is None else counted.causes.get(cause, 0)


def replayed(
    app: App,
    first: date | None,
    last: date | None,
    schemes: tuple[str, ...],
    progress: Progress,
) -> Replayed:
    """Replay ``first`` to ``last`` on the orders of the lake; nothing is written or sent.

    Left out, ``last`` is the last day with an order (at most today) and ``first`` lies 60 days
    before it. ``schemes``: those of the configuration if empty. Raises Misconfigured for days
    without orders before them, and for a scheme that cannot be replayed.
    """
    began = time.monotonic()
    engine = app.engine()
    orders: Table = as_known(app, engine, app.lake().orders(engine)).orders
    orders = orders.filter(orders.ordered_at <= ibis.literal(app.clock.now()))
    first, last = _stretch(engine, orders, first, last, app.today())
    asked = schemes or app.segmentation().schemes
    chosen = _chosen(schemes, asked)
    settings = replace(app.segmentation(), schemes=chosen)
    log = read_log(engine, orders, last)
    tally, total = Tally(len(log.names)), (last - first).days + 1
    refit = app.loaded.settings.segmentation.refit_days
    days: list[DayCounted] = []
    pins = edges_of(app.loaded.segments.pinned)
    for day in replay(engine, log, first, last, settings, refit_days=refit, pinned=pins):
        days.append(tally.count(day))
        progress.advance("replay", len(days), total, f"{day.day}")
    costs = {name: _cost(app, name, days) for name in app.destinations}
    left_out = tuple(scheme for scheme in asked if scheme not in chosen)
    return Replayed(chosen, left_out, tuple(days), costs, time.monotonic() - began)


def _chosen(schemes: tuple[str, ...], asked: tuple[str, ...]) -> tuple[str, ...]:
    chosen = tuple(scheme for scheme in asked if scheme in ALL)
    wrong = [scheme for scheme in schemes if scheme not in ALL]
    if wrong or not chosen:
        raise Misconfigured(
            f"{', '.join(wrong or asked)} cannot be replayed; --scheme takes {', '.join(ALL)}"
        )
    return chosen


def _stretch(
    engine: Engine, orders: Table, first: date | None, last: date | None, today: date
) -> tuple[date, date]:
    bought = orders.filter(orders.kind == "order")
    day = bought.ordered_at.date()
    found: list[dict[str, date | None]] = engine.to_pyarrow(
        bought.aggregate(oldest=day.min(), newest=day.max())
    ).to_pylist()
    oldest, newest = found[0]["oldest"], found[0]["newest"]
    if oldest is None or newest is None:
        raise Misconfigured("there is no order to replay; look at the sources: tidesman check")
    last = min(newest, today) if last is None else last
    if first is None:
        first = max(last - timedelta(days=DAYS), oldest)
    if not oldest <= first < last <= today:
        raise Misconfigured(
            f"the orders go from {oldest} to {newest}: --from must lie in there and --to after it, "
            f"not in the future; they are {first} and {last}"
        )
    return first, last


def _cost(app: App, name: str, days: Sequence[DayCounted]) -> Cost:
    kind = registry.destination(app.loaded.settings.destinations[name].type)
    projection = app.projection(name)
    told = projection.event_schemes if projection.events else ()
    first_load, *later = [
        (
            day.new + day.changed,
            sum(day.schemes[s].moves for s in told if s in day.schemes),
        )
        for day in days
    ]
    return Cost(
        _requests(kind, Identify, first_load[0]),
        sum(_requests(kind, Identify, p) + _requests(kind, Track, e) for p, e in later),
        sum(profiles for profiles, _ in later),
        sum(events for _, events in later),
    )


def _requests(kind: type[Destination[Any]], change: type[Change], count: int) -> int:
    delivery = kind.deliveries.get(change)
    return 0 if delivery is None else math.ceil(count / delivery.size)
