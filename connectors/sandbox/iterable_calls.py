"""Iterable's endpoints: users, lists and events."""

from __future__ import annotations

from typing import Any

from starlette.responses import PlainTextResponse, Response

from connectors.sandbox.iterable_requests import Calls, failed, refuse
from connectors.sandbox.iterable_types import FieldTypes
from connectors.sandbox.iterable_users import LISTS, TRACK, UPDATE, Failures
from connectors.sandbox.wire import Call, answer

JSON = dict[str, Any]


class UserCalls(Calls):
    """``/api/users``."""

    def bulk_update(self, call: Call) -> Response:
        """200 with failures by identifier; a clash of types fails the whole request."""
        body = self._body(call)
        records = self._records(body, "users", self._it.dials.max_users)
        skip = self._poison(call, records)
        wanted = body.get("createNewFields")
        creates = self._it.dials.creates_fields if wanted is None else bool(wanted)
        created, filtered = self._typed(self._it.project.types, records, creates=creates)
        failures = Failures(UPDATE)
        written = self._write(records, failures, skip)
        return answer(200, failures.body(len(written), created, filtered))

    def update(self, call: Call) -> Response:
        """One user; failures are whole refusals."""
        body = self._body(call)
        self._check_types(body, "body")
        wanted = body.get("createNewFields")
        creates = self._it.dials.creates_fields if wanted is None else bool(wanted)
        skip = self._poison(call, [body])
        if not skip:
            self._typed(self._it.project.types, [body], creates=creates)
        failures = Failures(UPDATE)
        if not self._write([body], failures, skip):
            reasons = [key for key, named in failures.lists.items() if named]
            if reasons[0].startswith("conflict"):
                refuse(409, "UserIdAlreadyExists", "The identifiers belong to two users")
            if reasons[0].startswith("forgotten"):
                refuse(409, "ForgottenUserError", "The user has been forgotten")
            if body.get("email") is None:
                refuse(400, "InvalidUserIdError", "Invalid userId")
            refuse(400, "InvalidEmailAddressError", "Invalid email")
        return answer(200, {"msg": "", "code": "Success", "params": None})

    def fields(self, _call: Call) -> Response:
        """The type of each field."""
        return answer(200, {"fields": dict(sorted(self._it.project.types.known.items()))})

    def by_email(self, call: Call) -> Response:
        """One user; ``{}`` for one who is not there (third-party clients say so)."""
        return self._shown(call.params["email"])

    def by_email_query(self, call: Call) -> Response:
        """The same with the address in the query."""
        return self._shown(call.query.get("email", ""))

    def _shown(self, email: str) -> Response:
        found = self._it.project.users.by_email.get(email.lower())
        return answer(200, {} if found is None else {"user": found.shown()})

    def by_id(self, call: Call) -> Response:
        """One user; 500 for one who is not there (third-party clients say so)."""
        return self._shown_by_id(call.params["userId"])

    def by_id_query(self, call: Call) -> Response:
        """The same with the userId in the query."""
        return self._shown_by_id(call.query.get("userId", ""))

    def _shown_by_id(self, user_id: str) -> Response:
        found = self._it.project.users.by_id.get(user_id)
        if found is None:
            return failed(500, "error.users.noUserWithIdExists", "User not found")
        return answer(200, {"user": found.shown()})


class ListCalls(Calls):
    """``/api/lists``."""

    def create(self, call: Call) -> Response:
        """A new static list."""
        name = self._body(call).get("name")
        if not isinstance(name, str) or not name:
            refuse(400, "BadParams", "name: a string is required")
        list_id = 1_000 + len(self._it.project.list_names)
        self._it.project.list_names[list_id] = name
        self._it.project.members[list_id] = {}
        return answer(200, {"listId": list_id})

    def all(self, _call: Call) -> Response:
        """All lists."""
        made = round(self._it.clock() * 1_000)
        names = self._it.project.list_names.items()
        lists = [
            {"id": i, "name": name, "createdAt": made, "listType": "Standard"} for i, name in names
        ]
        return answer(200, {"lists": lists})

    def _members(self, list_id: object) -> dict[int, None]:
        if not isinstance(list_id, int) or isinstance(list_id, bool):
            refuse(400, "BadParams", "listId: an integer is required")
        found = self._it.project.members.get(list_id)
        if found is None:
            refuse(400, "error.lists.invalidListId", "There is no such list")
        return found

    def subscribe(self, call: Call) -> Response:
        """Add users, creating those who are missing unless updateExistingUsersOnly."""
        body = self._body(call)
        members = self._members(body.get("listId"))
        records = self._records(body, "subscribers", self._it.dials.max_users)
        skip = self._poison(call, records)
        creates = self._it.dials.creates_fields
        created, filtered = self._typed(self._it.project.types, records, creates=creates)
        failures = Failures(LISTS)
        existing = body.get("updateExistingUsersOnly") is True
        written = self._write(records, failures, skip, existing=existing)
        members.update((user.number, None) for user in written)
        return answer(200, failures.body(len(written), created, filtered))

    def unsubscribe(self, call: Call) -> Response:
        """Take users off; ``channelUnsubscribe`` is a write of consent and is counted as one."""
        body = self._body(call)
        members = self._members(body.get("listId"))
        records = self._records(body, "subscribers", self._it.dials.max_users)
        if body.get("channelUnsubscribe") is True:
            self._it.project.consent_writes += len(records)
        failures, done, skip = Failures(LISTS), 0, self._poison(call, records)
        for i, record in enumerate(records):
            try:
                user = None if i in skip else self._it.project.users.find(record)
            except LookupError:
                failures.add("conflict", record)
                continue
            if user is None or user.number not in members:
                failures.add(skip.get(i, "notFound"), record)
                continue
            del members[user.number]
            done += 1
        return answer(200, failures.body(done, [], []))

    def _named(self, call: Call, text: str) -> dict[int, None]:
        del call
        return self._members(int(text) if text.isdecimal() else None)

    def users(self, call: Call) -> Response:
        """Plain text, one identifier a line."""
        members = self._named(call, call.query.get("listId", ""))
        on = [user for user in self._it.project.users.all if user.number in members]
        return PlainTextResponse("\n".join(user.email or user.user_id or "" for user in on))

    def size(self, call: Call) -> Response:
        """A bare number."""
        return PlainTextResponse(str(len(self._named(call, call.params["listId"]))))


class EventCalls(Calls):
    """``/api/events``."""

    def track_bulk(self, call: Call) -> Response:
        """200 with failures by identifier; the same ``id`` again replaces the event."""
        body = self._body(call)
        events = self._records(body, "events", self._it.dials.max_events)
        for i, event in enumerate(events):
            self._check_event(event, f"events[{i}]")
        skip = self._poison(call, events)
        created = self._type_events(events)
        failures, done = Failures(TRACK), 0
        for i, event in enumerate(events):
            why = skip.get(i) or self._store(event)
            if why is None:
                done += 1
            else:
                failures.add(why, event)
        return answer(200, {**failures.body(done, created, []), "disallowedEventNames": []})

    def track(self, call: Call) -> Response:
        """One event."""
        event = self._body(call)
        self._check_types(event, "body")
        self._check_event(event, "body")
        self._type_events([event])
        why = self._poison(call, [event]).get(0) or self._store(event)
        if why == "notFound":
            code = "UnknownUserIdError" if event.get("email") is None else "UnknownEmailError"
            refuse(400, code, "There is no such user")
        if why is not None:
            refuse(400, "BadParams", "The event cannot be taken")
        return answer(200, {"msg": "", "code": "Success", "params": {"id": event.get("id")}})

    @staticmethod
    def _check_event(event: JSON, where: str) -> None:
        if not event.get("eventName"):
            refuse(400, "BadParams", f"{where}.eventName is required")
        at = event.get("createdAt")
        if at is not None and (not isinstance(at, int) or isinstance(at, bool)):
            refuse(400, "BadParams", f"{where}.createdAt: integer seconds since 1970 are required")
        if len(str(event.get("id") or "").encode()) > 512:
            refuse(400, "BadParams", f"{where}.id: at most 512 bytes")

    def _type_events(self, events: list[JSON]) -> list[str]:
        by_name: dict[str, list[JSON]] = {}
        for event in events:
            by_name.setdefault(event["eventName"], []).append(event)
        known, created = self._it.project.event_types, list[str]()
        for name, same in by_name.items():
            types = known.setdefault(name, FieldTypes(name))
            created += self._typed(types, same, creates=True)[0]
        return created

    def _store(self, event: JSON) -> str | None:
        """Store it; why not, otherwise."""
        project = self._it.project
        why = project.users.wrong(event)
        if why is not None:
            return why
        try:
            there = project.users.find(event)
        except LookupError:
            return "invalid"
        if there is None and not self._it.dials.track_creates:
            return "notFound"
        user = there or project.users.upsert(event)
        given = event.get("id")
        key = str(given) if given is not None else f"(without id {len(project.events) + 1})"
        project.events[key] = {
            "id": given,
            "email": user.email,
            "userId": user.user_id,
            "eventName": event["eventName"],
            "createdAt": event.get("createdAt", int(self._it.clock())),
            "dataFields": event.get("dataFields") or {},
        }
        return None
