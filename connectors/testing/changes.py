"""People and changes for the laws: by number, so that the same number is always the same."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Final

from hypothesis import strategies as st

from connectors.types import Change, Enter, Exit, Identify, Person, Track, Value

#: When the events of the laws happen; the part of a second may be lost on the way.
MOMENT: Final = datetime(2024, 3, 1, 12, 30, 15, 900_000, UTC)
EVENT: Final = "Lifecycle Segment Changed"
AUDIENCE: Final = "at_risk"
AUDIENCES: Final = (AUDIENCE, "lost", "champions")
SEGMENT: Final = "lifecycle_segment"
#: Texts that were seen to be bent on the way: quotes, scripts, signs beyond 16 bits, markup.
ODD_TEXTS: Final = (
    "Ünïcödé",
    "日本語のテキスト",
    "עברית",
    "👩‍👩‍👧 🇬🇧",
    "a'b\"c\\d/e",
    "<b>&amp;</b>",
    "100%25 {{name}} ${x}",
    " inside and around ",
)

#: Any value that a property may hold, but for moments and days, which vendors write in their way.
values: Final[st.SearchStrategy[Value]] = st.one_of(
    st.text(st.characters(exclude_categories=["Cc", "Cs", "Zl", "Zp"]), max_size=60),
    st.integers(-(2**53), 2**53),
    st.floats(allow_nan=False, allow_infinity=False),
    st.booleans(),
)


def person(number: int, *, email: str | None = "") -> Person:
    """Somebody with an address and a phone number; ``email=None`` for one without an address."""
    address = f"canary{number}@example.com" if email == "" else email
    return Person(f"customer-{number:05}", address, f"+1202555{number:04}"[:12])


def identify(
    number: int,
    properties: Mapping[str, Value] | None = None,
    *,
    known: Mapping[str, Value] | None = None,
) -> Identify:
    """A change of that person's properties."""
    fields = _segment(number) if properties is None else properties
    return Identify(f"change-{number:05}", person(number), fields, known)


def track(
    number: int,
    properties: Mapping[str, Value] | None = None,
    *,
    who: int | None = None,
    backfill: bool = False,
) -> Track:
    """An event, of the person with the same number unless ``who`` names another."""
    told = {"from": "Champions", "to": "At Risk", **(properties or {})}
    about = person(number if who is None else who)
    change_id = f"event-{number:05}"
    return Track(change_id, about, EVENT, MOMENT, {**told, "number": number}, backfill)


def enter(number: int, audience: str = AUDIENCE) -> Enter:
    """Into an audience."""
    return Enter(f"enter-{number:05}", person(number), audience)


def leave(number: int, audience: str = AUDIENCE) -> Exit:
    """Out of an audience."""
    return Exit(f"exit-{number:05}", person(number), audience)


def change(kind: type[Change], number: int) -> Change:
    """A change of that kind about that person."""
    if kind is Identify:
        return identify(number)
    if kind is Track:
        return track(number)
    return enter(number) if kind is Enter else leave(number)


def changes(kind: type[Change], count: int, start: int = 0) -> list[Change]:
    """So many changes about as many people."""
    return [change(kind, number) for number in range(start, start + count)]


def _segment(number: int) -> dict[str, Value]:
    return {SEGMENT: "At Risk", "number": number}
