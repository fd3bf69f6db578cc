"""A look-alike of Iterable: users with typed fields, static lists, events; no rate headers.

Limits and shapes are those of Iterable's public Swagger file; the most users of one bulk request
(1,000) is what connectors use, and stands in no specification.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection
from dataclasses import dataclass
from time import time
from typing import Any, ClassVar, Final

from starlette.responses import Response
from starlette.routing import BaseRoute

from connectors.sandbox.faults import Faults
from connectors.sandbox.iterable_calls import EventCalls, ListCalls, UserCalls
from connectors.sandbox.iterable_requests import failed
from connectors.sandbox.iterable_types import FieldTypes
from connectors.sandbox.iterable_users import ProjectType, User, Users
from connectors.sandbox.lookalike import LookAlike
from connectors.sandbox.windows import Verdict, Window
from connectors.sandbox.wire import Call

_CODES: Final = {
    401: "BadApiKey",
    403: "Forbidden",
    404: "NotFound",
    413: "BatchTooLarge",
    429: "RateLimitExceeded",
}


@dataclass(frozen=True, slots=True)
class Dials:
    """What an account may have otherwise, or what is not documented.

    ``track_creates``: events create unknown users (connectors report notFound for them).
    """

    project: ProjectType = "hybrid"
    max_users: int = 1_000
    max_events: int = 1_000
    max_bytes: int = 4_000_000
    creates_fields: bool = True
    max_fields: int = 1_000
    track_creates: bool = False


class Project:
    """The state of one project."""

    def __init__(self, project: ProjectType) -> None:
        self.users = Users(project)
        self.types = FieldTypes("user")
        self.event_types: dict[str, FieldTypes] = {}
        self.events: dict[str, dict[str, Any]] = {}
        self.list_names: dict[int, str] = {}
        self.members: dict[int, dict[int, None]] = {}
        self.consent_writes = 0


class Iterable(LookAlike):
    """One Iterable project. ``project`` is its state."""

    name: ClassVar[str] = "iterable"

    def __init__(
        self,
        *,
        keys: Collection[str] | None = None,
        clock: Callable[[], float] = time,
        limits: bool = True,
        faults: Faults | None = None,
        dials: Dials | None = None,
    ) -> None:
        self.dials = dials if dials is not None else Dials()
        self.project = Project(self.dials.project)
        super().__init__(keys=keys, clock=clock, limits=limits, faults=faults)

    def routes(self) -> list[BaseRoute]:
        """Every endpoint that we serve; those without a window have no documented rate."""
        users, lists, events = UserCalls(self), ListCalls(self), EventCalls(self)
        second = 1.0
        return [
            self.route("POST", "/api/users/bulkUpdate", users.bulk_update, Window(5, second)),
            self.route("POST", "/api/users/update", users.update, Window(500, second)),
            self.route("GET", "/api/users/getFields", users.fields, Window(3, second)),
            self.route("GET", "/api/users/byUserId", users.by_id_query, Window(100, second)),
            self.route("GET", "/api/users/byUserId/{userId}", users.by_id, Window(100, second)),
            self.route("GET", "/api/users/getByEmail", users.by_email_query, Window(100, second)),
            self.route("GET", "/api/users/{email}", users.by_email, Window(100, second)),
            self.route("GET", "/api/lists", lists.all, Window(100, second)),
            self.route("POST", "/api/lists", lists.create),
            self.route("POST", "/api/lists/subscribe", lists.subscribe),
            self.route("POST", "/api/lists/unsubscribe", lists.unsubscribe),
            self.route("GET", "/api/lists/getUsers", lists.users, Window(5, 60)),
            self.route("GET", "/api/lists/{listId}/size", lists.size, Window(5, 60)),
            self.route("POST", "/api/events/trackBulk", events.track_bulk, Window(10, second)),
            self.route("POST", "/api/events/track", events.track, Window(2_000, second)),
        ]

    def authorize(self, call: Call) -> Response | None:
        """A key in the header ``Api-Key`` (or ``Api_Key``)."""
        key = call.headers.get("api-key") or call.headers.get("api_key")
        if not key or (self.keys is not None and key not in self.keys):
            return failed(401, "BadApiKey", "Invalid API key", {"ip": "127.0.0.1"})
        return None

    def problem(self, status: int, detail: str) -> Response:
        """The envelope with the code that goes with the status."""
        return failed(status, _CODES.get(status, "GenericError"), detail)

    def throttled(self, wait: float, verdict: Verdict | None) -> Response:  # noqa: ARG002
        """429 with no header that tells how long to wait."""
        return failed(429, "RateLimitExceeded", "Rate limit exceeded")

    # -- inspection

    def counts(self) -> dict[str, int]:
        """Users, events, lists, fields, and writes of consent (there must be none)."""
        return {
            "profiles": len(self.project.users.all),
            "events": len(self.project.events),
            "lists": len(self.project.list_names),
            "fields": len(self.project.types.known),
            "consent_writes": self.project.consent_writes,
        }

    def values(self, name: str) -> Counter[str]:
        """Head counts by value of a data field."""
        return Counter(str(u.fields.get(name, "(absent)")) for u in self.project.users.all)

    def profile(self, identifier: str) -> dict[str, Any] | None:
        """By userId or e-mail address."""
        users = self.project.users
        found = users.by_id.get(identifier) or users.by_email.get(identifier.lower())
        return None if found is None else self._stored(found)

    def _stored(self, user: User) -> dict[str, Any]:
        project = self.project
        on = [name for i, name in project.list_names.items() if user.number in project.members[i]]
        return {**user.shown(), "lists": on}

    def profiles(self, offset: int, limit: int) -> list[dict[str, Any]]:
        """In the order of arrival."""
        return [self._stored(user) for user in self.project.users.all[offset : offset + limit]]

    def events(self, limit: int) -> list[dict[str, Any]]:
        """The latest, the newest last."""
        rows = list(self.project.events.values())
        return rows[max(0, len(rows) - limit) :]

    def forget(self) -> None:
        """Empty the project, its field types included."""
        self.project = Project(self.dials.project)
