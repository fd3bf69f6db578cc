"""A summary, a model and thresholds to rows with a segment of each scheme, without causes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import ibis

from segmenter.axes import published, with_axes
from segmenter.basis import Basis
from segmenter.doubt import too_few
from segmenter.expr import Column, Flag, Table, Text
from segmenter.histories import with_scores
from segmenter.portable import rounded
from segmenter.ranking import ranked, ready_to_rank
from segmenter.schemes import RULES, Definition, definitions
from segmenter.schemes.base import level
from segmenter.settings import Settings
from segmenter.stability import reachable, settle
from segmenter.thresholds import Thresholds

#: How many days after the day of the basis a row is placed; no column, none.
AHEAD = "ahead"
_BASE = (
    *("customer_id", "email", "phone", "first_order_on", "last_order_on", "orders"),
    *("frequency", "recency", "T", "monetary_value", "days_since_order", "past_revenue"),
)


def place(buyers: Table, basis: Basis, settings: Settings, previous: Table | None) -> Table:
    """The columns of ``evaluate``; the cause of a new move is null here.

    Buyers with a column ``ahead`` are placed so many days after the day of the basis, as if nothing
    happened until then; a customer may stand there once for each day.
    """
    rows = with_scores(buyers, basis.as_of, basis.model, settings)
    rows = with_axes(rows, basis, settings)
    rows = ready_to_rank(rows, basis, settings)
    schemes = definitions(settings)
    first = [scheme for name, scheme in schemes.items() if name != RULES]
    known = previous is not None
    codes = {s.name: _codes(rows, s, basis, settings, known=known) for s in first}
    # The letters are columns before the join, so that each is worked out once.
    rows = rows.mutate(**{n: c for named in codes.values() for n, c in named.items()})
    earlier = _earlier(previous, schemes)
    joined = rows.left_join(earlier, rows.customer_id == earlier.was_id)
    free = joined.was_id.isnull() | (
        (joined.orders != joined.was_orders) | (joined.past_revenue != joined.was_revenue)
    )
    kept_as_is = (*_BASE, AHEAD)
    columns: dict[str, Any] = {n: joined[n] for n in kept_as_is if n in joined.columns}
    columns |= _forecasts(joined, basis, settings, free)
    columns |= _rfm_scores(joined, basis.thresholds, settings)
    columns |= ranked(joined, basis, settings)
    columns |= published(joined, settings)
    for scheme in first:
        letters = [joined[name] for name in codes[scheme.name]]
        columns |= _membership(joined, scheme, letters, free, basis)
    if RULES not in schemes:
        return joined.select(**columns)
    kept = {name: joined[name] for name in joined.columns if name.startswith(f"was_{RULES}_")}
    return _with_rules(joined.select(**columns, **kept), list(columns), schemes[RULES], basis)


def _with_rules(rows: Table, columns: list[str], rules: Definition, basis: Basis) -> Table:
    # Last, as rules read what is published of the customer, other schemes included.
    rows = rows.mutate(rules_code=rules.code(rows, {}))
    found = _membership(rows, rules, [rows.rules_code], ibis.literal(True), basis)
    return rows.select(*columns, **found)


def _codes(
    rows: Table, scheme: Definition, basis: Basis, settings: Settings, *, known: bool
) -> dict[str, Text]:
    edges = {axis.column: basis.thresholds.of(scheme.name, axis.column) for axis in scheme.axes}
    # Whoever was seen before may stay near an edge; on the first day that is nobody.
    found = reachable(scheme, rows, edges, settings) if known else [scheme.code(rows, edges)]
    return {f"{scheme.name}_code_{i}": code for i, code in enumerate(found)}


def _earlier(previous: Table | None, schemes: Mapping[str, Definition]) -> Table:
    schema = {"was_id": "string", "was_orders": "int64", "was_revenue": "float64"}
    schema |= {"was_next_order": "date", "was_intervention": "date"}
    wanted = {
        "was_id": "customer_id",
        "was_orders": "orders",
        "was_revenue": "past_revenue",
        "was_next_order": "expected_next_order",
        "was_intervention": "intervention_date",
    }
    for scheme in schemes:
        for part, kind in (("segment", "string"), ("previous", "string")):
            schema[f"was_{scheme}_{part}"] = kind
            wanted[f"was_{scheme}_{part}"] = f"{scheme}_{part}"
        schema |= {f"was_{scheme}_since": "date", f"was_{scheme}_cause": "string"}
        wanted |= {f"was_{scheme}_{p}": f"{scheme}_{p}" for p in ("since", "cause")}
    if previous is None:
        nobody = ibis.memtable(ibis.schema(schema).to_pyarrow().empty_table())
        return _lettered(nobody, schemes)
    # A scheme that was off until now has no columns there: everybody is new to it.
    earlier = previous.select(
        **{
            name: previous[column].cast(schema[name])
            if column in previous.columns
            else ibis.null(schema[name])
            for name, column in wanted.items()
        }
    )
    return _lettered(earlier, schemes)


def _lettered(earlier: Table, schemes: Mapping[str, Definition]) -> Table:
    return earlier.mutate(
        **{f"was_{n}_code": s.code_of(earlier[f"was_{n}_segment"]) for n, s in schemes.items()}
    )


def _forecasts(rows: Table, basis: Basis, settings: Settings, free: Flag) -> dict[str, Any]:
    columns: dict[str, Any] = {"churn_probability": rows.churn_probability}
    if basis.model.level == "rules only":
        # The habits of a usual shop rank customers; they do not support a number or a date.
        names = ["p_alive", "expected_orders", "clv_3y", "future_revenue"]
        if too_few(basis.model.customers, basis.model.repeaters) is not None:
            # From so few not even how often the shop's customers come back can be seen.
            names.append("churn_probability")
        unknown = dict.fromkeys(names, ibis.null("float64"))
        dates = dict.fromkeys(("expected_next_order", "intervention_date"), ibis.null("date"))
        return columns | unknown | dates
    columns |= {"p_alive": rows.p_alive, "expected_orders": rows.expected_orders}
    columns |= {"clv_3y": rows.clv_3y, "future_revenue": rows.future_revenue}
    for name, was in (
        ("expected_next_order", rows.was_next_order),
        ("intervention_date", rows.was_intervention),
    ):
        # A date counts from the last order, so it stands still however far ahead one looks.
        date = _later(rows[name], rows)
        shift = date.delta(was, unit="day").abs()
        keep = ~free & (shift <= settings.keep_date_days)
        columns[name] = ibis.ifelse(keep.fill_null(False), was, date)
    return columns


def _later(day: Column, rows: Table) -> Column:
    if AHEAD not in rows.columns:
        return day
    return (day + rows[AHEAD].as_interval("D")).cast("date")


def _rfm_scores(rows: Table, thresholds: Thresholds, settings: Settings) -> dict[str, Any]:
    r = 5 - level(rows.days_since_order, thresholds.of("rfm", "days_since_order"))
    f = 1 + level(rows.order_days, thresholds.of("rfm", "order_days"))
    m = 1 + level(rows.past_revenue, thresholds.of("rfm", "past_revenue"))
    total = sum(settings.rfm_weights)
    wr, wf, wm = (weight / total for weight in settings.rfm_weights)
    weighed = [s.cast("float64") * w for s, w in zip((r, f, m), (wr, wf, wm), strict=True)]
    score = rounded(weighed[0] + weighed[1] + weighed[2], 2)
    scores = {"r_score": r.cast("int64"), "f_score": f.cast("int64"), "m_score": m.cast("int64")}
    return {**scores, "rfm_score": score}


def _membership(
    rows: Table, definition: Definition, letters: list[Text], free: Flag, basis: Basis
) -> dict[str, Any]:
    scheme = definition.name
    was = rows[f"was_{scheme}_code"]
    code = settle(letters, was, free)
    stays = (code == was).fill_null(False)
    before = rows[f"was_{scheme}_segment"]
    today = _later(ibis.literal(basis.as_of), rows)
    return {
        f"{scheme}_segment": definition.name_of(code),
        f"{scheme}_previous": ibis.ifelse(stays, rows[f"was_{scheme}_previous"], before),
        f"{scheme}_since": ibis.ifelse(stays, rows[f"was_{scheme}_since"], today),
        f"{scheme}_cause": ibis.ifelse(stays, rows[f"was_{scheme}_cause"], ibis.null("string")),
        f"{scheme}_changed": ~stays,
    }
