"""How far a pull of Shopify has come, as the text that the engine keeps.

All moments are Shopify's own, in UTC: a source has no clock.
"""

from __future__ import annotations

from datetime import datetime
from typing import TypeAlias

from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError


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

    Within a pull, ``start`` is from when on it asks, to the second; ``after`` is Shopify's place
    among the orders of that second, and ``count`` how many of them have been taken. ``owed`` are
    orders that are still to be asked for alone, by Shopify's id.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    seen: datetime
    start: datetime | None = None
    after: str | None = None
    count: int = 0
    owed: tuple[str, ...] = ()


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
