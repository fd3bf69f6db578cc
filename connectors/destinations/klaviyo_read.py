"""Reading profiles back from Klaviyo: the filter that names people, and who is who then."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final, cast

from connectors.destinations.guards import Identifier, identify
from connectors.destinations.klaviyo_errors import key
from connectors.types import Person

PROFILES: Final = "/api/profiles"


def identifiers(people: Sequence[Person], by: Identifier) -> dict[str, dict[str, list[str]]]:
    """By field, our ids behind each value; who lacks the identifier was never sent."""
    asked: dict[str, dict[str, list[str]]] = {}
    for person in people:
        known_by = identify(person, by)
        if known_by is not None:
            field, value = known_by
            asked.setdefault(field, {}).setdefault(value, []).append(person.id)
    return asked


def query(field: str, values: Iterable[str]) -> dict[str, str]:
    """The filter that names them, and only what is needed of each profile."""
    listed = json.dumps(list(values), ensure_ascii=False, separators=(",", ":"))
    shown = "email,external_id,properties"
    return {"filter": f"any({field},{listed})", "fields[profile]": shown, "page[size]": "100"}


def found(
    field: str,
    asked: Mapping[str, Sequence[str]],
    rows: Iterable[Mapping[str, Any]],
    names: Sequence[str],
) -> dict[str, Mapping[str, object]]:
    """The properties of those names by our id; Klaviyo matches addresses whatever their case."""
    owners: dict[str, list[str]] = {}
    for value, ids in asked.items():
        owners.setdefault(key(field, value), []).extend(ids)
    held: dict[str, Mapping[str, object]] = {}
    for row in rows:
        attributes = cast("dict[str, Any]", row.get("attributes") or {})
        properties = cast("dict[str, Any]", attributes.get("properties") or {})
        ours = {name: properties[name] for name in names if properties.get(name) is not None}
        for customer in owners.get(key(field, str(attributes.get(field))), []):
            held[customer] = ours
    return held
