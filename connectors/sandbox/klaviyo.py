"""A look-alike of Klaviyo: profiles, bulk import jobs, events and lists, with the M tier's limits.

Limits and shapes are those of Klaviyo's public OpenAPI and of its Python SDK 25.0.0; what they
leave open is said where we assume it, and most of it is a dial.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from time import time
from typing import Any, ClassVar, Final

from starlette.responses import Response
from starlette.routing import BaseRoute

from connectors.sandbox import klaviyo_jsonapi as jsonapi
from connectors.sandbox.faults import Faults
from connectors.sandbox.klaviyo_account import Account
from connectors.sandbox.klaviyo_calls import EventCalls, JobCalls
from connectors.sandbox.klaviyo_feed import FeedCalls
from connectors.sandbox.klaviyo_people import ListCalls, ProfileCalls
from connectors.sandbox.lookalike import LookAlike
from connectors.sandbox.windows import Verdict, Window
from connectors.sandbox.wire import Call

#: Burst and steady windows: 10/s and 150/min, 75/s and 750/min, and so on.
XS: Final = (Window(1, 1), Window(15, 60))
M: Final = (Window(10, 1), Window(150, 60))
L: Final = (Window(75, 1), Window(750, 60))
XL: Final = (Window(350, 1), Window(3_500, 60))
LIST_CREATE: Final = (*M, Window(150, 86_400))

_REVISION: Final = re.compile(r"\d{4}-\d{2}-\d{2}(\.\w+)?")
_SCHEME: Final = "Klaviyo-API-Key "


@dataclass(frozen=True, slots=True)
class Dials:
    """What Klaviyo's documents leave open, or an account may have otherwise.

    ``job_seconds``: how long a job takes. ``job_days``: how long it is known. ``strict_records``:
    a record that would become an import error refuses the whole request instead.
    """

    max_profiles: int = 10_000
    max_events: int = 1_000
    max_bytes: int = jsonapi.MAX_BYTES
    max_record_bytes: int = 100_000
    job_seconds: float = 0.0
    job_days: float = 7.0
    bulk_null_clears: bool = False
    bulk_unset_acts: bool = True
    strict_records: bool = False


class Klaviyo(LookAlike):
    """One Klaviyo account."""

    name: ClassVar[str] = "klaviyo"

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
        self._account = self._open()
        super().__init__(keys=keys, clock=clock, limits=limits, faults=faults)

    @property
    def account(self) -> Account:
        """The state, with all done that is due by now."""
        self.settle()
        return self._account

    def _open(self) -> Account:
        dials = self.dials
        return Account(null_clears=dials.bulk_null_clears, unset_acts=dials.bulk_unset_acts)

    def routes(self) -> list[BaseRoute]:
        """Every endpoint that we serve, with its documented windows."""
        jobs, people = JobCalls(self), ProfileCalls(self)
        events, lists, feed = EventCalls(self), ListCalls(self), FeedCalls(self)
        job, members = "/api/profile-bulk-import-jobs", "/api/lists/{id}/relationships/profiles"
        return [
            self.route("GET", "/api/accounts", self._accounts, *XS),
            self.route("POST", job, jobs.create, *M),
            self.route("GET", job, jobs.all, *M),
            self.route("GET", job + "/{id}", jobs.one, *M),
            self.route("GET", job + "/{id}/import-errors", jobs.errors, *M),
            self.route("GET", job + "/{id}/profiles", jobs.profiles, *M),
            self.route("GET", job + "/{id}/relationships/profiles", jobs.profile_ids, *M),
            self.route("POST", "/api/profile-import", people.upsert, *L),
            self.route("GET", "/api/profiles", people.all, *L),
            self.route("POST", "/api/profiles", people.create, *L),
            self.route("GET", "/api/profiles/{id}", people.one, *L),
            self.route("PATCH", "/api/profiles/{id}", people.update, *L),
            self.route("POST", "/api/events", events.one, *XL),
            self.route("GET", "/api/events", feed.events, *XL),
            self.route("GET", "/api/metrics", feed.metrics, *M),
            self.route("POST", "/api/event-bulk-create-jobs", events.bulk, *M),
            self.route("POST", "/api/lists", lists.create, *LIST_CREATE),
            self.route("GET", "/api/lists", lists.all, *L),
            self.route("GET", "/api/lists/{id}", lists.one, *L),
            self.route("GET", "/api/lists/{id}/profiles", lists.profiles, *L),
            self.route("GET", members, lists.profile_ids, *L),
            self.route("POST", members, lists.add, *M),
            self.route("DELETE", members, lists.remove, *M),
        ]

    def authorize(self, call: Call) -> Response | None:
        """Private key and revision: both are needed on every call."""
        given = call.headers.get("authorization")
        if given is None:
            return self._unauthorized(
                "not_authenticated", "Missing or invalid authorization scheme."
            )
        key = given[len(_SCHEME) :].strip()
        if not given.startswith(_SCHEME) or not key:
            return self._unauthorized(
                "not_authenticated", "Missing or invalid authorization scheme."
            )
        if self.keys is not None and key not in self.keys:
            return self._unauthorized("authentication_failed", "Invalid API key.")
        if _REVISION.fullmatch(call.headers.get("revision", "")) is None:
            detail = "A revision header such as 2026-07-15 is required."
            return jsonapi.refusal([jsonapi.error(400, "invalid", detail, parameter="revision")])
        return None

    @staticmethod
    def _unauthorized(code: str, detail: str) -> Response:
        return jsonapi.refusal([jsonapi.error(401, code, detail)])

    def problem(self, status: int, detail: str) -> Response:
        """An error object with the code that goes with the status."""
        codes = {401: "authentication_failed", 403: "permission_denied", 404: "not_found"}
        code = codes.get(status, "error" if status >= 500 else "invalid")
        return jsonapi.refusal([jsonapi.error(status, code, detail)])

    def throttled(self, wait: float, verdict: Verdict | None) -> Response:  # noqa: ARG002
        """429 with whole seconds in Retry-After; the RateLimit headers are absent."""
        seconds = max(1, math.ceil(wait))
        detail = f"Request was throttled. Expected available in {seconds} second."
        response = jsonapi.refusal([jsonapi.error(429, "throttled", detail)])
        response.headers["retry-after"] = str(seconds)
        return response

    def rate_headers(self, verdict: Verdict) -> Mapping[str, str]:
        """The steady window, its reset in seconds."""
        return {
            "ratelimit-limit": str(verdict.limit),
            "ratelimit-remaining": str(verdict.remaining),
            "ratelimit-reset": str(math.ceil(verdict.reset)),
        }

    def settle(self) -> None:
        """Finish the jobs that are due."""
        self._account.settle(self.now(), self.dials.job_seconds)

    def _accounts(self, call: Call) -> Response:
        address = dict.fromkeys(("address1", "address2", "city", "region", "country", "zip"))
        account = {
            "type": "account",
            "id": "SANDBX",
            "attributes": {
                "test_account": True,
                "contact_information": {
                    "default_sender_name": "Sandbox",
                    "default_sender_email": "sandbox@example.com",
                    "website_url": None,
                    "organization_name": "Sandbox",
                    "street_address": address,
                },
                "industry": None,
                "timezone": "UTC",
                "preferred_currency": "USD",
                "public_api_key": "SANDBX",
                "locale": "en-US",
            },
            "links": {"self": f"{call.base}/api/accounts/SANDBX"},
        }
        return jsonapi.reply(200, {"data": [account], "links": {"self": f"{call.base}{call.path}"}})

    # -- inspection

    def counts(self) -> dict[str, int]:
        """Profiles, events, lists and jobs by status."""
        statuses = Counter(job.status for job in self.account.jobs.values())
        return {
            "profiles": len(self.account.profiles.by_id),
            "events": len(self.account.events.rows),
            "lists": len(self.account.lists),
            "jobs": len(self.account.jobs),
            **{f"jobs_{status}": count for status, count in sorted(statuses.items())},
        }

    def values(self, name: str) -> Counter[str]:
        """Head counts by value of a custom property."""
        everybody = self.account.profiles.by_id.values()
        return Counter(str(p.properties.get(name, "(absent)")) for p in everybody)

    def profile(self, identifier: str) -> dict[str, Any] | None:
        """By id, external_id, email or phone_number."""
        for field in ("id", "external_id", "email", "phone_number"):
            found = self.account.profiles.get(field, identifier)
            if found is not None:
                return self.account.stored(found)
        return None

    def profiles(self, offset: int, limit: int) -> list[dict[str, Any]]:
        """In the order of arrival."""
        everybody = list(self.account.profiles.by_id.values())
        return [self.account.stored(one) for one in everybody[offset : offset + limit]]

    def events(self, limit: int) -> list[dict[str, Any]]:
        """The latest, the newest last."""
        rows = self.account.events.rows
        return rows[max(0, len(rows) - limit) :]

    def forget(self) -> None:
        """Empty the account."""
        self._account = self._open()
