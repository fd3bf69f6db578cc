"""What was sent, as text that gives back exactly what it was: a date stays a date, 1.0 a float."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any, cast

from connectors.types import Value


@dataclass(frozen=True, slots=True)
class Sent:
    """The properties that went to a destination, and by which address and number."""

    email: str | None
    phone: str | None
    properties: Mapping[str, Value]


def dump(sent: Sent) -> str:
    """As compact JSON. Days and moments are objects with one key, so that no text looks like one.

    Raises ValueError for NaN and infinity, which no destination can take.
    """
    body = {"email": sent.email, "phone": sent.phone, "properties": sent.properties}
    return _ENCODER.encode(body)


def load(text: str) -> Sent:
    """Back from ``dump``."""
    body = _decode(text)
    return Sent(body["email"], body["phone"], _opened(body["properties"]))


def dump_properties(properties: Mapping[str, Value]) -> str:
    """Only the properties, as an event has them."""
    return _ENCODER.encode(properties)


def load_properties(text: str) -> dict[str, Value]:
    """Back from ``dump_properties``."""
    return _opened(_decode(text))


def _closed(value: object) -> dict[str, str]:
    if isinstance(value, datetime):
        if value.tzinfo is None:
            raise ValueError(f"{value.isoformat()} has no time zone")
        return {"moment": value.astimezone(UTC).isoformat()}
    if isinstance(value, date):
        return {"date": value.isoformat()}
    raise TypeError(f"no property can hold a {type(value).__name__}")


def _opened(properties: dict[str, Any]) -> dict[str, Value]:
    for name, value in properties.items():
        if value.__class__ is dict:
            properties[name] = _open(value)
    return properties


def _open(value: object) -> Value:
    inner = cast("dict[str, str]", value)
    if "date" in inner:
        return date.fromisoformat(inner["date"])
    return datetime.fromisoformat(inner["moment"])


# the function behind it looks for a byte order mark and for options each time
_decode = json.JSONDecoder().decode
_ENCODER = json.JSONEncoder(
    ensure_ascii=False, separators=(",", ":"), allow_nan=False, default=_closed
)
