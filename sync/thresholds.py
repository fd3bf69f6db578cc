"""Thresholds proposed anew, with whom they would move; and all that were proposed so far."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import TYPE_CHECKING, Any

from connectors.errors import Misconfigured
from segmenter.basis import Basis
from segmenter.cause import THRESHOLD
from segmenter.complete import complete
from segmenter.evaluate import evaluate, moves
from segmenter.learn import propose
from segmenter.pinned import edges_of
from segmenter.thresholds import Thresholds
from sync.activity import Activity
from sync.names import names_of
from sync.reading import cards_of
from sync.segment import Segmenting
from sync.store import Moved, Proposal

if TYPE_CHECKING:
    from sync.app import App

Edges = Mapping[str, tuple[float, ...]]

PINNED = (
    "{} is pinned at {}; {} {} in force until you accept it: tidesman thresholds propose --pinned"
)
OTHER_MONEY = (
    "what is published is in {}, and the configuration says {}; a run proposes thresholds in it"
)
NONE_PINNED = (
    "no threshold of a scheme that is on is pinned; write it under thresholds in segments_file"
)


@dataclass(frozen=True, slots=True)
class Proposed:
    """Fresh edges beside those in force; ``version`` is None if the two are the same.

    ``as_of`` is the day of the quantiles, ``published`` the day of the state that ``moves`` are
    counted on, of ``customers`` in all.
    """

    version: int | None
    as_of: date
    published: date
    customers: int
    in_force: Edges
    edges: Edges
    moves: tuple[Moved, ...]

    def moved(self) -> Mapping[str, int]:
        """Customers who would move, by scheme."""
        found: dict[str, int] = {}
        for move in self.moves:
            found[move.scheme] = found.get(move.scheme, 0) + move.customers
        return found


@dataclass(frozen=True, slots=True)
class Standing:
    """The thresholds in force (None before the first run), and every version there was.

    ``waiting``: a sentence for each edge that is pinned otherwise than it is in force.
    """

    version: int | None
    edges: Edges
    history: tuple[Proposal, ...]
    waiting: tuple[str, ...] = ()


def proposed(app: App, day: date | None, by: str, *, only_pinned: bool = False) -> Proposed:
    """Propose from the customers of ``day`` (None: the published one), and keep the proposal.

    Edges that the operator pins are proposed as he pins them; ``only_pinned`` leaves all others as
    they are in force. Nothing is put in force, and nobody moves. Raises Misconfigured if nothing
    is published, or nothing is pinned that could be proposed alone.
    """
    return _Proposing(app).propose(day, by, only_pinned=only_pinned)


def waiting_pins(app: App, schemes: tuple[str, ...]) -> list[str]:
    """A sentence for each edge of these schemes that is pinned otherwise than it is in force."""
    latest = app.store.latest_thresholds()
    if latest is None:
        return []
    in_force, pinned = Thresholds.from_json(latest.body).edges, app.loaded.segments.pinned
    return [
        PINNED.format(key, *map(_listed, (edges, in_force[key])), "are" if edges[1:] else "is")
        for key, edges in edges_of({s: pinned[s] for s in schemes if s in pinned}).items()
        if key in in_force and in_force[key] != edges
    ]


def standing(app: App) -> Standing:
    """What is in force, and how it came so."""
    latest = app.store.latest_thresholds()
    edges: Edges = {} if latest is None else Thresholds.from_json(latest.body).edges
    version = None if latest is None else latest.version
    waiting = waiting_pins(app, app.segmentation().schemes)
    return Standing(version, edges, tuple(app.store.thresholds_history()), tuple(waiting))


class _Proposing(Segmenting):
    """The published evaluation once more, with other thresholds."""

    def __init__(self, app: App) -> None:
        published = app.store.latest_snapshot()
        if published is None:
            raise Misconfigured(
                "nothing is published yet; the first run proposes thresholds and puts them in force"
            )
        super().__init__(app, published.as_of)
        self.customers = published.customers
        self.cards = cards_of(app, self.engine, self.then)
        until = published.created_at
        self.activity = Activity(app, self.engine, up_to=published.lake_version, until=until)
        self.events = self.activity.by_customer(self.then, self.cards)

    def propose(self, day: date | None, by: str, *, only_pinned: bool) -> Proposed:
        before, latest = self._before(), self.app.store.latest_thresholds()
        if before is None or latest is None:
            raise Misconfigured("what was published names no model and thresholds; run once more")
        if self._in_other_money(self.then.currency):
            raise Misconfigured(OTHER_MONEY.format(self.then.currency, self.currency))
        day = self.as_of if day is None else day
        if day > self.app.today():
            raise Misconfigured(f"{day} lies in the future; today is {self.app.today()}")
        in_force = Thresholds.from_json(latest.body)
        made = self._pinned(in_force) if only_pinned else self._fresh(before, day)
        same = made.edges == in_force.edges
        found = () if same else self._moves(before, made)
        version = None
        if not same:
            now = self.app.clock.now()
            version = self.app.store.propose_thresholds(made.to_json(), by, now)
        return Proposed(version, day, self.as_of, self.customers, in_force.edges, made.edges, found)

    def _fresh(self, before: Basis, day: date) -> Thresholds:
        orders = self._orders()
        made = propose(*(self.engine, orders, day, before.model, self.settings), pinned=self.pinned)
        made = replace(made, currency=self.currency)
        basis = replace(before, orders=orders, as_of=day, thresholds=made, settings=self.settings)
        return complete(self.engine, basis, self.settings, pinned=self.pinned)

    def _pinned(self, in_force: Thresholds) -> Thresholds:
        mine = {key: edges for key, edges in self.pinned.items() if key in in_force.edges}
        if not mine:
            raise Misconfigured(NONE_PINNED)
        return replace(in_force, edges={**in_force.edges, **mine})

    def _moves(self, before: Basis, made: Thresholds) -> tuple[Moved, ...]:
        settings = before.settings or self.settings
        now = replace(before, thresholds=made)
        previous = self._published()
        today = evaluate(self.engine, now, settings, before=before, previous=previous)
        found = moves(today, self.as_of, settings)
        found = found.filter(found.cause == THRESHOLD)
        groups = ["scheme", "from_segment", "to_segment", "cause"]
        counted = found.group_by(groups).aggregate(customers=found.count())
        rows: list[dict[str, Any]] = self.engine.to_pyarrow(counted).to_pylist()
        found_moves = [names_of(self.app).told(Moved(**row)) for row in rows]
        return tuple(sorted(found_moves, key=_order))


def _listed(edges: tuple[float, ...]) -> str:
    return ", ".join(f"{edge:,g}" for edge in edges)


def _order(move: Moved) -> tuple[str, int, str, str]:
    return move.scheme, -move.customers, str(move.from_segment), move.to_segment
