"""Klaviyo's events: checked, made one by ``unique_id``, stored in the order of arrival.

Documented: 1,000 events and 5 MB a bulk request, 400 properties, strings of 100 kB, names shorter
than 128, times after 1990 and at most a year ahead, cut to the second; a ``unique_id`` that is
repeated for a profile and a metric fails the whole bulk request, while the single endpoint keeps
the first; without it, one event per profile, metric and second. The status and the words of that
failure are our assumption.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from connectors.sandbox.klaviyo_jsonapi import error
from connectors.sandbox.klaviyo_profiles import check_shape, fault_of, identified
from connectors.sandbox.wire import mapping, sequence

JSON = dict[str, Any]
_EARLIEST = datetime(1990, 1, 1, tzinfo=UTC)
_STRING_BYTES = 100_000


@dataclass(frozen=True, slots=True)
class Incoming:
    """One event of a request, with the profile resource that it is about."""

    profile: JSON
    attributes: JSON
    backfill: bool
    pointer: str

    @property
    def metric(self) -> str:
        """The name of the metric."""
        return str(self.attributes["metric"]["data"]["attributes"]["name"])


class EventStore:
    """All events of an account and the keys that make them one."""

    def __init__(self) -> None:
        self.rows: list[JSON] = []
        self.keys: set[tuple[str, str, str]] = set()

    def key(self, incoming: Incoming, profile_id: str, now: datetime) -> tuple[str, str, str]:
        """Profile, metric and unique id; without one, the second of the event."""
        unique = incoming.attributes.get("unique_id")
        at = happened(incoming.attributes, now).isoformat()
        return profile_id, incoming.metric, f"at:{at}" if unique is None else f"id:{unique}"

    def add(self, incoming: Incoming, profile_id: str, now: datetime) -> bool:
        """Store it unless its key is there already."""
        key = self.key(incoming, profile_id, now)
        if key in self.keys:
            return False
        self.keys.add(key)
        self.rows.append(
            {
                "profile_id": profile_id,
                "metric": incoming.metric,
                "time": happened(incoming.attributes, now).isoformat(),
                "properties": incoming.attributes.get("properties") or {},
                "value": incoming.attributes.get("value"),
                "unique_id": incoming.attributes.get("unique_id"),
                "backfill": incoming.backfill,
            }
        )
        return True


def happened(attributes: JSON, now: datetime) -> datetime:
    """The event's time in UTC, cut to the second; the time of arrival if it bears none."""
    given = attributes.get("time")
    at = now if given is None else _moment(given) or now
    return at.replace(microsecond=0)


def _moment(text: object) -> datetime | None:
    if not isinstance(text, str):
        return None
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        return None
    return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)


def unpack(entries: list[Any], pointer: str) -> tuple[list[Incoming], list[JSON]]:
    """The events of a bulk request one by one, and errors in the shape of it."""
    events: list[Incoming] = []
    errors: list[JSON] = []
    for i, entry in enumerate(entries):
        for one in _unpack_entry(entry, f"{pointer}/{i}"):
            if isinstance(one, Incoming):
                events.append(one)
            else:
                errors.append(one)
    return events, errors


def _unpack_entry(entry: object, pointer: str) -> Iterator[Incoming | JSON]:
    resource = mapping(entry) or {}
    attributes = mapping(resource.get("attributes"))
    if resource.get("type") != "event-bulk-create" or attributes is None:
        yield error(400, "invalid", "Type 'event-bulk-create' is required.", pointer=pointer)
        return
    profile = (mapping(attributes.get("profile")) or {}).get("data")
    data = sequence((mapping(attributes.get("events")) or {}).get("data"))
    if data is None:
        where = f"{pointer}/attributes/events/data"
        yield error(400, "invalid", "An array of events is required.", pointer=where)
        return
    for j, event in enumerate(data):
        where = f"{pointer}/attributes/events/data/{j}"
        yield incoming(
            profile, event, where, f"{pointer}/attributes/profile/data", attributes.get("backfill")
        )


def incoming(
    profile: object, event: object, pointer: str, profile_pointer: str, backfill: object = None
) -> Incoming | JSON:
    """One event out of its resources, or the error in their shape."""
    wrong = check_shape(profile, profile_pointer)
    if wrong is not None:
        return error(400, "invalid", wrong[1], pointer=wrong[0])
    person = mapping(profile) or {}
    if not identified(person):
        detail = "A profile identifier is required."
        return error(400, "invalid", detail, pointer=f"{profile_pointer}/attributes")
    bad = fault_of(person["attributes"])
    if bad is not None:
        where = f"{profile_pointer}/attributes/{bad[0]}"
        return error(400, "invalid", bad[1], pointer=where)
    resource = mapping(event) or {}
    attributes = mapping(resource.get("attributes"))
    if resource.get("type") != "event" or attributes is None:
        return error(400, "invalid", "A resource of type 'event' is required.", pointer=pointer)
    own = attributes.get("backfill")
    return Incoming(person, attributes, bool(backfill if own is None else own), pointer)


def check(event: Incoming, now: datetime) -> JSON | None:
    """Why the event cannot be taken, or None."""
    found = next(_problems(event.attributes, now), None)
    if found is None:
        return None
    return error(400, "invalid", found[1], pointer=f"{event.pointer}/attributes/{found[0]}")


def _problems(attributes: JSON, now: datetime) -> Iterator[tuple[str, str]]:
    data = mapping((mapping(attributes.get("metric")) or {}).get("data")) or {}
    name = (mapping(data.get("attributes")) or {}).get("name")
    if data.get("type") != "metric" or not isinstance(name, str) or not 0 < len(name) < 128:
        detail = "A metric with a name shorter than 128 characters is required."
        yield "metric/data/attributes/name", detail
    properties = mapping(attributes.get("properties"))
    if properties is None:
        yield "properties", "properties are required."
    elif len(properties) > 400:
        yield "properties", "An event has at most 400 properties."
    elif any(isinstance(v, str) and len(v.encode()) > _STRING_BYTES for v in properties.values()):
        yield "properties", f"A string is longer than {_STRING_BYTES} bytes."
    unique = attributes.get("unique_id")
    if unique is not None and not isinstance(unique, str):
        yield "unique_id", "unique_id must be a string."
    given = attributes.get("time")
    at = now if given is None else _moment(given)
    if at is None or not _EARLIEST <= at <= now + timedelta(days=366):
        yield "time", "time must be ISO 8601, after 1990 and at most one year ahead."
