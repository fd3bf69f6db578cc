"""Iterable's users: known by e-mail address, by userId, or in a hybrid project by either."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any, Final, Literal

JSON = dict[str, Any]
ProjectType = Literal["email", "userId", "hybrid"]
_EMAIL: Final = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")

UPDATE: Final = ("invalid", "invalidData", "conflict", "forgotten")
LISTS: Final = (*UPDATE, "notFound")
TRACK: Final = ("invalid", "forgotten", "notFound")
_KEYS: Final = {
    "invalid": ("invalidEmails", "invalidUserIds"),
    "invalidData": ("invalidDataEmails", "invalidDataUserIds"),
    "conflict": ("conflictEmails", "conflictUserIds"),
    "forgotten": ("forgottenEmails", "forgottenUserIds"),
    "notFound": ("notFoundEmails", "notFoundUserIds"),
}


@dataclass(slots=True)
class User:
    """One user with the data fields as they came."""

    number: int
    email: str | None
    user_id: str | None
    fields: JSON = field(default_factory=dict[str, Any])

    def shown(self) -> JSON:
        """As the API shows it."""
        own = {"email": self.email, "userId": self.user_id}
        return {**{k: v for k, v in own.items() if v is not None}, "dataFields": self.fields}


class Failures:
    """Who failed and why, as the bulk calls answer it: lists of identifiers, no indexes."""

    def __init__(self, reasons: tuple[str, ...]) -> None:
        self.lists: dict[str, list[str]] = {key: [] for why in reasons for key in _KEYS[why]}
        self.count = 0

    def add(self, why: str, record: JSON) -> None:
        """Name one record by the identifier that it came with."""
        by_email, by_id = _KEYS[why]
        self.count += 1
        email = record.get("email")
        named = (by_email, email) if email is not None else (by_id, record.get("userId"))
        self.lists.setdefault(named[0], []).append(str(named[1] or ""))

    def body(self, succeeded: int, created: list[str], filtered: list[str]) -> JSON:
        """The answer of a bulk call, the two deprecated lists included."""
        return {
            "successCount": succeeded,
            "failCount": self.count,
            "invalidEmails": self.lists["invalidEmails"],
            "invalidUserIds": self.lists["invalidUserIds"],
            "createdFields": created,
            "filteredOutFields": filtered,
            "failedUpdates": self.lists,
        }


class Users:
    """All users of a project. E-mail addresses are matched without regard to case."""

    def __init__(self, project: ProjectType) -> None:
        self.project = project
        self.by_email: dict[str, User] = {}
        self.by_id: dict[str, User] = {}
        self.all: list[User] = []

    def find(self, record: JSON) -> User | None:
        """The user whom the record means. Raises LookupError if its identifiers mean two."""
        email, user_id = record.get("email"), record.get("userId")
        by_email = self.by_email.get(email.lower()) if email is not None else None
        if user_id is None or (self.project == "email" and email is not None):
            return by_email
        by_id = self.by_id.get(user_id)
        if by_email is not None and by_id is not None and by_id is not by_email:
            raise LookupError("the e-mail address and the userId belong to two users")
        return by_email or by_id

    def wrong(self, record: JSON) -> str | None:
        """Why the identifiers cannot stand: "invalid", or None. userId: at most 52 characters."""
        email, user_id = record.get("email"), record.get("userId")
        if email is None and user_id is None:
            return "invalid"
        if email is not None and _EMAIL.fullmatch(email) is None:
            return "invalid"
        if user_id is not None and not 0 < len(user_id) <= 52:
            return "invalid"
        if self.project == "userId" and user_id is None:
            return "invalid"
        return None

    def may_create(self, record: JSON) -> bool:
        """An e-mail project makes a user out of a userId only if asked to by preferUserId."""
        return (
            self.project != "email"
            or record.get("email") is not None
            or record.get("preferUserId") is True
        )

    def upsert(self, record: JSON) -> User:
        """Find or create, and write the identifiers."""
        user = self.find(record)
        email, user_id = record.get("email"), record.get("userId")
        if user is None:
            if email is None and self.project == "email":
                email = f"{user_id}@placeholder.email"
            user = User(len(self.all) + 1, None, None)
            self.all.append(user)
        if email is not None and email != user.email:
            if user.email is not None:
                self.by_email.pop(user.email.lower(), None)
            user.email = email
            self.by_email[email.lower()] = user
        if user_id is not None and user_id != user.user_id:
            if user.user_id is not None:
                self.by_id.pop(user.user_id, None)
            user.user_id = user_id
            self.by_id[user_id] = user
        return user


def merge(user: User, fields: JSON, *, nested: bool) -> None:
    """Write data fields: what is absent stays, nested objects are replaced unless ``nested``.

    Null is stored as null; what the vendor does with it is not documented.
    """
    for name, value in fields.items():
        there = user.fields.get(name)
        if nested and isinstance(value, dict) and isinstance(there, dict):
            user.fields[name] = {**there, **value}
        else:
            user.fields[name] = value
