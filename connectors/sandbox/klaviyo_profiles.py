"""Klaviyo's profiles: found by any identifier, written by merging.

That e-mail addresses are matched without regard to case is our assumption; values are stored as
they came.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime
from typing import Any, Final

from connectors.sandbox.wire import mapping

JSON = dict[str, Any]

#: Attributes of a profile beside its identifiers and its custom properties.
STANDARD: Final = (
    "first_name",
    "last_name",
    "organization",
    "locale",
    "title",
    "image",
    "location",
)
IDENTIFIERS: Final = ("external_id", "email", "phone_number")
_EMAIL: Final = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
_E164: Final = re.compile(r"\+[1-9]\d{6,14}")


class Conflict(Exception):
    """Two identifiers of one record belong to two profiles, named in the order they were found."""

    def __init__(self, first_id: str, profile_id: str) -> None:
        super().__init__("two identifiers belong to two profiles")
        self.first_id = first_id
        self.profile_id = profile_id


class Profile:
    """One stored profile."""

    __slots__ = (
        "attributes",
        "created",
        "email",
        "external_id",
        "id",
        "phone_number",
        "properties",
        "updated",
    )

    def __init__(self, profile_id: str, created: datetime) -> None:
        self.id = profile_id
        self.external_id: str | None = None
        self.email: str | None = None
        self.phone_number: str | None = None
        self.attributes: JSON = {}
        self.properties: JSON = {}
        self.created = created
        self.updated = created


class Profiles:
    """All profiles of an account with their indexes."""

    def __init__(self) -> None:
        self.by_id: dict[str, Profile] = {}
        self._index: dict[str, dict[str, Profile]] = {name: {} for name in IDENTIFIERS}

    def get(self, field: str, value: str) -> Profile | None:
        """The profile with that identifier; ``field`` is id, email, phone_number, external_id."""
        if field == "id":
            return self.by_id.get(value)
        return self._index[field].get(value.lower() if field == "email" else value)

    def find(self, profile_id: str | None, attributes: JSON) -> Profile | None:
        """The one profile that the identifiers name. Raises Conflict if they name two."""
        found = self.by_id.get(profile_id) if profile_id is not None else None
        for field in IDENTIFIERS:
            value = attributes.get(field)
            if value is None:
                continue
            other = self._index[field].get(value.lower() if field == "email" else value)
            if other is None or other is found:
                continue
            if found is not None:
                raise Conflict(found.id, other.id)
            found = other
        return found

    def create(self, at: datetime) -> Profile:
        """A new, empty profile."""
        profile = Profile(f"01SANDBOX{len(self.by_id) + 1:017d}", at)
        self.by_id[profile.id] = profile
        return profile

    def write(self, profile: Profile, attributes: JSON, at: datetime, *, clears: bool) -> None:
        """Merge into a profile; with ``clears`` null takes a value away, else it is passed over."""
        for name, value in attributes.items():
            if name == "properties":
                self._write_properties(profile, value, clears=clears)
            elif value is None and not clears:
                continue
            elif name in self._index:
                self._identify(profile, name, value)
            elif name in STANDARD:
                profile.attributes[name] = value
        profile.updated = at

    @staticmethod
    def _write_properties(profile: Profile, value: object, *, clears: bool) -> None:
        given = mapping(value) or {}
        if None not in given.values():
            profile.properties.update(given)
            return
        for name, item in given.items():
            if item is not None:
                profile.properties[name] = item
            elif clears:
                profile.properties.pop(name, None)

    def _identify(self, profile: Profile, field: str, value: str | None) -> None:
        index = self._index[field]
        old: str | None = getattr(profile, field)
        if old == value:
            return
        if old is not None:
            index.pop(old.lower() if field == "email" else old, None)
        if value is not None:
            index[value.lower() if field == "email" else value] = profile
        setattr(profile, field, value)


def patch(profile: Profile, meta: object) -> None:
    """Apply ``meta.patch_properties``: append, unappend, unset."""
    patches = mapping((mapping(meta) or {}).get("patch_properties")) or {}
    for name, value in (mapping(patches.get("append")) or {}).items():
        there = _as_list(profile.properties.get(name))
        profile.properties[name] = there + [v for v in _as_list(value) if v not in there]
    for name, value in (mapping(patches.get("unappend")) or {}).items():
        gone = _as_list(value)
        there = _as_list(profile.properties.get(name))
        profile.properties[name] = [v for v in there if v not in gone]
    for name in _as_list(patches.get("unset")):
        profile.properties.pop(name, None)


def _as_list(value: object) -> list[Any]:
    if value is None:
        return []
    return list(value) if isinstance(value, list) else [value]  # pyright: ignore[reportUnknownArgumentType]


def fault_of(attributes: JSON) -> tuple[str, str] | None:
    """The first identifier that cannot stand, as (attribute, reason), or None.

    E.164 and 255 characters of external_id are documented; what counts as an e-mail address is our
    assumption.
    """
    email = attributes.get("email")
    if email is not None and _EMAIL.fullmatch(email) is None:
        return "email", "Invalid email address"
    phone = attributes.get("phone_number")
    if phone is not None and _E164.fullmatch(phone) is None:
        return "phone_number", "Invalid phone number format (example of a valid one: +12345678901)"
    external_id = attributes.get("external_id")
    if external_id is not None and len(external_id) > 255:
        return "external_id", "external_id is longer than 255 characters"
    return None


def check_shape(resource: object, pointer: str) -> tuple[str, str] | None:
    """The first fault in the JSON types of a profile resource, as (pointer, reason), or None."""
    record = mapping(resource)
    if record is None or record.get("type") != "profile":
        return f"{pointer}/type", "A resource of type 'profile' is required."
    attributes = mapping(record.get("attributes"))
    if attributes is None:
        return f"{pointer}/attributes", "Attributes are required."
    for name in IDENTIFIERS:
        value = attributes.get(name)
        if value is not None and not isinstance(value, str):
            return f"{pointer}/attributes/{name}", f"{name} must be a string."
    found = next(_shape_problems(record, attributes), None)
    return None if found is None else (f"{pointer}/{found[0]}", found[1])


def _shape_problems(record: JSON, attributes: JSON) -> Iterator[tuple[str, str]]:
    properties = attributes.get("properties")
    if properties is not None and not isinstance(properties, dict):
        yield "attributes/properties", "properties must be an object."
    identifier = record.get("id")
    if identifier is not None and not isinstance(identifier, str):
        yield "id", "id must be a string."
    if record.get("meta") is None:
        return
    patches = mapping((mapping(record["meta"]) or {}).get("patch_properties")) or {}
    if not all(isinstance(name, str) for name in _as_list(patches.get("unset"))):
        yield "meta/patch_properties/unset", "unset must be a string or an array of strings."


def identified(resource: JSON) -> bool:
    """Whether the resource bears any identifier."""
    attributes: JSON = resource["attributes"]
    if resource.get("id") is not None:
        return True
    return any(attributes.get(name) not in {None, ""} for name in IDENTIFIERS)
