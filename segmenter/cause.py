"""Why did this customer move? Found by taking one thing back at a time, for the movers only.

The things, in the order in which they are tried: a merge (he was found to be a second customer
too), a purchase, a correction (a refund, an edit, an order that came or went long after its day),
engagement (clicks and openings, for affinity), other
figures (of the table for stratification), changed thresholds, a changed setting ("rule"), a new
model. The first without which the customer would not be where he is now is the cause; if there is
none, it was silence: the passing of time alone.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import ibis

from segmenter.basis import Basis
from segmenter.expr import Engine, Flag, Table, Text
from segmenter.identity import with_customer
from segmenter.place import place
from segmenter.schemes import RULES, rules_of
from segmenter.settings import Settings
from segmenter.stage import rows_in, stage
from segmenter.summary import summarize, summarize_with_contacts, visible

FIRST_SEEN, MERGE = "first seen", "merge"
PURCHASE, CORRECTION, THRESHOLD = "purchase", "correction", "threshold"
RULE, MODEL, SILENCE = "rule", "model", "silence"
ENGAGEMENT, FIGURES = "engagement", "figures"

_ORDER = ("source", "order_id")
_CONTENT = ("source", "order_id", "customer", "kind", "amount", "ordered_at")
_FACTS = ("orders", "frequency", "past_revenue", "first_order_on", "last_order_on")


@dataclass(frozen=True, slots=True)
class _Trial:
    """A world in which one thing did not happen, and whom that thing concerned (None: all)."""

    cause: str
    basis: Basis
    settings: Settings
    concerned: Table | None


def causes(
    engine: Engine,
    rows: Table,
    now: Basis,
    settings: Settings,
    *,
    before: Basis | None,
    previous: Table,
) -> Table | None:
    """``customer_id`` and ``SCHEME_found`` for each customer who moved; None if nobody did.

    ``rows`` is the new result, ``previous`` the one before it and ``before`` what that was made
    from. Without ``before`` only the two results are compared.
    """
    movers = _movers(engine, rows, settings, previous)
    if rows_in(movers) == 0:
        return None
    if before is None:
        return _by_results(movers, settings)
    trials = _trials(engine, movers, now, settings, before)
    if not trials:
        return _named(movers, dict.fromkeys(settings.schemes, ibis.literal(SILENCE)), settings)
    if len(trials) > 1:
        # Two things that each suffice hide one another; then time alone decides.
        trials.append(_time_alone(engine, movers, now, settings, before))
    tried = [(t, _segments(engine, t, settings, previous)) for t in trials]
    return _decide(movers, tried, settings)


def _movers(engine: Engine, rows: Table, settings: Settings, previous: Table) -> Table:
    moved = ibis.or_(
        *[rows[f"{s}_changed"] & rows[f"{s}_previous"].notnull() for s in settings.schemes]
    )
    was = previous.select(was_id="customer_id", **{f"was_{name}": name for name in _FACTS})
    joined = rows.filter(moved).inner_join(was, ibis._.customer_id == was.was_id)
    changed = ibis.or_(*[joined[name] != joined[f"was_{name}"] for name in _FACTS])
    parts = [f"{s}_{part}" for s in settings.schemes for part in ("segment", "changed")]
    facts = [name for fact in _FACTS for name in (fact, f"was_{fact}")]
    return stage(engine, joined.select("customer_id", *parts, *facts, touched=changed))


def _by_results(movers: Table, settings: Settings) -> Table:
    cause = ibis.cases(
        (movers.orders > movers.was_orders, PURCHASE),
        (movers.touched, CORRECTION),
        else_=SILENCE,
    )
    return _named(movers, dict.fromkeys(settings.schemes, cause), settings)


def _named(movers: Table, found: dict[str, Any], settings: Settings) -> Table:
    return movers.select(
        "customer_id",
        **{
            f"{s}_found": ibis.ifelse(movers[f"{s}_changed"], found[s], ibis.null("string"))
            for s in settings.schemes
        },
    )


def _trials(
    engine: Engine, movers: Table, now: Basis, settings: Settings, before: Basis
) -> list[_Trial]:
    shared: list[tuple[str, Basis, Settings]] = []
    if "affinity" in settings.schemes and now.events is not None:
        shared.append((ENGAGEMENT, replace(now, events=_events_of(before)), settings))
    told = now.figures is not None or before.figures is not None
    if "stratification" in settings.schemes and told:
        shared.append((FIGURES, replace(now, figures=before.figures), settings))
    before = replace(before, thresholds=before.thresholds.filled(now.thresholds))
    if before.thresholds != now.thresholds:
        shared.append((THRESHOLD, replace(now, thresholds=before.thresholds), settings))
    if before.settings is not None and before.settings != settings:
        shared.append((RULE, now, settings.as_before(before.settings)))
    if before.model != now.model:
        shared.append((MODEL, replace(now, model=before.model), settings))
    subjects = movers if shared else movers.filter(movers.touched)
    if rows_in(subjects) == 0:
        return []
    today = _orders_of(engine, subjects, now)
    trials = _order_trials(engine, subjects, today, now, settings, before)
    trials += [_Trial(c, replace(b, orders=today), s, None) for c, b, s in shared]
    return trials


def _order_trials(
    engine: Engine, subjects: Table, today: Table, now: Basis, settings: Settings, before: Basis
) -> list[_Trial]:
    known = _orders_of(engine, subjects, before)
    trials: list[_Trial] = []
    if now.merged is not None:
        came = _came_by_merging(engine, today, now.merged, before)
        alone = stage(engine, today.anti_join(came, list(_ORDER)))
        survivors = came.select("customer").distinct()
        trials.append(_Trial(MERGE, replace(now, orders=alone), settings, survivors))
        known = stage(engine, ibis.union(known, came))
    fresh = today.filter(
        (today.kind == "order")
        & (today.day >= ibis.literal(before.as_of - timedelta(days=settings.late_days)))
    )
    bought = stage(engine, fresh.anti_join(known, list(_ORDER)))
    rest = stage(engine, today.anti_join(bought, list(_ORDER)))
    added = rest.anti_join(known, list(_CONTENT)).select("customer")
    gone = known.anti_join(rest, list(_CONTENT)).select("customer")
    corrected = stage(engine, ibis.union(added, gone, distinct=True))
    if rows_in(bought) > 0:
        buyers = bought.select("customer").distinct()
        trials.append(_Trial(PURCHASE, replace(now, orders=rest), settings, buyers))
    if rows_in(corrected) > 0:
        uncorrected = replace(now, orders=ibis.union(known, bought))
        trials.append(_Trial(CORRECTION, uncorrected, settings, corrected))
    return trials


def _came_by_merging(engine: Engine, today: Table, merged: Table, before: Basis) -> Table:
    """Orders of today's movers that stood under another customer, as they were known then."""
    theirs = _orders_of(engine, merged, before)
    joined = theirs.inner_join(merged, theirs.customer == merged.customer_id)
    columns = [
        (merged.survivor if name in {"customer", "customer_id"} else theirs[name]).name(name)
        for name in theirs.columns
    ]
    return stage(engine, joined.select(*columns).semi_join(today, [*_ORDER, "customer"]))


def _time_alone(
    engine: Engine, movers: Table, now: Basis, settings: Settings, before: Basis
) -> _Trial:
    before = replace(before, thresholds=before.thresholds.filled(now.thresholds))
    orders = _orders_of(engine, movers, before)
    basis = replace(before, orders=orders, as_of=now.as_of, events=_events_of(before))
    asked = settings if before.settings is None else settings.as_before(before.settings)
    return _Trial(SILENCE, basis, asked, None)


def _events_of(before: Basis) -> Table | None:
    events = before.events
    if events is None:
        return None
    return events.filter(events.occurred_at.date() <= ibis.literal(before.as_of))


def _orders_of(engine: Engine, subjects: Table, basis: Basis) -> Table:
    rows = with_customer(basis.orders).semi_join(
        subjects.select(customer=subjects.customer_id), "customer"
    )
    return stage(engine, visible(rows, basis.as_of))


def _segments(engine: Engine, trial: _Trial, settings: Settings, previous: Table) -> Table:
    orders, day = trial.basis.orders, trial.basis.as_of
    contacts = RULES in settings.schemes and rules_of(trial.settings).contacts
    buyers = summarize_with_contacts(engine, orders, day) if contacts else summarize(orders, day)
    placed = place(buyers, trial.basis, trial.settings, previous)
    return stage(engine, placed.select("customer_id", *[f"{s}_segment" for s in settings.schemes]))


def _decide(movers: Table, tried: list[tuple[_Trial, Table]], settings: Settings) -> Table:
    rows = movers
    for number, (trial, segments) in enumerate(tried):
        there = segments.select(
            **{f"id_{number}": "customer_id"},
            **{f"{s}_{number}": f"{s}_segment" for s in settings.schemes},
        )
        rows = rows.left_join(there, rows.customer_id == there[f"id_{number}"])
        if trial.concerned is None:
            rows = rows.mutate(**{f"concerned_{number}": ibis.literal(True)})
            continue
        whom = trial.concerned.select(**{f"whom_{number}": "customer"})
        rows = rows.left_join(whom, rows.customer_id == whom[f"whom_{number}"])
        rows = rows.mutate(**{f"concerned_{number}": rows[f"whom_{number}"].notnull()})
    return _named(
        rows, {s: _cause(rows, s, [t for t, _ in tried]) for s in settings.schemes}, settings
    )


def _cause(rows: Table, scheme: str, trials: list[_Trial]) -> Text:
    to = rows[f"{scheme}_segment"]
    branches: list[tuple[Flag, str]] = []
    suspects: list[tuple[Flag, str]] = []
    for number, trial in enumerate(trials):
        there = rows[f"{scheme}_{number}"]
        if trial.cause == SILENCE:
            branches.append(((there == to).fill_null(False), SILENCE))
            continue
        concerned = rows[f"concerned_{number}"]
        branches.append((concerned & (there.isnull() | (there != to)), trial.cause))
        suspects.append((concerned, trial.cause))
    if trials[-1].cause == SILENCE:
        branches += suspects
    return ibis.cases(*branches, else_=SILENCE)
