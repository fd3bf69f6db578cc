"""How far a pull of Vendure's orders has come."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Final

from pydantic import AwareDatetime, TypeAdapter

#: Moments are told in milliseconds, and "after" leaves the moment itself out.
INSTANT: Final = timedelta(milliseconds=1)
BEGINNING: Final = datetime(1970, 1, 1, tzinfo=UTC)


class Reading(StrEnum):
    """What a pull reads, one after the other, by the moment that sorts it."""

    PLACED = "orderPlacedAt"
    CHANGED = "updatedAt"
    NOTHING = ""


@dataclass(frozen=True, slots=True)
class Position:
    """A place in a list sorted by a moment: the orders from ``at`` on, but for so many of them.

    It is not a count from the beginning of the list: an order that changes leaves its place, and
    all behind it would move up by one, over the edge of a page.
    """

    at: AwareDatetime
    skip: int = 0

    def after(self) -> str:
        """The moment after which, as Vendure understands it, the rest of the list begins."""
        return (self.at - INSTANT).isoformat()

    def past(self, last: datetime, size: int) -> Position:
        """The place behind a full page of that size, whose last order bears that moment.

        The orders of that moment are read again. Only a page that did not get past one moment is
        counted, and then by half of it, so that some may leave their place meanwhile.
        """
        if last <= self.at:
            return replace(self, skip=self.skip + size // 2)
        return Position(last)

    def earlier(self, overlap: timedelta) -> Position:
        """The place from which the next pull begins."""
        return Position(max(self.at - overlap, BEGINNING))


@dataclass(frozen=True, slots=True)
class Cursor:
    """A place among the orders by placement and one by change, and which of them are read now."""

    placed: Position
    changed: Position
    reading: Reading = Reading.PLACED

    @classmethod
    def read(cls, text: str, overlap: timedelta) -> Cursor:
        """The cursor of a text; behind a pull that came to its end, that of the next one."""
        cursor = _CURSOR.validate_json(text)
        if cursor.reading is not Reading.NOTHING:
            return cursor
        return cls(cursor.placed.earlier(overlap), cursor.changed.earlier(overlap))

    def text(self) -> str:
        """As it is stored."""
        return _CURSOR.dump_json(self).decode()

    def position(self) -> Position:
        """Where that which is being read goes on."""
        return self.placed if self.reading is Reading.PLACED else self.changed

    def moved(self, position: Position) -> Cursor:
        """The same, further in what is being read."""
        if self.reading is Reading.PLACED:
            return replace(self, placed=position)
        return replace(self, changed=position)

    def ended(self) -> Cursor:
        """At the end of what was being read, and at the beginning of what comes next."""
        follows = {Reading.PLACED: Reading.CHANGED, Reading.CHANGED: Reading.NOTHING}
        return replace(self, reading=follows[self.reading])


_CURSOR: Final = TypeAdapter(Cursor)
