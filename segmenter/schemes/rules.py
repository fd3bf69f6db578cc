"""The operator's own segments: the first rule that is met, else the segment for everybody else.

A condition that meets a missing value is unknown, as in SQL, and an unknown condition is not met:
neither ``clv_3y > 100`` nor ``not clv_3y > 100`` holds for a customer without a value. Say
``clv_3y is null`` or ``coalesce(clv_3y, 0) > 100`` to mean them. There is no hysteresis: these are
the operator's own words, and they are taken at their word.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from operator import add, and_, eq, ge, gt, invert, le, lt, methodcaller, mul, ne, neg, or_, sub
from types import MappingProxyType
from typing import Any

import ibis

from segmenter.expr import Column, Flag, Table, Text
from segmenter.schemes.base import Axis, Edges
from segmenter.schemes.rules_grammar import Node, parse
from segmenter.schemes.rules_kinds import Columns, check, columns_of, read
from segmenter.schemes.rules_settings import Rules
from segmenter.schemes.rules_words import RuleError

#: What a rule is written in, and the sentence about it.
Problem = tuple[tuple[str | int, ...], str]


@dataclass(frozen=True, slots=True)
class RuleScheme:
    """The scheme that the rules make; its segments in the order in which they are tried.

    ``contacts`` tells whether a rule reads an address or a number. Names serve as letters.
    """

    segments: tuple[str, ...]
    conditions: tuple[Node, ...]
    columns: Columns
    contacts: bool
    name: str = "rules"
    axes: tuple[Axis, ...] = ()

    def code(self, rows: Table, edges: Edges) -> Text:
        """The segment of each row, by name; ``rows`` has what the rules may read."""
        del edges
        *named, otherwise = self.segments
        branches = [
            (_built(condition, rows, self.columns), name)
            for condition, name in zip(self.conditions, named, strict=True)
        ]
        rest = ibis.literal(otherwise)
        return ibis.cases(*branches, else_=rest) if branches else rest

    def code_of(self, segment: Text) -> Text:
        """The segment itself; null for a name that is none of this scheme."""
        return ibis.ifelse(segment.isin(self.segments), segment, ibis.null("string"))

    def name_of(self, code: Text) -> Text:
        """The segment itself."""
        return code


def compiled(rules: Rules, others: Mapping[str, Sequence[str]]) -> RuleScheme:
    """The scheme of these rules beside ``others``, which has the segments of each other scheme.

    Raises ``ValueError`` with the first of ``problems``.
    """
    wrong = problems(rules, others)
    if wrong:
        raise ValueError(wrong[0][1])
    columns = columns_of(others)
    conditions = tuple(parse(rule.when) for rule in rules.segments)
    names = frozenset[str]().union(*(read(condition, columns) for condition in conditions))
    segments = (*(rule.name for rule in rules.segments), rules.otherwise)
    return RuleScheme(segments, conditions, columns, bool(names & {"email", "phone"}))


def problems(rules: Rules, others: Mapping[str, Sequence[str]]) -> list[Problem]:
    """All that is wrong with the rules, as the way to the key and a sentence."""
    columns = columns_of(others)
    found: list[Problem] = []
    names = {rules.otherwise}
    if not rules.otherwise.strip():
        found.append((("otherwise",), "needs a name for everybody whom no rule meets"))
    for number, rule in enumerate(rules.segments):
        if not rule.name.strip():
            found.append((("segments", number, "name"), "needs a name"))
        elif rule.name in names:
            found.append((("segments", number, "name"), f"{rule.name!r} is taken; names differ"))
        names.add(rule.name)
        try:
            check(parse(rule.when), columns)
        except RuleError as error:
            found.append((("segments", number, "when"), str(error)))
    return found


def _built(node: Node, rows: Table, columns: Columns) -> Column:
    """The expression of a node. Every number is a double, so that none can overflow."""
    if node.value is not None:
        return ibis.literal(node.value)
    if node.does == "column":
        name = columns.named(node.word)
        return rows[name].cast("float64") if columns.kinds[name] == "number" else rows[name]
    parts = [_built(part, rows, columns) for part in node.parts]
    if node.does in ("and", "or"):
        return _balanced(and_ if node.does == "and" else or_, parts)
    if node.does == "in":
        return parts[0].isin(parts[1:])
    if node.does == "-" and parts[0].type().is_date():
        return parts[0].delta(parts[1], unit="day").cast("float64")
    return _DOES[node.does](*parts)


def _balanced(join: Callable[[Flag, Flag], Flag], parts: list[Flag]) -> Flag:
    # A hundred conditions in a row would else be a hundred levels deep.
    while len(parts) > 1:
        parts = [reduce(join, parts[i : i + 2]) for i in range(0, len(parts), 2)]
    return parts[0]


def _between(value: Column, low: Column, high: Column) -> Flag:
    return (value >= low) & (value <= high)


def _like(value: Text, pattern: Text) -> Flag:
    return value.like(pattern)


def _over(value: Column, by: Column) -> Column:
    # What is divided by zero is unknown, on every engine.
    return value / by.nullif(0.0)


def _length(value: Text) -> Column:
    return value.length().cast("float64")


_DOES: Mapping[str, Callable[..., Any]] = MappingProxyType(
    {
        "=": eq,
        "<>": ne,
        "<": lt,
        "<=": le,
        ">": gt,
        ">=": ge,
        "not": invert,
        "is null": methodcaller("isnull"),
        "between": _between,
        "like": _like,
        "+": add,
        "-": sub,
        "*": mul,
        "/": _over,
        "negative": neg,
        "abs": methodcaller("abs"),
        "coalesce": ibis.coalesce,
        "length": _length,
        "lower": methodcaller("lower"),
        "upper": methodcaller("upper"),
    }
)
