"""Where a pull by query goes on: the newest value of each cursor column, less an overlap.

A value is kept as a whole number, so that it can be compared and stepped back whatever its type:
a moment as microseconds since 1970, by its own clock where it bears no zone.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any, Final

import pyarrow as pa

from connectors.errors import Misconfigured
from connectors.spreadsheet import compute

EPOCH: Final = datetime(1970, 1, 1)  # noqa: DTZ001 - the same for a clock without a zone
MICROSECOND: Final = timedelta(microseconds=1)
#: A moment that is kept as text, as SQLite does; such texts can be compared.
ISO: Final = re.compile(r"(\d{4}-\d{2}-\d{2})(?:([ T])(\d{2}:\d{2}(?::\d{2}(?:\.\d{1,6})?)?))?")
#: A value further ahead of the database's own clock is a mistake, not the newest one; zones and
#: clocks that are a little off lie within.
AHEAD: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Mark:
    """A value of a cursor column. ``kind`` tells how it is written where it came from."""

    kind: str
    at: int

    @classmethod
    def of(cls, value: object, column: str) -> Mark:
        """Raises Misconfigured for a value that has no order of time or number."""
        if isinstance(value, datetime):
            zoned = value.tzinfo is not None
            clock = value.astimezone(UTC).replace(tzinfo=None) if zoned else value
            return cls("moment" if zoned else "local", (clock - EPOCH) // MICROSECOND)
        if isinstance(value, date):
            return cls("day", (datetime(value.year, value.month, value.day) - EPOCH) // MICROSECOND)  # noqa: DTZ001
        if isinstance(value, int | float | Decimal) and not isinstance(value, bool):
            return cls("number", int(value))
        found = ISO.match(value) if isinstance(value, str) else None
        if found is None:
            raise Misconfigured(
                f"the cursor column {column!r} holds {type(value).__name__} values that are"
                " neither times nor whole numbers; name one that tells when a row changed"
            )
        day, between, time = found.groups()
        moment = datetime.fromisoformat(f"{day}T{time or '00:00'}")
        return cls(f"text{between or ''}", (moment - EPOCH) // MICROSECOND)

    @property
    def counts(self) -> bool:
        """Whether it is a number, and no time."""
        return self.kind == "number"

    def value(self, back: int) -> object:
        """The value that lies so far back (microseconds, or steps), as the column has it."""
        if self.counts:
            return self.at - back
        moment = EPOCH + (self.at - back) * MICROSECOND
        return _WRITTEN[self.kind](moment)


_WRITTEN: Final[Mapping[str, Callable[[datetime], object]]] = {
    "moment": lambda moment: moment.replace(tzinfo=UTC),
    "local": lambda moment: moment,
    "day": lambda moment: moment.date(),
    # without what follows the seconds it comes before any text that has more
    "textT": lambda moment: moment.isoformat("T", "seconds"),
    "text ": lambda moment: moment.isoformat(" ", "seconds"),
    "text": lambda moment: moment.date().isoformat(),
}


@dataclass(frozen=True, slots=True)
class Cursor:
    """What was brought: under which options, up to where, and a digest of the last rows."""

    options: str
    marks: Mapping[str, Mark] = field(default_factory=dict[str, Mark])
    digest: str = ""

    @classmethod
    def read(cls, text: str | None, options: str) -> Cursor:
        """The cursor, empty if there is none or if the options have changed since."""
        stored: dict[str, Any] = {} if text is None else json.loads(text)
        if stored.get("options") != options:
            return cls(options)
        marks = {column: Mark(*mark) for column, mark in stored["marks"].items()}
        return cls(options, marks, stored["digest"])

    def text(self) -> str:
        """As it is stored; equal cursors are equal texts."""
        marks = {column: [mark.kind, mark.at] for column, mark in sorted(self.marks.items())}
        kept = {"options": self.options, "marks": marks, "digest": self.digest}
        return json.dumps(kept, separators=(",", ":"))

    def since(self, columns: Sequence[str], hours: float, steps: int) -> dict[str, object]:
        """By column the first value that counts as new; none at all where all rows do."""
        if not self.marks:
            return {}
        back = int(hours * 3_600_000_000)
        return {
            column: None if mark is None else mark.value(steps if mark.counts else back)
            for column, mark in ((column, self.marks.get(column)) for column in columns)
        }


class Newest:
    """Finds the newest value of each cursor column; what lies in the future is counted apart."""

    def __init__(self, columns: Sequence[str], before: Mapping[str, Mark], now: datetime) -> None:
        self.columns = tuple(columns)
        self.marks = dict(before)
        self.ahead: dict[str, tuple[int, str]] = {}
        self._latest = (now.replace(tzinfo=None) + AHEAD - EPOCH) // MICROSECOND

    def add(self, column: str, values: Sequence[object]) -> pa.Array:
        """Look at the values of a column; gives each as a whole number (int64)."""
        places = _places(column, values)
        limit = pa.scalar(2**63 - 1 if self._counts(column, values) else self._latest, pa.int64())
        ahead = compute.index(
            compute.fill_null(compute.greater(places, limit), False), True
        ).as_py()
        if ahead >= 0:
            count, example = self.ahead.get(column, (0, f"column {column}: {values[ahead]}"))
            more: int = compute.sum(compute.greater(places, limit)).as_py()
            self.ahead[column] = (count + more, example)
        top = compute.max(places.filter(compute.less_equal(places, limit))).as_py()
        if top is not None:
            newest = replace(Mark.of(_first(values), column), at=top)
            # of another kind than before only if the column itself was changed: it begins anew
            old = self.marks.get(column)
            if old is None or old.kind != newest.kind or old.at < newest.at:
                self.marks[column] = newest
        return places

    def _counts(self, column: str, values: Sequence[object]) -> bool:
        first = _first(values)
        return first is not None and Mark.of(first, column).counts


def _first(values: Sequence[object]) -> object:
    return next((value for value in values if value is not None), None)


def _places(column: str, values: Sequence[object]) -> pa.Array:
    """Each value as ``Mark.at``; in one go where all are of one type that Arrow knows."""
    known = [value for value in values if value is not None]
    kinds = set(map(type, known))
    if kinds == {int}:
        return pa.array(values, pa.int64())
    if kinds == {datetime}:
        zoned = {value.tzinfo is not None for value in known if isinstance(value, datetime)}
        if len(zoned) == 1:
            kind = pa.timestamp("us", "UTC" if zoned.pop() else None)
            return pa.array(values, kind).cast(pa.int64())
    marks = [None if value is None else Mark.of(value, column) for value in values]
    if len({mark.counts for mark in marks if mark is not None}) > 1:
        raise Misconfigured(f"the cursor column {column!r} holds both times and numbers")
    return pa.array([None if mark is None else mark.at for mark in marks], pa.int64())
