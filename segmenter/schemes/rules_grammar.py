"""The grammar of rules. It is the whitelist: what it has no place for cannot be said.

::

    rule      = both { or both }
    both      = maybe { and maybe }
    maybe     = [ not ] maybe | test
    test      = sum [ ( = | <> | < | <= | > | >= ) sum
                    | [ not ] in ( literal { , literal } ) | [ not ] between sum and sum
                    | [ not ] like 'text' | is [ not ] null ]
    sum       = product { ( + | - ) product }
    product   = single { ( * | / ) single }
    single    = - single | number | 'text' | date 'text' | true | false | column
              | function ( sum { , sum } ) | ( rule )

Read by descent, one method a line, with the usual precedence of SQL.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date

from segmenter.schemes.rules_words import ALLOWED, DEEPEST, Word, words

COMPARISONS = frozenset({"=", "<>", "!=", "<", "<=", ">", ">="})
#: Pure functions, and how many arguments they take at least and at most.
FUNCTIONS = {"abs": (1, 1), "coalesce": (2, 9), "length": (1, 1), "lower": (1, 1), "upper": (1, 1)}
_KEPT = frozenset(("and", "or", "not", "in", "between", "is", "like", "select", "case"))


@dataclass(frozen=True, slots=True)
class Node:
    """A part of a rule: what it does, the word it came from, its parts, or its literal value."""

    does: str
    word: Word
    parts: tuple[Node, ...] = ()
    value: float | str | bool | date | None = None


def parse(rule: str) -> Node:
    """The rule as a tree. Raises ``RuleError`` at the first word that does not fit."""
    reader = _Reader(words(rule))
    found = reader.rule()
    if reader.here.kind != "end":
        raise reader.here.error(f"this does not fit here; {ALLOWED}")
    return found


class _Reader:
    def __init__(self, found: list[Word]) -> None:
        self.words, self.at, self.depth = found, 0, 0

    @property
    def here(self) -> Word:
        return self.words[self.at]

    def take(self) -> Word:
        word = self.here
        self.at += word.kind != "end"
        return word

    def taken(self, *texts: str) -> Word | None:
        fits = self.here.kind in ("word", "sign") and self.here.plain in texts
        return self.take() if fits else None

    def need(self, text: str, why: str) -> Word:
        word = self.taken(text)
        if word is None:
            raise self.here.error(f"{why}: {text!r} is missing")
        return word

    def deeper(self) -> None:
        self.depth += 1
        if self.depth > DEEPEST:
            raise self.here.error(f"a rule is nested at most {DEEPEST} deep")

    def rule(self) -> Node:
        self.deeper()
        found = self._joined("or", lambda: self._joined("and", self.maybe))
        self.depth -= 1
        return found

    def _joined(self, does: str, part: Callable[[], Node]) -> Node:
        first = part()
        parts, word = [first], self.here
        while self.taken(does) is not None:
            parts.append(part())
        return first if len(parts) == 1 else Node(does, word, tuple(parts))

    def maybe(self) -> Node:
        word = self.taken("not")
        if word is None:
            return self.test()
        self.deeper()
        found = Node("not", word, (self.maybe(),))
        self.depth -= 1
        return found

    def test(self) -> Node:
        left = self.sum()
        word = self.taken(*COMPARISONS)
        if word is not None:
            right = self.sum()
            if self.here.plain in COMPARISONS and self.here.kind == "sign":
                raise self.here.error("comparisons cannot be chained; join them with and")
            return Node("<>" if word.text == "!=" else word.text, word, (left, right))
        word = self.taken("is")
        if word is not None:
            denied = self.taken("not")
            self.need("null", "after is comes null or not null")
            return _unless(denied, Node("is null", word, (left,)))
        denied = self.taken("not")
        word = self.taken("in", "between", "like")
        if word is not None:
            return _unless(denied, self._range(word, left))
        if denied is not None:
            raise self.here.error("after not comes in, between or like here")
        return left

    def _range(self, word: Word, left: Node) -> Node:
        if word.plain == "in":
            self.need("(", "in is followed by a list in parentheses")
            items = self._list(self.literal)
            return Node("in", word, (left, *items))
        if word.plain == "between":
            low = self.sum()
            self.need("and", "between has two ends")
            return Node("between", word, (left, low, self.sum()))
        if self.here.kind != "text":
            raise self.here.error("like is followed by a text such as '%@example.com'")
        return Node("like", word, (left, self.single()))

    def _list(self, part: Callable[[], Node]) -> list[Node]:
        items = [part()]
        while self.taken(",") is not None:
            items.append(part())
        self.need(")", "the list is not closed")
        return items

    def literal(self) -> Node:
        word, found = self.here, self.single()
        if found.value is None:
            raise word.error("the list has numbers, 'texts' and dates only")
        return found

    def sum(self) -> Node:
        found = self.product()
        while (word := self.taken("+", "-")) is not None:
            found = self._longer(Node(word.text, word, (found, self.product())))
        return found

    def product(self) -> Node:
        found = self.single()
        while (word := self.taken("*", "/")) is not None:
            found = self._longer(Node(word.text, word, (found, self.single())))
        return found

    def _longer(self, node: Node) -> Node:
        if _height(node) > DEEPEST:
            raise node.word.error(f"a sum or a product has at most {DEEPEST} parts")
        return node

    def single(self) -> Node:
        word = self.take()
        if word.kind == "number":
            return Node("number", word, value=_number(word))
        if word.kind == "text":
            return Node("text", word, value=_text(word))
        if word.text == "-":
            return self._negative(word)
        if word.text == "(":
            found = self.rule()
            self.need(")", "the parenthesis is not closed")
            return found
        if word.kind != "word":
            raise word.error(f"a column or a value is missing here; {ALLOWED}")
        return self._named(word)

    def _negative(self, word: Word) -> Node:
        self.deeper()
        part = self.single()
        self.depth -= 1
        if part.does == "number" and isinstance(part.value, float):
            return Node("number", word, value=-part.value)
        return Node("negative", word, (part,))

    def _named(self, word: Word) -> Node:
        if word.plain in ("true", "false"):
            return Node("flag", word, value=word.plain == "true")
        if word.plain == "date" and self.here.kind == "text":
            return Node("day", word, value=_day(self.take()))
        if word.plain == "null":
            raise word.error("nothing equals null; ask with is null or is not null")
        if self.here.text == "(" and self.here.kind == "sign":
            return self._call(word)
        if word.plain in _KEPT:
            raise word.error(f"this does not fit here; {ALLOWED}")
        return Node("column", word)

    def _call(self, word: Word) -> Node:
        if word.plain not in FUNCTIONS:
            raise word.error(f"there is no such function; there are {', '.join(FUNCTIONS)}")
        self.take()
        self.deeper()
        parts = self._list(self.sum)
        self.depth -= 1
        least, most = FUNCTIONS[word.plain]
        if not least <= len(parts) <= most:
            wanted = "one value" if most == 1 else f"{least} to {most} values"
            raise word.error(f"{word.plain} takes {wanted}, not {len(parts)}")
        return Node(word.plain, word, tuple(parts))


def _unless(denied: Word | None, node: Node) -> Node:
    return node if denied is None else Node("not", denied, (node,))


def _height(node: Node) -> int:
    height = 0
    while node.parts:
        node, height = node.parts[0], height + 1
    return height


def _number(word: Word) -> float:
    value = float(word.text)
    if not math.isfinite(value):
        raise word.error("this number is too great")
    return value


def _text(word: Word) -> str:
    return word.text[1:-1].replace("''", "'")


def _day(word: Word) -> date:
    try:
        return date.fromisoformat(_text(word))
    except ValueError:
        raise word.error("this is no day; write it as date '2025-01-31'") from None
