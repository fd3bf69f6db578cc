"""The statement that is sent: the operator's query, and around it which of its rows are wanted."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

#: As long as a query may be: what Segment's reverse ETL takes, and no text that a person keeps.
LONGEST = 65_535
#: What a query that reads begins with, after remarks and brackets.
BEGINNINGS = ("select", "with", "from", "values", "table")
_REMARK = re.compile(r"\s+|--[^\n]*(\n|\Z)|/\*.*?\*/|\(", re.DOTALL)
_END = re.compile(r";(\s|--[^\n]*(\n|\Z))*\Z")

#: The query as a table, under names that no table of a shop bears.
_ROWS, _NEWER = "tidesman_rows", "tidesman_newer"


def reading(query: str) -> str:
    """The query without a closing semicolon. Raises ValueError unless it is one that reads."""
    if len(query) > LONGEST:
        raise ValueError(f"has {len(query):,} characters; at most {LONGEST:,} are sent")
    text, place = _END.sub("", query).strip(), 0
    while (remark := _REMARK.match(text, place)) is not None:
        place = remark.end()
    if not text[place:].lower().startswith(BEGINNINGS):
        raise ValueError("must be one SELECT; nothing else is ever sent to a database")
    return text


@dataclass(frozen=True, slots=True)
class Select:
    """Rows of a query.

    ``since`` holds, by cursor column, the first value that counts as new; None: any value does. A
    row is wanted if one of these columns is new, or all are null. ``whole`` names a column: then
    all rows are wanted that share its value with a new one.
    """

    query: str
    columns: tuple[str, ...] = ()
    since: Mapping[str, object] = field(default_factory=dict[str, object])
    whole: str | None = None
    #: Only the names of the columns are asked for.
    empty: bool = False

    def text(
        self, quote: Callable[[str], str], mark: Callable[[int], str], plain: Callable[[str], str]
    ) -> str:
        """As SQL. ``quote`` writes a name, ``mark`` a value's place, ``plain`` the query's text."""
        columns = ", ".join(map(quote, self.columns)) or "*"
        # a remark in its last line must not swallow the bracket
        rows = f"FROM (\n{plain(self.query)}\n) "
        statement = f"SELECT {columns} {rows}{_ROWS}"
        if self.empty:
            return f"{statement} WHERE 1 = 0"
        if not self.since:
            return statement
        new = self._new(quote, mark)
        if self.whole is None:
            return f"{statement} WHERE {new}"
        key = quote(self.whole)
        return f"{statement} WHERE {key} IN (SELECT {key} {rows}{_NEWER} WHERE {new})"

    def values(self) -> list[object]:
        """What stands at the marks."""
        return [value for value in self.since.values() if value is not None]

    def _new(self, quote: Callable[[str], str], mark: Callable[[int], str]) -> str:
        conditions, place = list[str](), 0
        for column, value in self.since.items():
            if value is None:
                conditions.append(f"{quote(column)} IS NOT NULL")
            else:
                conditions.append(f"{quote(column)} >= {mark(place)}")
                place += 1
        conditions.append(" AND ".join(f"{quote(column)} IS NULL" for column in self.since))
        return " OR ".join(f"({condition})" for condition in conditions)
