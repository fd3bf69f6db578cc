"""Iterable's field types: the first value of a field settles its type for ever.

From a recorded answer: a request that clashes fails whole, and names for each field the types that
the value could have been. Our assumptions: a whole number also fits a ``double`` field, a date also
fits a ``string`` field, null fits all and settles nothing.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from connectors.sandbox.wire import mapping

#: ``yyyy-MM-dd HH:mm:ss +00:00``, the form that makes a field a date.
_DATE: Final = re.compile(r"\d{4}-\d{2}-\d{2} \d{2}:\d{2}:\d{2} [+-]\d{2}:\d{2}")

_STRING: Final = ("string", "keyword")
_DATES: Final = ("date", "string", "keyword")
_PLAIN: Final[Mapping[type, tuple[str, ...]]] = {
    bool: ("boolean",),
    int: ("long", "double"),
    float: ("double",),
    list: ("array",),
}


def possible(value: object) -> tuple[str, ...]:
    """The types that a JSON value could have, the one that it would settle first; null has none."""
    if isinstance(value, str):
        dated = value[4:5] == "-" and _DATE.fullmatch(value) is not None
        return _DATES if dated else _STRING
    if isinstance(value, dict):
        return ("geo_location",) if set(value) == {"lat", "lon"} else ("object",)  # pyright: ignore[reportUnknownArgumentType]
    return _PLAIN.get(type(value), ())


class FieldTypes:
    """The types of the fields of one kind: of users, or of one event."""

    def __init__(self, category: str) -> None:
        self.category = category
        self.known: dict[str, str] = {}

    def check(self, records: list[dict[str, Any]]) -> tuple[dict[str, str], dict[str, Any]]:
        """The new fields with their types, and the clashes by field, of all records together."""
        new: dict[str, str] = {}
        clashes: dict[str, Any] = {}
        for record in records:
            self._check(record, "", new, clashes)
        return new, clashes

    def _check(
        self, record: dict[str, Any], prefix: str, new: dict[str, str], clashes: dict[str, Any]
    ) -> None:
        for key, value in record.items():
            types = possible(value)
            if not types:
                continue
            name = prefix + key
            settled = self.known.get(name) or new.get(name)
            if settled is None:
                new[name] = types[0]
            elif settled not in types:
                clashes.setdefault(name, _clash(types, settled, value, self.category))
            inner = mapping(value)
            if inner is not None:
                self._check(inner, f"{name}.", new, clashes)


def _clash(types: tuple[str, ...], settled: str, value: object, category: str) -> dict[str, Any]:
    return {
        "incomingTypes": list(types),
        "expectedType": settled,
        "_type": "UnexpectedType",
        "offendingValue": value,
        "category": category,
    }
