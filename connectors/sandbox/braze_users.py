"""Braze's users: found by one identifier, written attribute by attribute.

Documented: null removes an attribute, a plain array replaces, ``{"add": []}`` and
``{"remove": []}`` change a scalar array, ``{"inc": n}`` counts, objects are overwritten unless
``_merge_objects``; of several who bear an e-mail address, one with an external_id is written, else
the latest.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from connectors.sandbox.wire import mapping, sequence

JSON = dict[str, Any]

#: What belongs to the profile itself; all else is a custom attribute.
STANDARD: Final = frozenset(
    {
        "country",
        "current_location",
        "date_of_first_session",
        "date_of_last_session",
        "dob",
        "email",
        "email_subscribe",
        "first_name",
        "gender",
        "home_city",
        "image_url",
        "language",
        "last_name",
        "phone",
        "push_subscribe",
        "subscription_groups",
        "time_zone",
    }
)
#: Writing one of these is a decision about consent.
CONSENT: Final = frozenset({"email_subscribe", "push_subscribe", "subscription_groups"})
CONTROL: Final = frozenset({"external_id", "braze_id", "user_alias"})
_MAX_ITEMS: Final = 500


class User:
    """One user with standard and custom attributes and the sums of the custom events."""

    __slots__ = ("alias", "braze_id", "custom", "events", "external_id", "standard", "touched")

    def __init__(self, number: int) -> None:
        self.braze_id = f"{number:024x}"
        self.external_id: str | None = None
        self.alias: JSON | None = None
        self.standard: JSON = {}
        self.custom: JSON = {}
        self.events: dict[str, JSON] = {}
        self.touched = 0

    def shown(self) -> JSON:
        """As users/export/ids shows it, and in the inspection."""
        own: JSON = {"external_id": self.external_id, "braze_id": self.braze_id}
        if self.alias is not None:
            own["user_aliases"] = [self.alias]
        return {
            **{name: value for name, value in own.items() if value is not None},
            **self.standard,
            "custom_attributes": self.custom,
            "custom_events": list(self.events.values()),
        }


class Users:
    """All users of a workspace."""

    def __init__(self) -> None:
        self.all: list[User] = []
        self._index: dict[tuple[str, str], User] = {}
        self._by_contact: dict[tuple[str, str], list[User]] = {}
        self._touches = 0

    def find(self, record: JSON) -> User | None:
        """The user whom the object names by external_id, alias, braze_id, e-mail or phone."""
        key = identifier(record)
        if key is None:
            return None
        if key[0] not in {"email", "phone"}:
            return self._index.get(key)
        bearers = self._by_contact.get(key, [])
        return max(bearers, key=lambda u: (u.external_id is not None, u.touched), default=None)

    def create(self, record: JSON) -> User:
        """A new user with the identifier of the object."""
        user = User(len(self.all) + 1)
        self.all.append(user)
        self._index["braze_id", user.braze_id] = user
        external_id, alias = record.get("external_id"), mapping(record.get("user_alias"))
        if external_id is not None:
            user.external_id = external_id
            self._index["external_id", external_id] = user
        elif alias is not None:
            user.alias = alias
            self._index["user_alias", _alias(alias)] = user
        for field in ("email", "phone"):
            if record.get(field) is not None:
                self._contact(user, field, record[field])
        return user

    def write(self, user: User, record: JSON) -> None:
        """Apply the attributes of one object."""
        self._touches += 1
        user.touched = self._touches
        merges = record.get("_merge_objects") is True
        for name, value in record.items():
            if name in CONTROL or name.startswith("_"):
                continue
            if name in {"email", "phone"}:
                self._contact(user, name, value)
            elif name in STANDARD:
                _put(user.standard, name, value)
            else:
                _put(user.custom, name, changed(user.custom.get(name), value, merges=merges))

    def _contact(self, user: User, field: str, value: str | None) -> None:
        old = user.standard.get(field)
        if old is not None and old != value:
            self._by_contact[field, _contact_key(field, old)].remove(user)
        if value is not None and old != value:
            self._by_contact.setdefault((field, _contact_key(field, value)), []).append(user)
        _put(user.standard, field, value)

    def named(self, text: str) -> Iterator[User]:
        """Everybody whom a person may mean by this text."""
        for field in ("external_id", "braze_id"):
            found = self._index.get((field, text))
            if found is not None:
                yield found
        for field in ("email", "phone"):
            yield from self._by_contact.get((field, _contact_key(field, text)), [])


def identifier(record: JSON) -> tuple[str, str] | None:
    """The identifier that counts, as (kind, value): e-mail wins over phone."""
    for field in ("external_id", "braze_id"):
        if record.get(field) is not None:
            return field, str(record[field])
    alias = mapping(record.get("user_alias"))
    if alias is not None:
        return "user_alias", _alias(alias)
    for field in ("email", "phone"):
        if record.get(field) is not None:
            return field, _contact_key(field, str(record[field]))
    return None


def _alias(alias: JSON) -> str:
    return f"{alias.get('alias_label')}:{alias.get('alias_name')}"


def _contact_key(field: str, value: str) -> str:
    return value.lower() if field == "email" else value


def _put(there: JSON, name: str, value: object) -> None:
    if value is None:
        there.pop(name, None)
    else:
        there[name] = value


def changed(old: object, value: object, *, merges: bool) -> object:
    """What a custom attribute holds after a write; None takes it away."""
    items = sequence(value)
    if items is not None:
        return items[-_MAX_ITEMS:]
    change = mapping(value)
    if change is None:
        return value
    if set(change) == {"inc"}:
        return (old if isinstance(old, int) else 0) + int(change["inc"])
    there = sequence(old)
    if change and set(change) <= {"add", "remove"}:
        kept = [one for one in there or [] if one not in _list(change.get("remove"))]
        new = [one for one in _list(change.get("add")) if one not in kept]
        return [*kept, *new][-_MAX_ITEMS:]
    if change and set(change) <= {"$add", "$update", "$remove"}:
        return _objects(list(there or []), change)
    before = mapping(old)
    return {**before, **change} if merges and before is not None else change


def _list(value: object) -> list[Any]:
    return sequence(value) or []


def _objects(there: list[Any], change: JSON) -> list[Any]:
    """``$update`` and ``$remove`` find their object by ``$identifier_key`` and ``_value``."""
    for how in _list(change.get("$remove")):
        there = [one for one in there if not _is(one, how)]
    for how in _list(change.get("$update")):
        new = mapping((mapping(how) or {}).get("$new_object")) or {}
        there = [{**one, **new} if _is(one, how) else one for one in there]
    return [*there, *_list(change.get("$add"))][-_MAX_ITEMS:]


def _is(one: object, how: object) -> bool:
    holder, wanted = mapping(one), mapping(how)
    if holder is None or wanted is None:
        return False
    key = wanted.get("$identifier_key")
    return isinstance(key, str) and holder.get(key) == wanted.get("$identifier_value")
