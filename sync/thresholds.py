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
from segmenter.thresholds import Thresholds
from sync.segment import Segmenting
from sync.store import Moved, Proposal

if TYPE_CHECKING:
    from sync.app import App

Edges = Mapping[str, tuple[float, ...]]


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
    """The thresholds in force (None before the first run), and every version there was."""

    version: int | None
    edges: Edges
    history: tuple[Proposal, ...]


def proposed(app: App, day: date | None, by: str) -> Proposed:
    """Propose from the customers of ``day`` (None: the published one), and keep the proposal.

    Nothing is put in force, and nobody moves. Raises Misconfigured if nothing is published.
    """
    return _Proposing(app).propose(day, by)


def standing(app: App) -> Standing:
    """What is in force, and how it came so."""
    latest = app.store.latest_thresholds()
    edges: Edges = {} if latest is None else Thresholds.from_json(latest.body).edges
    version = None if latest is None else latest.version
    return Standing(version, edges, tuple(app.store.thresholds_history()))


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

    def propose(self, day: date | None, by: str) -> Proposed:
        before, latest = self._before(), self.app.store.latest_thresholds()
        if before is None or latest is None:
            raise Misconfigured("what was published names no model and thresholds; run once more")
        day = self.as_of if day is None else day
        if day > self.app.today():
            raise Misconfigured(f"{day} lies in the future; today is {self.app.today()}")
        in_force = Thresholds.from_json(latest.body)
        made = self._fresh(before, day)
        same = made.edges == in_force.edges
        found = () if same else self._moves(before, made)
        version = None
        if not same:
            now = self.app.clock.now()
            version = self.app.store.propose_thresholds(made.to_json(), by, now)
        return Proposed(version, day, self.as_of, self.customers, in_force.edges, made.edges, found)

    def _fresh(self, before: Basis, day: date) -> Thresholds:
        orders = self._orders()
        made = propose(self.engine, orders, day, before.model, self.settings)
        basis = replace(before, orders=orders, as_of=day, thresholds=made, settings=self.settings)
        return complete(self.engine, basis, self.settings)

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
        found_moves = [Moved(**row) for row in rows]
        return tuple(sorted(found_moves, key=_order))


def _order(move: Moved) -> tuple[str, int, str, str]:
    return move.scheme, -move.customers, str(move.from_segment), move.to_segment
