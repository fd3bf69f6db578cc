"""Why a customer is where he is, in words: which threshold was crossed by which number."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING

from segmenter.basis import Basis
from segmenter.cause import FIRST_SEEN, MODEL
from segmenter.crossing import Crossing, Numbers, crossings, numbers_of
from segmenter.doubt import too_few
from segmenter.schemes import FIXED, RULES
from segmenter.schemes.base import Axis, Edges, Scheme
from segmenter.settings import Settings
from sync.past import basis_of

if TYPE_CHECKING:
    from segmenter.expr import Engine
    from sync.app import App
    from sync.store import Transition

NAMES: Mapping[str, str] = MappingProxyType(
    {
        "churn_probability": "churn probability",
        "past_revenue": "past revenue",
        "future_revenue": "future revenue",
        "total_value": "past and future revenue",
        "days_since_order": "days since the last order",
        "order_days": "days with an order",
        "stratification_value": "the score of customer value",
        "stratification_profit": "the score of net profit",
        "affinity_score": "the affinity score",
        "affinity_events": "events that count",
    }
)
FIRST_TIME = "seen for the first time"
UNTOLD = "the numbers of that day can no longer be told: what they came from has changed since"


class Stories:
    """The last moves of one customer in words; what a run was made from is read once."""

    def __init__(self, app: App, engine: Engine, customer_id: str) -> None:
        self._app = app
        self._engine = engine
        self._who = customer_id
        self._sides: dict[str, tuple[tuple[Basis, Numbers], tuple[Basis, Numbers]] | None] = {}

    def of(self, move: Transition) -> str:
        """One sentence about a move, without its end."""
        if move.from_segment is None or move.cause == FIRST_SEEN:
            return FIRST_TIME
        sides = self._both(move.run_id)
        if sides is None:
            return UNTOLD
        (before, was), (after, now) = sides
        settings = after.settings or Settings()
        if move.scheme == RULES:
            return _rule(move.to_segment, settings)
        scheme = FIXED[move.scheme]
        edges = (_edges(scheme, before), _edges(scheme, after))
        wanted = {axis.column for axis in scheme.axes}
        if not (edges[0] and edges[1] and wanted <= set(was) and wanted <= set(now)):
            return UNTOLD
        pair = (move.from_segment, move.to_segment)
        found = crossings(scheme, settings, pair, (was, now), edges)
        told = [_sentence(crossing, scheme, after, settings) for crossing in found]
        if not told:
            return UNTOLD
        model = f" (model of {after.model.fitted_on})" if move.cause == MODEL else ""
        return "; ".join(told) + model

    def _both(self, run_id: str) -> tuple[tuple[Basis, Numbers], tuple[Basis, Numbers]] | None:
        if run_id not in self._sides:
            self._sides[run_id] = self._read(run_id)
        return self._sides[run_id]

    def _read(self, run_id: str) -> tuple[tuple[Basis, Numbers], tuple[Basis, Numbers]] | None:
        here = self._app.store.snapshot_of(run_id)
        there = None if here is None else self._app.store.snapshot_before(here)
        if here is None or there is None:
            return None
        after = basis_of(self._app, self._engine, here)
        before = basis_of(self._app, self._engine, there)
        if after is None or before is None:
            return None
        return self._numbered(before), self._numbered(after)

    def _numbered(self, basis: Basis) -> tuple[Basis, Numbers]:
        settings = basis.settings or Settings()
        return basis, numbers_of(self._engine, self._who, basis, settings)


def _edges(scheme: Scheme, basis: Basis) -> Edges:
    keys = {a.column: f"{scheme.name}.{a.column}" for a in scheme.axes}
    there = basis.thresholds.edges
    return {c: there[k] for c, k in keys.items()} if set(keys.values()) <= set(there) else {}


def _rule(segment: str, settings: Settings) -> str:
    for rule in settings.rules.segments:
        if rule.name == segment:
            return f"meets now: {rule.when}"
    return "meets no rule any more"


def _sentence(crossing: Crossing, scheme: Scheme, basis: Basis, settings: Settings) -> str:
    axis = next(a for a in scheme.axes if a.column == crossing.column)
    name = NAMES[crossing.column]
    edges = _listed(axis, crossing.edges)
    if _is_hidden(crossing.column, basis):
        return f"{name}, by the habits of a usual shop, {_verb(up=crossing.up)} and passed {edges}"
    if crossing.before == crossing.after:
        before = _listed(axis, crossing.edges_before)
        side = "reaches" if crossing.up else "is below"
        return (
            f"the threshold of {name} went from {before} to {edges}, which "
            f"{told(axis, crossing.after)} {side}"
        )
    before, after = _apart(axis, crossing)
    return (
        f"{name} {_verb(up=crossing.up)} from {before} to {after} and passed {edges}"
        f"{_held(axis, crossing, settings)}"
    )


def _listed(axis: Axis, edges: tuple[float, ...]) -> str:
    *first, last = [told(axis, edge) for edge in edges]
    return f"{', '.join(first)} and {last}" if first else last


def _verb(*, up: bool) -> str:
    return "rose" if up else "fell"


def _is_hidden(column: str, basis: Basis) -> bool:
    # What the model cannot support is published nowhere.
    model = basis.model
    if model.level != "rules only":
        return False
    few = too_few(model.customers, model.repeaters) is not None
    return column in ("future_revenue", "total_value") or (few and column == "churn_probability")


def _held(axis: Axis, crossing: Crossing, settings: Settings) -> str:
    edge = crossing.edges[0]
    if axis.band == "none" or (crossing.before >= edge) != crossing.up:
        return ""
    money = axis.band == "money"
    band = f"{settings.money_hysteresis:.0%}" if money else told(axis, settings.hysteresis)
    return f", now clearly (he had passed it by less than {band} before)"


def _apart(axis: Axis, crossing: Crossing) -> tuple[str, str]:
    """Both numbers with as many digits as they need to differ from each other and the edge."""
    edges = {told(axis, edge) for edge in crossing.edges}
    both = (told(axis, crossing.before), told(axis, crossing.after))
    for digits in (2, 3, 4, 6):
        both = (_rounded(axis, crossing.before, digits), _rounded(axis, crossing.after, digits))
        if both[0] != both[1] and not edges & set(both):
            break
    return both


def told(axis: Axis, value: float) -> str:
    """A threshold as people write it: .70 for a chance, 1,250.00 for money, 30 for days."""
    if axis.band != "chance":
        return _rounded(axis, value, 2)
    return f"{value:.4f}".rstrip("0").removeprefix("0").ljust(3, "0")


def _rounded(axis: Axis, value: float, digits: int) -> str:
    if axis.band == "chance":
        return f"{value:.{digits}f}".removeprefix("0")
    whole = axis.column in ("days_since_order", "order_days", "affinity_events")
    return f"{value:,.0f}" if whole else f"{value:,.2f}"
