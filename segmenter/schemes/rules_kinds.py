"""Which columns a rule may read, and whether it compares like with like."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from enum import StrEnum
from types import MappingProxyType

from segmenter.schemes.rules_grammar import COMPARISONS, Node
from segmenter.schemes.rules_words import Word


class Kind(StrEnum):
    """What a part of a rule is."""

    NUMBER = "number"
    TEXT = "text"
    DAY = "day"
    FLAG = "flag"


#: The columns of every buyer, as segmenter/README.md describes them.
COLUMNS: Mapping[str, Kind] = MappingProxyType(
    {
        "customer_id": Kind.TEXT,
        "email": Kind.TEXT,
        "phone": Kind.TEXT,
        "first_order_on": Kind.DAY,
        "last_order_on": Kind.DAY,
        "orders": Kind.NUMBER,
        "frequency": Kind.NUMBER,
        "recency": Kind.NUMBER,
        "T": Kind.NUMBER,
        "monetary_value": Kind.NUMBER,
        "days_since_order": Kind.NUMBER,
        "past_revenue": Kind.NUMBER,
        "p_alive": Kind.NUMBER,
        "churn_probability": Kind.NUMBER,
        "expected_orders": Kind.NUMBER,
        "clv_3y": Kind.NUMBER,
        "future_revenue": Kind.NUMBER,
        "expected_next_order": Kind.DAY,
        "intervention_date": Kind.DAY,
        "r_score": Kind.NUMBER,
        "f_score": Kind.NUMBER,
        "m_score": Kind.NUMBER,
        "rfm_score": Kind.NUMBER,
        "ranking_score": Kind.NUMBER,
    }
)

_SAID = {Kind.NUMBER: "a number", Kind.TEXT: "a text", Kind.DAY: "a day", Kind.FLAG: "a condition"}
_ORDERED = (Kind.NUMBER, Kind.TEXT, Kind.DAY)
_TAKES: Mapping[str, tuple[Kind, Kind]] = MappingProxyType(
    {
        "negative": (Kind.NUMBER, Kind.NUMBER),
        "abs": (Kind.NUMBER, Kind.NUMBER),
        "length": (Kind.TEXT, Kind.NUMBER),
        "lower": (Kind.TEXT, Kind.TEXT),
        "upper": (Kind.TEXT, Kind.TEXT),
    }
)


@dataclass(frozen=True, slots=True)
class Columns:
    """The columns of a configuration: kinds by name, and for a segment's column its segments."""

    kinds: Mapping[str, Kind]
    values: Mapping[str, Sequence[str]]

    def named(self, word: Word) -> str:
        """The column that a word means; case does not count. Raises ``RuleError`` if none."""
        names = {name.lower(): name for name in self.kinds}
        found = names.get(word.plain)
        if found is not None:
            return found
        near = get_close_matches(word.plain, names, n=1)
        hint = f"did you mean {names[near[0]]!r}?" if near else f"there are {', '.join(self.kinds)}"
        raise word.error(f"there is no such column; {hint}")


def columns_of(segments: Mapping[str, Sequence[str]]) -> Columns:
    """The columns of every buyer, and three for each of these other schemes with its segments."""
    kinds: dict[str, Kind] = dict(COLUMNS)
    values: dict[str, Sequence[str]] = {}
    for scheme, names in segments.items():
        kinds |= {f"{scheme}_segment": Kind.TEXT, f"{scheme}_previous": Kind.TEXT}
        kinds[f"{scheme}_since"] = Kind.DAY
        values |= {f"{scheme}_segment": names, f"{scheme}_previous": names}
    return Columns(kinds, values)


def read(node: Node, columns: Columns) -> frozenset[str]:
    """The columns that a rule reads."""
    if node.does == "column":
        return frozenset({columns.named(node.word)})
    return frozenset[str]().union(*(read(part, columns) for part in node.parts))


def check(node: Node, columns: Columns) -> None:
    """Raise ``RuleError`` unless the rule is a condition that compares like with like."""
    kind = _kind(node, columns)
    if kind is not Kind.FLAG:
        raise node.word.error(f"a rule is a condition, and this is {_SAID[kind]}: compare it")


def _kind(node: Node, columns: Columns) -> Kind:
    if node.value is not None:
        return Kind(node.does)
    if node.does == "column":
        return columns.kinds[columns.named(node.word)]
    kinds = [_kind(part, columns) for part in node.parts]
    if node.does in _TAKES:
        wanted, gives = _TAKES[node.does]
        _want(node, kinds, wanted)
        return gives
    if node.does in ("and", "or", "not"):
        _want(node, kinds, Kind.FLAG)
        return Kind.FLAG
    if node.does in ("+", "-", "*", "/"):
        if node.does != "-" or kinds != [Kind.DAY, Kind.DAY]:
            _want(node, kinds, Kind.NUMBER)
        return Kind.NUMBER
    return _compared(node, kinds, columns)


def _compared(node: Node, kinds: list[Kind], columns: Columns) -> Kind:
    if node.does == "is null":
        return Kind.FLAG
    if node.does == "like":
        _want(node, kinds, Kind.TEXT)
        if "\\" in str(node.parts[1].value):
            raise node.parts[1].word.error("a pattern has % and _ only; \\ does nothing here")
        return Kind.FLAG
    for part, kind in zip(node.parts[1:], kinds[1:], strict=True):
        if kind != kinds[0]:
            hint = "write the day as date '2025-01-31'" if Kind.DAY in (kind, kinds[0]) else _LIKE
            raise part.word.error(f"{_SAID[kinds[0]]} cannot be held against {_SAID[kind]}; {hint}")
    if node.does == "coalesce":
        return kinds[0]
    if node.does not in ("=", "<>", "in") and kinds[0] not in _ORDERED:
        raise node.word.error("a condition is neither greater nor less than another")
    if node.does == "in" or node.does in COMPARISONS:
        _segments_exist(node, columns)
    return Kind.FLAG


_LIKE = "compare numbers with numbers and 'texts' with texts"


def _want(node: Node, kinds: list[Kind], wanted: Kind) -> None:
    for part, kind in zip(node.parts, kinds, strict=True):
        if kind != wanted:
            raise part.word.error(
                f"{node.word.text!r} needs {_SAID[wanted]} here, and this is {_SAID[kind]}"
            )


def _segments_exist(node: Node, columns: Columns) -> None:
    named = [columns.named(part.word) for part in node.parts if part.does == "column"]
    known = next((columns.values[name] for name in named if name in columns.values), None)
    if known is None:
        return
    for part in node.parts:
        if part.does == "text" and part.value not in known:
            near = get_close_matches(str(part.value), known, n=1)
            hint = f"did you mean {near[0]!r}?" if near else f"there are {', '.join(known)}"
            raise part.word.error(f"no segment is called that; {hint}")
