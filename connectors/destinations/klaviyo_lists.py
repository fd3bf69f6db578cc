"""Klaviyo's lists: find or make one, put people on it by an import, take them off by Klaviyo's ids.

To be put on a list does not subscribe anybody and lifts no suppression, but it can start the flows
that wait for "added to list": no import has a way around them. Taking off leaves consent alone.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping
from typing import Any, Final, cast
from urllib.parse import quote

from connectors.base import Rate
from connectors.destinations.klaviyo_errors import key
from connectors.types import Audience, Batch, Receipt, Rejected

LISTS: Final = "/api/lists"
#: Reads are allowed 75 a second and 750 a minute, writes 10 and 150; 150 lists may be made a day.
RATES: Final = (
    Rate(75, 1, LISTS, ("GET",)),
    Rate(750, 60, LISTS, ("GET",)),
    Rate(10, 1, LISTS, ("POST", "DELETE")),
    Rate(150, 60, LISTS, ("POST", "DELETE")),
    Rate(150, 86_400, LISTS, ("POST",)),
)


def named(name: str) -> dict[str, str]:
    """The query that finds the lists of that name."""
    return {"filter": f"equals(name,{json.dumps(name, ensure_ascii=False)})"}


def oldest(rows: Iterable[Mapping[str, Any]], name: str) -> Audience | None:
    """The list that bears the name; of several, as Klaviyo allows them, the oldest."""
    found: list[tuple[str, str]] = []
    for row in rows:
        attributes = cast("dict[str, Any]", row.get("attributes") or {})
        if attributes.get("name") == name:
            found.append((str(attributes.get("created")), str(row["id"])))
    return Audience(min(found)[1], name) if found else None


def path(list_id: str) -> str:
    """Where the members of a list are."""
    return f"{LISTS}/{quote(list_id, safe='')}/relationships/profiles"


def new(name: str) -> dict[str, Any]:
    """The body that makes a list."""
    return {"data": {"type": "list", "attributes": {"name": name}}}


def into(list_id: str) -> dict[str, Any]:
    """What an import job bears so that its profiles come onto the list."""
    return {"lists": {"data": [{"type": "list", "id": list_id}]}}


def members(ids: Iterable[str]) -> dict[str, Any]:
    """The body that names profiles to take off."""
    return {"data": [{"type": "profile", "id": one} for one in ids]}


def ids_of(rows: Iterable[Mapping[str, Any]], keys: Mapping[str, str]) -> dict[str, str]:
    """Klaviyo's own ids of the profiles, by change id; ``keys`` gives that by identifier."""
    found: dict[str, str] = {}
    for row in rows:
        attributes = cast("dict[str, Any]", row.get("attributes") or {})
        for field in ("email", "external_id"):
            change_id = keys.get(key(field, str(attributes.get(field))))
            if change_id is not None:
                found[change_id] = str(row["id"])
    return found


def taken_off(batch: Batch[Any], imported: Receipt, found: Collection[str]) -> Receipt:
    """The receipt of exits: delivered is who was found and taken off."""
    rejected: dict[str, str] = {}
    unsure: dict[str, str] = {}
    for change in batch:
        outcome = imported.outcomes[change.id]
        if change.id in found:
            continue
        if isinstance(outcome, Rejected):
            rejected[change.id] = outcome.reason
        else:
            unsure[change.id] = "Klaviyo did not tell its id of the profile; asked for again"
    return batch.delivered(rejected, unsure)
