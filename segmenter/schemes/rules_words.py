"""A rule cut into words, each with its place, so that an error can point at it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

#: A longer rule is no rule but a program; so is one that is nested deeper.
LONGEST, DEEPEST = 10_000, 60

_WORDS = re.compile(
    r"""(?P<space>\s+)
      | (?P<comment>--|/\*)
      | (?P<number>(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?)
      | (?P<word>[A-Za-z_][A-Za-z_0-9]*)
      | (?P<text>'(?:[^']|'')*')
      | (?P<sign><=|>=|<>|!=|[=<>()+\-*/,])""",
    re.VERBOSE,
)
_HINTS = {
    '"': "a text stands in single quotes, such as 'VIP', and a column in none: not \"",
    "'": "the text that begins here has no end; close it with '",
    "-": "a comment cannot stand in a rule; put it into the description",
    "/": "a comment cannot stand in a rule; put it into the description",
    ";": "a rule is one condition, not a statement",
}


class RuleError(ValueError):
    """A rule that cannot be used: ``line`` and ``column`` from 1, ``word`` and the sentence."""

    def __init__(self, line: int, column: int, word: str, sentence: str) -> None:
        place = f"line {line}, column {column}"
        at = f"{place}, at {_short(word)}" if word else f"{place}, at the end"
        super().__init__(f"{at}: {sentence}")
        self.line, self.column, self.word = line, column, word


@dataclass(frozen=True, slots=True)
class Word:
    """A word of a rule as it was written, and where. The end of the rule is a word too."""

    kind: Literal["number", "word", "text", "sign", "end"]
    text: str
    line: int
    column: int

    @property
    def plain(self) -> str:
        """In lower case where case does not count."""
        return self.text.lower() if self.kind == "word" else self.text

    def error(self, sentence: str) -> RuleError:
        """An error that points here."""
        return RuleError(self.line, self.column, self.text, sentence)


def words(rule: str) -> list[Word]:
    """The words of a rule, the end last. Raises ``RuleError`` at what is no word of any rule."""
    if len(rule) > LONGEST:
        raise RuleError(1, 1, "", f"a rule has at most {LONGEST:,} characters")
    found: list[Word] = []
    at = 0
    while at < len(rule):
        match = _WORDS.match(rule, at)
        kind = None if match is None else match.lastgroup
        if match is None or kind == "comment":
            sentence = _HINTS.get(rule[at], f"{rule[at]!r} cannot stand in a rule; {ALLOWED}")
            raise RuleError(*_place(rule, at), rule[at], sentence)
        text, before, at = match.group(), at, match.end()
        if kind == "space":
            continue
        if kind == "number" and at < len(rule) and (rule[at].isalnum() or rule[at] in "_."):
            raise RuleError(*_place(rule, before), text + rule[at], "this is no number")
        found.append(Word(kind, text, *_place(rule, before)))  # type: ignore[arg-type]
    return [*found, Word("end", "", *_place(rule, len(rule)))]


ALLOWED = (
    "a rule has columns, numbers, 'texts', date '2025-01-31', = <> < <= > >=, and, or, not, in, "
    "between, is null, like, + - * /, and the functions abs, coalesce, length, lower, upper"
)


def _place(rule: str, at: int) -> tuple[int, int]:
    return rule.count("\n", 0, at) + 1, at - (rule.rfind("\n", 0, at) + 1) + 1


def _short(word: str) -> str:
    return repr(word if len(word) <= 30 else word[:29] + "…")
