"""A look-alike of HubSpot: contacts, written by batch upsert.

Shapes are those of HubSpot's published API collection; the limits are those of a private app on the
smallest plans. Assumed: who is known by e-mail address is upserted one by one, as others are; an
error names the trace id of its contact; a property exists unless ``lacks`` names it.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from datetime import datetime
from time import time
from typing import Any, ClassVar

from starlette.responses import Response
from starlette.routing import BaseRoute

from connectors.sandbox.contacts import JSON, Contacts
from connectors.sandbox.faults import Faults
from connectors.sandbox.windows import Verdict, Window
from connectors.sandbox.wire import Answered, Call, answer

_CATEGORIES = {401: "INVALID_AUTHENTICATION", 403: "MISSING_SCOPES", 429: "RATE_LIMITS"}
MOST = 100


class Hubspot(Contacts):
    """One HubSpot account."""

    name: ClassVar[str] = "hubspot"

    def __init__(
        self,
        *,
        keys: Collection[str] | None = None,
        clock: Callable[[], float] = time,
        limits: bool = True,
        faults: Faults | None = None,
        lacks: Collection[str] = (),
    ) -> None:
        self.lacks = frozenset(lacks)
        super().__init__(keys=keys, clock=clock, limits=limits, faults=faults)

    def routes(self) -> list[BaseRoute]:
        """Every endpoint that we serve. HubSpot counts all calls of an app in one window."""
        windows = (Window(100, 10), Window(250_000, 86_400))
        path = "/crm/v3/objects/contacts"
        return [
            self.route("GET", path, self._list, *windows),
            self.route("POST", f"{path}/batch/upsert", self._upsert, *windows),
        ]

    def authorize(self, call: Call) -> Response | None:
        """A bearer token."""
        scheme, _, token = call.headers.get("authorization", "").partition(" ")
        if scheme == "Bearer" and self.lets_in(token):
            return None
        return self.problem(401, "Authentication credentials not found or not valid.")

    def problem(self, status: int, detail: str) -> Response:
        """HubSpot's error object."""
        category = _CATEGORIES.get(status, "VALIDATION_ERROR")
        return answer(status, {"status": "error", "message": detail, "category": category})

    def refusal(self, detail: str) -> Response:
        """400."""
        return self.problem(400, detail)

    def throttled(self, wait: float, verdict: Verdict | None) -> Response:  # noqa: ARG002
        """429 with the name of the window, and no header that tells how long to wait."""
        return self.problem(429, "You have reached your ten_secondly_rolling limit.")

    def _list(self, call: Call) -> Response:
        limit = call.query.get("limit", "10")
        if not limit.isdecimal():
            raise self.refuse("limit: a whole number is required")
        people = [self._shown(one, new=False) for one in self.profiles(0, int(limit))]
        return answer(200, {"results": people})

    def _upsert(self, call: Call) -> Response:
        inputs = self.objects(call, "inputs")
        if len(inputs) > MOST:
            raise self.refuse(f"The maximum batch size is {MOST}; {len(inputs)} were given")
        keys = [self._key(one) for one in inputs]
        if len(set(keys)) < len(keys):
            raise self.refuse("Duplicate IDs found in batch input")
        for one in inputs:
            self._fits(one)
        bad = self.poison(
            call, [(str(one["id"]), key) for one, key in zip(inputs, keys, strict=True)]
        )
        results: list[JSON] = []
        errors: list[JSON] = []
        for i, (one, key) in enumerate(zip(inputs, keys, strict=True)):
            if i in bad:
                errors.append(self._error(one, named=bad[i].named))
            else:
                results.append(self._write(one, key))
        body: JSON = {"status": "COMPLETE", "results": results, **self._times()}
        if errors:
            body |= {"numErrors": len(errors), "errors": errors}
        return answer(207 if errors else 200, body)

    def _key(self, one: JSON) -> str:
        by, value = one.get("idProperty"), one.get("id")
        if not isinstance(by, str) or not isinstance(value, str) or not value:
            raise self.refuse("id and idProperty: texts are required")
        return value.casefold() if by == "email" else value

    def _fits(self, one: JSON) -> None:
        properties = one.get("properties")
        if not isinstance(properties, dict) or not all(
            isinstance(v, str) for v in properties.values()
        ):
            raise self.refuse("properties: an object of texts is required")
        lacking = sorted(self.lacks & properties.keys())
        if lacking:
            told = f'Property "{lacking[0]}" does not exist (PROPERTY_DOESNT_EXIST)'
            raise Answered(self.refusal(f"Property values were not valid: {told}"))

    def _write(self, one: JSON, key: str) -> JSON:
        new = key not in self.held
        by = str(one["idProperty"])
        own = {"id": str(1_000 + len(self.held)), "email": key if by == "email" else None}
        contact = self.held.setdefault(key, {**own, "properties": {by: one["id"]}})
        # an empty text clears: the property is there and has no value
        contact["properties"] |= {name: v or None for name, v in one["properties"].items()}
        return {
            **self._shown(contact, new=new),
            "objectWriteTraceId": one.get("objectWriteTraceId"),
        }

    def _error(self, one: JSON, *, named: bool) -> JSON:
        context = {"objectWriteTraceId": [one.get("objectWriteTraceId")]} if named else {}
        return {
            "status": "error",
            "category": "VALIDATION_ERROR",
            "message": f"{one['id']} is not valid",
            "context": context,
        }

    def _shown(self, contact: JSON, *, new: bool) -> JSON:
        now = self._moment()
        shown: dict[str, Any] = {"id": contact["id"], "properties": contact["properties"]}
        return {**shown, "createdAt": now, "updatedAt": now, "archived": False, "new": new}

    def _times(self) -> JSON:
        return {"startedAt": self._moment(), "completedAt": self._moment()}

    def _moment(self) -> str:
        now: datetime = self.now()
        return now.isoformat(timespec="milliseconds").replace("+00:00", "Z")
