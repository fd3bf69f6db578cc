"""How far a pull of Shopify has come, as the text that the engine keeps.

All moments are Shopify's own, in UTC: a source has no clock.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any, Final, TypeAlias

from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError

#: Shopify tells the last change to the second.
SECOND: Final = timedelta(seconds=1)


class Bulk(BaseModel):
    """All orders, by the bulk operation of that id; None: it is to be begun.

    ``stored`` is the number of the last order that is safe, ``failed`` how many operations came to
    nothing before this one.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    bulk: str | None = None
    stored: int = 0
    failed: int = 0


class Changes(BaseModel):
    """Orders by their last change. ``seen`` is the latest that was stored.

    Within a pull, ``start`` is the second from which on it asks; where more orders changed in that
    second than a page holds, ``number`` is the last of them that was taken. ``owed`` are orders
    that are still to be asked for alone, by Shopify's id.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    seen: datetime
    start: datetime | None = None
    number: int | None = None
    owed: tuple[str, ...] = ()

    def asked(self) -> dict[str, str]:
        """The filter and the order of the query for the next page."""
        start = self.start or self.seen
        since = f"updated_at:>='{_second(start)}'"
        if self.number is None:
            return {"query": since, "sort": "UPDATED_AT"}
        until = f"updated_at:<'{_second(start + SECOND)}'"
        return {"query": f"{since} AND {until} AND id:>={self.number + 1}", "sort": "ID"}

    def after(self, nodes: list[dict[str, Any]], *, more: bool, owed: tuple[str, ...]) -> Changes:
        """The cursor after a page of these orders; ``more``: Shopify had more of that query.

        The next query begins in the second of the last change. What a place in an answer would mean
        while orders change, and so move, is not documented; none is asked for.
        """
        changed = [datetime.fromisoformat(node["updatedAt"]) for node in nodes]
        seen, start = max([self.seen, *changed]), self.start or self.seen
        if self.number is not None:
            if more:
                number = max(int(node["id"].rpartition("/")[2]) for node in nodes)
                return Changes(seen=seen, start=start, number=number, owed=owed)
            return Changes(seen=seen, start=start + SECOND, owed=owed)
        last = max([start, *changed])
        if more:
            inside = None if last > start else 0
            return Changes(seen=seen, start=last, number=inside, owed=owed)
        # while any is owed another page follows, so that a pull ends with nothing owed
        return Changes(seen=seen, start=last + SECOND if owed else None, owed=owed)


def _second(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


Cursor: TypeAlias = Bulk | Changes
_CURSOR: TypeAdapter[Bulk | Changes] = TypeAdapter(Bulk | Changes)


def read(text: str | None) -> Cursor:
    """The cursor of a text; from one that cannot be read all orders are pulled, as from None."""
    if text is None:
        return Bulk()
    try:
        return _CURSOR.validate_json(text)
    except ValidationError:
        return Bulk()
