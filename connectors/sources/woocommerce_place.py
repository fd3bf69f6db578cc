"""How far a pull of a WooCommerce shop has come, and where it goes on."""

from __future__ import annotations

import json
from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from connectors.errors import Misconfigured

SECOND: Final = timedelta(seconds=1)


@dataclass(frozen=True, slots=True)
class Place:
    """All that was modified up to ``after``, in whole seconds and UTC, was brought.

    With ``until``, what was modified after the one and before the other is brought page by page,
    the last one first; ``page`` is the next of them, None if their number is not known yet.
    ``zone`` is how far the shop's clock was ahead of UTC at the last order that was seen.
    """

    after: datetime | None = None
    zone: timedelta | None = None
    until: datetime | None = None
    page: int | None = None

    def past_window(self) -> Place:
        """Where it goes on once the last of the pages was brought."""
        return self if self.until is None else Place(self.until - SECOND, self.zone)

    def text(self, left_out: Collection[str], overlap: timedelta, now: datetime | None) -> str:
        """As a cursor, which lies at least ``overlap`` before ``now``, the shop's own time.

        What is younger may not be whole yet, as a change can show late. And an order may bear a
        time to come, from which on all changes of today would be missed.
        """
        place = self
        settled = (now or self.after or datetime.max.replace(tzinfo=UTC)) - overlap
        if self.after is not None and self.after > settled:
            place = Place(settled.replace(microsecond=0), self.zone)
        told: dict[str, object] = {"left_out": sorted(left_out), "page": place.page}
        told["zone"] = None if place.zone is None else place.zone.total_seconds()
        for name, moment in (("after", place.after), ("until", place.until)):
            told[name] = None if moment is None else moment.isoformat()
        return json.dumps({name: part for name, part in told.items() if part is not None})

    @classmethod
    def read(cls, cursor: str | None, left_out: Collection[str]) -> Place:
        """Where a pull begins. If other statuses count as orders by now, it begins anew."""
        if cursor is None:
            return cls()
        try:
            told = json.loads(cursor)
            if told["left_out"] != sorted(left_out):
                return cls()
            return cls(
                _moment(told.get("after")),
                timedelta(seconds=told["zone"]) if "zone" in told else None,
                _moment(told.get("until")),
                told.get("page"),
            )
        except (ValueError, KeyError, TypeError) as error:
            raise Misconfigured(
                "the place up to which the shop was pulled cannot be read; it is not one of "
                "a WooCommerce source: give the source another name"
            ) from error


def _moment(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text).astimezone(UTC)
