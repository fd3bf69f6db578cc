"""A look-alike of Mailchimp: one audience, written by its batch call.

500 members a request are documented, and that no rate is kept. Assumed: who is no member is named
among the errors when no status comes with him, and the audience has every merge field.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection
from time import time
from typing import ClassVar

from starlette.responses import Response
from starlette.routing import BaseRoute

from connectors.sandbox.contacts import JSON, Contacts
from connectors.sandbox.faults import Faults
from connectors.sandbox.windows import Verdict
from connectors.sandbox.wire import Answered, Call, answer, mapping

_TITLES = {400: "Invalid Resource", 401: "API Key Invalid", 404: "Resource Not Found"}
MOST = 500


class Mailchimp(Contacts):
    """One audience. ``preload`` makes members; with ``everybody_known`` all are there before."""

    name: ClassVar[str] = "mailchimp"

    def __init__(
        self,
        *,
        keys: Collection[str] | None = None,
        clock: Callable[[], float] = time,
        limits: bool = True,
        faults: Faults | None = None,
        audience: str = "a1b2c3d4e5",
        everybody_known: bool = False,
    ) -> None:
        self.audience = audience
        self.everybody_known = everybody_known
        super().__init__(keys=keys, clock=clock, limits=limits, faults=faults)

    def preload(self, addresses: Collection[str]) -> None:
        """Make members, subscribed by themselves."""
        for address in addresses:
            self._member(address)

    def routes(self) -> list[BaseRoute]:
        """Every endpoint that we serve; none has a rate."""
        return [
            self.route("GET", "/3.0/lists/{list_id}", self._audience),
            self.route("POST", "/3.0/lists/{list_id}", self._batch),
        ]

    def authorize(self, call: Call) -> Response | None:
        """Basic, with any user and the key."""
        given = self.basic(call)
        if given is None or not self.lets_in(given[1]):
            return self.problem(401, "Your API key may be invalid.")
        return None

    def problem(self, status: int, detail: str) -> Response:
        """A problem document (RFC 9457), as Mailchimp sends it."""
        title = _TITLES.get(status, "Something went wrong")
        body = {"type": "about:blank", "title": title, "status": status, "detail": detail}
        return answer(status, body, media_type="application/problem+json")

    def refusal(self, detail: str) -> Response:
        """400."""
        return self.problem(400, detail)

    def throttled(self, wait: float, verdict: Verdict | None) -> Response:  # noqa: ARG002
        """429: more than ten connections at once; no header tells how long to wait."""
        return self.problem(429, "You have exceeded the limit of 10 simultaneous connections.")

    def _found(self, call: Call) -> None:
        if call.params["list_id"] != self.audience:
            raise Answered(self.problem(404, "The requested resource could not be found."))

    def _audience(self, call: Call) -> Response:
        self._found(call)
        return answer(200, {"id": self.audience, "name": "Customers"})

    def _batch(self, call: Call) -> Response:
        self._found(call)
        members = self.objects(call, "members")
        if len(members) > MOST:
            raise self.refuse(f"members: at most {MOST} are taken, {len(members)} were given")
        bad = self.poison(call, [(one.get("email_address"),) for one in members])
        replaces = (mapping(call.json) or {}).get("update_existing") is True
        errors: list[JSON] = []
        updated: list[JSON] = []
        for i, one in enumerate(members):
            why = "is not valid" if i in bad else self._wrong(one, replaces=replaces)
            if why is None:
                updated.append(self._write(one))
            else:
                errors.append(self._error(one, why))
        body = {"new_members": [], "updated_members": updated, "errors": errors}
        counts = {"total_created": 0, "total_updated": len(updated), "error_count": len(errors)}
        return answer(200, {**body, **counts})

    def _wrong(self, one: JSON, *, replaces: bool) -> str | None:
        self.consent_writes += "status" in one or "marketing_permissions" in one
        address = one.get("email_address")
        if not isinstance(address, str) or "@" not in address:
            return "is no e-mail address"
        if mapping(one.get("merge_fields", {})) is None:
            return "has merge fields that are no object"
        there = self.everybody_known or address.casefold() in self.held
        if not there:
            return "is no member, and a new one needs a status"
        return None if replaces else "is a member already"

    def _write(self, one: JSON) -> JSON:
        member = self._member(one["email_address"])
        fields: JSON = one.get("merge_fields", {})
        member["properties"] |= fields
        return {
            "id": member["id"],
            "email_address": one["email_address"],
            "status": member["status"],
            "merge_fields": member["properties"],
        }

    def _member(self, address: str) -> JSON:
        key = address.casefold()
        digest = hashlib.md5(key.encode(), usedforsecurity=False).hexdigest()
        made: JSON = {"id": digest, "email": address, "status": "subscribed", "properties": {}}
        return self.held.setdefault(key, made)

    def _error(self, one: JSON, why: str) -> JSON:
        address = str(one.get("email_address", ""))
        told = {"email_address": address, "error": f"{address} {why}"}
        return {**told, "error_code": "ERROR_GENERIC", "field": "", "field_message": ""}
