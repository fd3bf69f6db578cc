"""A look-alike of Braze: users/track and users/export/ids, with either kind of contract's limits.

There is no official specification; all of this follows Braze's documentation pages and recorded
answers. What they leave open is said where we assume it, and most of it is a dial.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from time import time
from typing import Any, ClassVar, Final, Literal

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from connectors.sandbox.braze_track import Export, Track
from connectors.sandbox.braze_users import Users
from connectors.sandbox.faults import Faults
from connectors.sandbox.lookalike import LookAlike
from connectors.sandbox.windows import Verdict, Window
from connectors.sandbox.wire import Call, answer, mapping, sequence

_SCHEME: Final = "Bearer "
_HOUR: Final = 3_600.0


@dataclass(frozen=True, slots=True)
class Dials:
    """What depends on the contract, or is not documented.

    ``contract``: "data_points" has 3,000 calls of users/track in 3 s; "mau" has ``hourly`` and
    ``burst`` (in 3 s) calls, which each contract sets for itself. ``max_objects`` is 75 together;
    with ``per_array`` it holds for each array alone, as in legacy contracts. ``everybody_known``:
    an update of an unknown external_id finds a user, as if the app had made one before.
    """

    contract: Literal["data_points", "mau"] = "data_points"
    calls: int = 3_000
    hourly: int = 250_000
    burst: int = 3_000
    exports_a_minute: int = 250
    fields_required: bool = True
    max_objects: int = 75
    per_array: bool = False
    max_bytes: int = 4_000_000
    everybody_known: bool = False


class Workspace:
    """The state of one workspace. ``queued`` waits for the next request (maintenance)."""

    def __init__(self) -> None:
        self.users = Users()
        self.events: list[dict[str, Any]] = []
        self.data_points = 0
        self.consent_writes = 0
        self.queued: list[dict[str, Any]] = []


class Braze(LookAlike):
    """One Braze workspace. ``workspace`` is its state; ``preload`` makes users beforehand."""

    name: ClassVar[str] = "braze"

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
        self.workspace = Workspace()
        self._track = Track(self)
        super().__init__(keys=keys, clock=clock, limits=limits, faults=faults)

    def preload(self, people: Collection[str | Mapping[str, Any]]) -> None:
        """Make users: external ids, or objects with an identifier and attributes."""
        for one in people:
            record = {"external_id": one} if isinstance(one, str) else dict(one)
            users = self.workspace.users
            user = users.find(record) or users.create(record)
            users.write(user, record)

    def routes(self) -> list[BaseRoute]:
        """Every endpoint that we serve, with its windows."""
        dials = self.dials
        windows = [Window(dials.calls, 3)]
        if dials.contract == "mau":
            windows = [Window(dials.burst, 3), Window(dials.hourly, _HOUR)]
        export = Window(dials.exports_a_minute, 60)
        return [
            self.route("POST", "/users/track", self._track.call, *windows),
            self.route("POST", "/users/export/ids", Export(self).call, export),
            Route("/sandbox/users", self._preload, methods=["POST"]),
        ]

    async def _preload(self, request: Request) -> Response:
        """Inspection: make users out of a JSON array of external ids or objects."""
        people = sequence(await request.json())
        if people is None or not all(isinstance(p, str) or mapping(p) is not None for p in people):
            return answer(400, {"error": "an array of external ids or objects is due"})
        self.preload(people)
        return answer(200, {"vendor": self.name, **self.counts()})

    def authorize(self, call: Call) -> Response | None:
        """``Authorization: Bearer`` and the REST key."""
        given = call.headers.get("authorization", "")
        key = given[len(_SCHEME) :].strip() if given.startswith(_SCHEME) else ""
        if not key or (self.keys is not None and key not in self.keys):
            return self.problem(401, "Invalid API Key")
        return None

    def problem(self, status: int, detail: str) -> Response:
        """An error is a message."""
        return answer(status, {"message": detail})

    def throttled(self, wait: float, verdict: Verdict | None) -> Response:
        """429: the usual headers with an epoch, or X-Ratelimit-Retry-After on MAU contracts."""
        response = self.problem(429, "Rate limit exceeded")
        if self.dials.contract == "mau":
            response.headers["x-ratelimit-retry-after"] = str(max(1, math.ceil(wait)))
            return response
        limit = self.dials.calls if verdict is None else verdict.limit
        ends = self.clock() + wait if verdict is None else verdict.resets_at
        response.headers["x-ratelimit-limit"] = str(limit)
        response.headers["x-ratelimit-remaining"] = "0"
        response.headers["x-ratelimit-reset"] = str(math.ceil(ends))
        return response

    def rate_headers(self, verdict: Verdict) -> Mapping[str, str]:
        """Reset is an epoch second, on MAU contracts the seconds that remain."""
        mau = self.dials.contract == "mau"
        return {
            "x-ratelimit-limit": str(verdict.limit),
            "x-ratelimit-remaining": str(verdict.remaining),
            "x-ratelimit-reset": str(math.ceil(verdict.reset if mau else verdict.resets_at)),
        }

    def settle(self) -> None:
        """Do what was queued during maintenance."""
        queued, self.workspace.queued = self.workspace.queued, []
        for body in queued:
            self._track.apply(body, None)

    # -- inspection

    def counts(self) -> dict[str, int]:
        """Users, events, data points, and writes of consent (there must be none)."""
        return {
            "profiles": len(self.workspace.users.all),
            "events": len(self.workspace.events),
            "data_points": self.workspace.data_points,
            "consent_writes": self.workspace.consent_writes,
        }

    def values(self, name: str) -> Counter[str]:
        """Head counts by value of a custom attribute."""
        return Counter(str(u.custom.get(name, "(absent)")) for u in self.workspace.users.all)

    def profile(self, identifier: str) -> dict[str, Any] | None:
        """By external_id, braze_id, e-mail address or phone."""
        found = next(self.workspace.users.named(identifier), None)
        return None if found is None else found.shown()

    def profiles(self, offset: int, limit: int) -> list[dict[str, Any]]:
        """In the order of arrival."""
        return [user.shown() for user in self.workspace.users.all[offset : offset + limit]]

    def events(self, limit: int) -> list[dict[str, Any]]:
        """The latest, the newest last."""
        rows = self.workspace.events
        return rows[max(0, len(rows) - limit) :]

    def forget(self) -> None:
        """Empty the workspace, the preloaded users included."""
        self.workspace = Workspace()
