"""Braze's users/track and users/export/ids.

Our assumptions: an object that cannot stand is skipped with its index and does not count as
processed; an update of somebody unknown counts as processed and does nothing; a request in which
nothing can stand is a 400; a key or a string of more than 255 characters cannot stand.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final, NoReturn

from starlette.responses import Response

from connectors.sandbox.braze_users import CONSENT, CONTROL, User, identifier
from connectors.sandbox.faults import Fault
from connectors.sandbox.wire import Answered, Call, answer, mapping, sequence

if TYPE_CHECKING:
    from connectors.sandbox.braze import Braze

JSON = dict[str, Any]
ARRAYS: Final[tuple[str, ...]] = ("attributes", "events", "purchases")
_LONGEST: Final = 255
_NO_IDENTIFIER: Final = "'external_id', 'braze_id', 'user_alias', 'email' or 'phone' is required"


def refuse(status: int, message: str, errors: list[JSON] | None = None) -> NoReturn:
    """Answer with a message at once, from anywhere below a handler."""
    raise Answered(answer(status, {"message": message, **({"errors": errors} if errors else {})}))


def _body(braze: Braze, call: Call) -> JSON:
    if len(call.body) > braze.dials.max_bytes:
        refuse(413, "Request body is too large")
    if call.headers.get("content-type", "").partition(";")[0].strip() != "application/json":
        refuse(400, "Content-Type must be application/json")
    try:
        body = mapping(call.json)
    except ValueError:
        body = None
    if body is None:
        refuse(400, "Invalid JSON")
    return body


class Track:
    """``POST /users/track``: attributes, then events, then purchases."""

    def __init__(self, braze: Braze) -> None:
        self._it = braze

    def call(self, call: Call) -> Response:
        """201 with how many were processed, and errors by array and index."""
        body = _body(self._it, call)
        self._check_size(body)
        strike = self._it.faults.strike
        if strike({"queued"}, call.method, call.path) is not None:
            self._it.workspace.queued.append(body)
            return answer(202, {"message": "queued"})
        poison = strike({"poison"}, call.method, call.path)
        given = sum(len(body.get(name) or []) for name in ARRAYS)
        if poison is not None and poison.how == "request":
            self._refuse_poison(body, poison)
        processed, errors = self.apply(body, poison)
        if len(errors) == given:
            refuse(400, errors[0]["type"], errors)
        if strike({"unindexed"}, call.method, call.path) is not None:
            errors.append({"type": "One of the objects could not be read"})
        counts = {f"{name}_processed": processed[name] for name in ARRAYS if body.get(name)}
        extra = {"errors": errors} if errors else {}
        return answer(201, {**counts, "message": "success", **extra})

    def _check_size(self, body: JSON) -> None:
        counts: list[int] = []
        for name in ARRAYS:
            if body.get(name) is None:
                continue
            objects = sequence(body[name])
            if objects is None:
                refuse(400, f"'{name}' must be an array")
            counts.append(len(objects))
        if not sum(counts):
            refuse(400, "'attributes', 'events' or 'purchases' is required")
        size = max(counts) if self._it.dials.per_array else sum(counts)
        if size > self._it.dials.max_objects:
            refuse(400, "Max Input Length Exceeded")

    @staticmethod
    def _refuse_poison(body: JSON, poison: Fault) -> None:
        for name in ARRAYS:
            for i, one in enumerate(body.get(name) or []):
                if poison.hits(*_names(one)):
                    what = poison.code or "Refused by dial"
                    where: JSON = {"input_array": name, "index": i} if poison.named else {}
                    refuse(400, what, [{"type": what, **where}])

    def apply(self, body: JSON, poison: Fault | None) -> tuple[dict[str, int], list[JSON]]:
        """Do what can be done; returns the counts by array and the errors."""
        processed: dict[str, int] = dict.fromkeys(ARRAYS, 0)
        errors: list[JSON] = []
        for name in ARRAYS:
            for i, one in enumerate(body.get(name) or []):
                wrong = _wrong(name, one)
                if wrong is None and poison is not None and poison.hits(*_names(one)):
                    wrong = poison.code or "Refused by dial"
                if wrong is not None:
                    errors.append({"type": wrong, "input_array": name, "index": i})
                    continue
                processed[name] += 1
                self._apply_one(name, one)
        return processed, errors

    def _apply_one(self, name: str, one: JSON) -> None:
        user = self._user(one)
        if user is None:
            return
        workspace = self._it.workspace
        if name == "attributes":
            set_ = [key for key in one if key not in CONTROL and not key.startswith("_")]
            workspace.data_points += len(set_)
            workspace.consent_writes += sum(key in CONSENT for key in set_)
            workspace.users.write(user, one)
            return
        workspace.data_points += 1
        if name == "events":
            self._record(user, one)

    def _user(self, one: JSON) -> User | None:
        """Find or create; None if nobody is there and nobody shall be made."""
        users = self._it.workspace.users
        found = users.find(one)
        if found is not None or "braze_id" in one:
            return found
        only = one.get("_update_existing_only")
        # documented: by alias nobody is made unless the flag says false
        update_only = ("user_alias" in one) if only is None else only is True
        if update_only and not (self._it.dials.everybody_known and "external_id" in one):
            return None
        return users.create(one)

    def _record(self, user: User, event: JSON) -> None:
        """No dedupe: every accepted copy is an event of its own. A future time becomes now."""
        now = self._it.now()
        at = min(_moment(event["time"]) or now, now).isoformat()
        self._it.workspace.events.append(
            {
                "external_id": user.external_id,
                "braze_id": user.braze_id,
                "name": event["name"],
                "time": at,
                "properties": event.get("properties") or {},
            }
        )
        first = {"name": event["name"], "first": at, "last": at, "count": 0}
        summed = user.events.setdefault(event["name"], first)
        summed["last"] = max(summed["last"], at)
        summed["count"] += 1


def _names(one: object) -> tuple[str | None, ...]:
    record = mapping(one) or {}
    return tuple(record.get(name) for name in ("external_id", "email", "phone", "braze_id"))


def _wrong(name: str, one: object) -> str | None:
    """Why an object cannot stand, or None."""
    record = mapping(one)
    if record is None:
        return "An object is required"
    problems = (
        _attribute_problems(record) if name == "attributes" else _event_problems(name, record)
    )
    return next(_identifier_problems(record), None) or next(problems, None)


def _identifier_problems(record: JSON) -> Iterator[str]:
    if identifier(record) is None:
        yield _NO_IDENTIFIER
    external_id = record.get("external_id", "")
    if not isinstance(external_id, str):
        yield "'external_id' must be a string"
    elif len(external_id.encode()) > 987:
        yield "EXTERNAL_USER_ID_TOO_LARGE"
    for name in ("braze_id", "email", "phone"):
        if not isinstance(record.get(name, ""), str | None):
            yield f"'{name}' must be a string"


def _event_problems(name: str, record: JSON) -> Iterator[str]:
    label = "name" if name == "events" else "product_id"
    if not isinstance(record.get(label), str):
        yield f"'{label}' is required"
    if _moment(record.get("time")) is None:
        yield "'time' is required and must be ISO 8601"
    if len(mapping(record.get("properties")) or {}) > 256:
        yield "An event has at most 256 properties"


def _attribute_problems(record: JSON) -> Iterator[str]:
    email = record.get("email")
    if email is not None and (not isinstance(email, str) or "@" not in email):
        yield "EMAIL_BAD_FORMAT"
    for key, value in record.items():
        # external_id has a bound of its own
        too_long = isinstance(value, str) and len(value) > _LONGEST and key != "external_id"
        if too_long or len(key) > _LONGEST:
            yield "Keys and strings have at most 255 characters"
        change = mapping(value)
        if change is not None and set(change) == {"inc"} and not isinstance(change["inc"], int):
            yield f"'{key}' can only be increased by an integer"


def _moment(text: object) -> datetime | None:
    if not isinstance(text, str):
        return None
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        return None
    return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)


class Export:
    """``POST /users/export/ids``: up to 50 users by external_id or alias, or one by another."""

    def __init__(self, braze: Braze) -> None:
        self._it = braze

    def call(self, call: Call) -> Response:
        """The users who are there, and the external ids that are not."""
        body = _body(self._it, call)
        ids = sequence(body.get("external_ids")) or []
        aliases = sequence(body.get("user_aliases")) or []
        if len(ids) + len(aliases) > 50:
            refuse(400, "At most 50 users can be exported in a request")
        fields = sequence(body.get("fields_to_export"))
        if fields is None and self._it.dials.fields_required:
            refuse(400, "'fields_to_export' is required")
        wanted: list[JSON] = [{"external_id": str(one)} for one in ids]
        wanted += [{"user_alias": one} for one in aliases]
        singles = {"braze_id": "braze_id", "email": "email_address", "phone": "phone"}
        wanted += [{own: body[key]} for own, key in singles.items() if body.get(key) is not None]
        if not wanted:
            refuse(400, "An identifier is required")
        found, missing = list[User](), list[str]()
        for record in wanted:
            user = self._it.workspace.users.find(record)
            if user is not None:
                found.append(user)
            elif "external_id" in record:
                missing.append(record["external_id"])
        shown = [_only(user.shown(), fields) for user in found]
        extra = {"invalid_user_ids": missing} if missing else {}
        return answer(201, {"message": "success", "users": shown, **extra})


def _only(shown: JSON, fields: list[Any] | None) -> JSON:
    return shown if fields is None else {k: v for k, v in shown.items() if k in fields}
