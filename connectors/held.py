"""Whether what a vendor holds is the value that it was given, in whatever form it keeps it."""

from __future__ import annotations

from datetime import UTC, date, datetime, time

from connectors.types import Value


def holds(held: object, value: Value) -> bool:
    """Whether JSON that was read back means the value.

    Days and moments are compared as moments: a vendor may keep a day as its midnight in UTC, and
    write either in any ISO 8601 form. Numbers are compared as numbers: JSON does not keep 4.0
    apart from 4 everywhere. True is not 1.
    """
    if isinstance(value, date):
        return isinstance(held, str) and _moment(held) == _begin(value)
    if isinstance(value, bool) or isinstance(held, bool):
        return held is value
    return held == value


def _begin(value: date) -> datetime:
    if isinstance(value, datetime):
        return value.astimezone(UTC).replace(microsecond=0)
    return datetime.combine(value, time(), UTC)


def _moment(text: str) -> datetime | None:
    """To the second, as vendors cut the rest; a text without an offset is taken for UTC."""
    try:
        found = datetime.fromisoformat(text.replace(" +", "+").replace(" -", "-"))
    except ValueError:
        return None
    return (
        (found if found.tzinfo is not None else found.replace(tzinfo=UTC))
        .astimezone(UTC)
        .replace(microsecond=0)
    )
