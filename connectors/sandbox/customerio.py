"""A look-alike of Customer.io's Track API: the region, and the batch call (v2).

500 kB a request and 32 kB an item are documented, and 1,000 requests a second by fair use. Assumed:
kB is 1,000 bytes, null clears an attribute, an event makes an unknown person, and a request that is
too large is a 413.
"""

from __future__ import annotations

import json
import re
from typing import Any, ClassVar

from starlette.responses import Response
from starlette.routing import BaseRoute

from connectors.sandbox.contacts import JSON, Contacts
from connectors.sandbox.windows import Verdict, Window
from connectors.sandbox.wire import Answered, Call, answer, mapping

MOST_BYTES = 500_000
MOST_BYTES_OF_ITEM = 32_000
_ULID = re.compile(r"[0-7][0-9A-HJKMNP-TV-Z]{25}")


class Customerio(Contacts):
    """One Customer.io workspace in the US."""

    name: ClassVar[str] = "customerio"

    def routes(self) -> list[BaseRoute]:
        """Every endpoint that we serve."""
        window = Window(1_000, 1)
        return [
            self.route("GET", "/api/v1/accounts/region", self._region, window),
            self.route("POST", "/api/v2/batch", self._batch, window),
        ]

    def authorize(self, call: Call) -> Response | None:
        """Basic, with the site id and the key."""
        given = self.basic(call)
        if given is None or not given[0] or not self.lets_in(given[1]):
            return self.problem(401, "Unauthorized request")
        return None

    def problem(self, status: int, detail: str) -> Response:
        """An error in ``meta``."""
        return answer(status, {"meta": {"error": detail}})

    def refusal(self, detail: str) -> Response:
        """400."""
        return self.problem(400, detail)

    def throttled(self, wait: float, verdict: Verdict | None) -> Response:  # noqa: ARG002
        """429; no header tells how long to wait."""
        return self.problem(429, "Too many requests")

    def _region(self, call: Call) -> Response:
        return answer(200, {"url": call.base, "data_center": "us", "environment_id": 1})

    def _batch(self, call: Call) -> Response:
        if len(call.body) >= MOST_BYTES:
            raise Answered(self.problem(413, f"The body has {MOST_BYTES} bytes or more"))
        items = self.objects(call, "batch")
        who = [mapping(item.get("identifiers")) or {} for item in items]
        bad = self.poison(call, [(one.get("id"), one.get("email")) for one in who])
        errors: list[JSON] = []
        for i, (item, identifiers) in enumerate(zip(items, who, strict=True)):
            why = f"{identifiers} is not valid" if i in bad else self._wrong(item, identifiers)
            if why is None:
                self._apply(item, identifiers)
            else:
                told: JSON = {"reason": "invalid", "field": "identifiers", "message": why}
                errors.append({**told, "batch_index": i})
        return answer(207, {"errors": errors}) if errors else answer(200, {})

    def _wrong(self, item: JSON, identifiers: JSON) -> str | None:
        if (
            len(json.dumps(item, separators=(",", ":"), ensure_ascii=False).encode())
            > MOST_BYTES_OF_ITEM
        ):
            return f"an item may have {MOST_BYTES_OF_ITEM} bytes"
        known = [identifiers.get(name) for name in ("id", "email") if identifiers.get(name)]
        if item.get("type") != "person" or len(known) != 1 or not isinstance(known[0], str):
            return "a person with an id or an email is required"
        if mapping(item.get("attributes", {})) is None:
            return "attributes must be an object"
        action = item.get("action")
        if action == "event":
            named = item.get("name") and type(item.get("timestamp")) is int
            event_id = item.get("id")
            known_id = event_id is None or _ULID.fullmatch(str(event_id)) is not None
            return (
                None if named and known_id else "an event has a name, a timestamp, and a ULID as id"
            )
        return None if action == "identify" else "the action is not known here"

    def _apply(self, item: JSON, identifiers: JSON) -> None:
        person = self._person(identifiers)
        attributes: dict[str, Any] = item.get("attributes", {})
        if item["action"] == "identify":
            self.consent_writes += any("unsubscri" in n or "preferences" in n for n in attributes)
            merged = {**person["properties"], **attributes}
            person["properties"] = {k: v for k, v in merged.items() if v is not None}
        elif item.get("id") is None or all(e["id"] != item["id"] for e in self.recorded):
            told = {k: item.get(k) for k in ("id", "name", "timestamp", "attributes")}
            self.recorded.append({**told, "person": person["id"] or person["email"]})

    def _person(self, identifiers: JSON) -> JSON:
        email, own = identifiers.get("email"), identifiers.get("id")
        key = str(email).casefold() if email is not None else str(own)
        return self.held.setdefault(key, {"id": own, "email": email, "properties": {}})
