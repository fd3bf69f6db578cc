"""Klaviyo's JSON:API: documents, errors, cursor pages and filters.

Error objects follow the public OpenAPI (``id``, ``code``, ``title``, ``detail``, ``source``) with
the ``status`` and ``meta`` that real answers carry. The words of code and title are our choice.
"""

from __future__ import annotations

import base64
import json
import re
import uuid
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, NoReturn, TypeVar
from urllib.parse import urlencode

from starlette.responses import Response

from connectors.sandbox.wire import Answered, Call, answer, mapping, sequence

MEDIA_TYPE: Final = "application/vnd.api+json"
#: 5 MB is documented; that it means 5 * 10**6 and not 2**20 is our assumption.
MAX_BYTES: Final = 5_000_000

_FILTER: Final = re.compile(r"(equals|any)\(\s*([\w.]+)\s*,(.+)\)", re.DOTALL)
T = TypeVar("T")
JSON = dict[str, Any]


def reply(status: int, body: object) -> Response:
    """A JSON:API document."""
    return answer(status, body, media_type=MEDIA_TYPE)


def error(
    status: int,
    code: str,
    detail: str,
    *,
    pointer: str | None = None,
    parameter: str | None = None,
    meta: Mapping[str, str] | None = None,
) -> JSON:
    """One error object."""
    source = {"pointer": pointer} if pointer is not None else {}
    if parameter is not None:
        source = {"parameter": parameter}
    return {
        "id": str(uuid.uuid4()),
        "status": status,
        "code": code,
        "title": _TITLES.get(code, "Invalid input."),
        "detail": detail,
        "source": source,
        "links": {},
        "meta": dict(meta or {}),
    }


_TITLES: Final = {
    "not_authenticated": "Authentication credentials were not provided.",
    "authentication_failed": "Incorrect authentication credentials.",
    "permission_denied": "You do not have permission to perform this action.",
    "not_found": "Not found.",
    "throttled": "Request was throttled.",
    "duplicate_profile": "Conflict.",
    "duplicate": "Conflict.",
    "unsupported_media_type": "Unsupported media type.",
    "payload_too_large": "Payload too large.",
    "error": "A server error occurred.",
}


def refuse(
    status: int,
    code: str,
    detail: str,
    *,
    pointer: str | None = None,
    parameter: str | None = None,
    meta: Mapping[str, str] | None = None,
) -> NoReturn:
    """Answer with one error, from anywhere below a handler."""
    one = error(status, code, detail, pointer=pointer, parameter=parameter, meta=meta)
    raise Answered(refusal([one]))


def refusal(errors: Sequence[JSON]) -> Response:
    """An answer of errors; its status is that of the first."""
    return reply(errors[0]["status"], {"errors": list(errors)})


def document(call: Call, kind: str, max_bytes: int) -> JSON:
    """The attributes and relationships of the posted resource, checked for its type."""
    media_type = call.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type not in {MEDIA_TYPE, "application/json"}:
        refuse(415, "unsupported_media_type", f'Unsupported media type "{media_type}".')
    if len(call.body) > max_bytes:
        refuse(413, "payload_too_large", f"The body is larger than {max_bytes} bytes.")
    data = body_data(call)
    resource = mapping(data)
    if resource is None:
        refuse(400, "invalid", "A resource object is required.", pointer="/data")
    if resource.get("type") != kind:
        refuse(400, "invalid", f"The type must be {kind!r}.", pointer="/data/type")
    if mapping(resource.get("attributes")) is None:
        refuse(400, "invalid", "Attributes are required.", pointer="/data/attributes")
    return resource


def body_data(call: Call) -> object:
    """What stands under ``data`` in the body."""
    try:
        body = mapping(call.json)
    except ValueError:
        refuse(400, "invalid", "The body is not JSON.", pointer="/data")
    if body is None or "data" not in body:
        refuse(400, "invalid", "The body has no primary data.", pointer="/data")
    return body["data"]


def references(data: object, kind: str, pointer: str) -> list[str]:
    """The ids of an array of ``{type, id}``; anything else is refused."""
    found = sequence(data)
    if found is None:
        refuse(400, "invalid", "An array of resource identifiers is required.", pointer=pointer)
    ids: list[str] = []
    for i, one in enumerate(found):
        reference = mapping(one) or {}
        identifier = reference.get("id")
        if reference.get("type") != kind or not isinstance(identifier, str):
            refuse(400, "invalid", f"A {kind} with type and id is due.", pointer=f"{pointer}/{i}")
        ids.append(identifier)
    return ids


def page(
    call: Call,
    items: Sequence[T],
    render: Callable[[T], object],
    *,
    maximum: int,
    default: int = 20,
    cap: int | None = None,
) -> Response:
    """One page by cursor, with absolute links to the next and the one before."""
    size = page_size(call, default, maximum)
    start = offset(call)
    taken = size if cap is None else min(size, cap)
    stop = start + taken
    links = {
        "self": _link(call, None, size) if start == 0 else _link(call, start, size),
        "next": _link(call, stop, size) if stop < len(items) else None,
        "prev": _link(call, max(0, start - taken), size) if start > 0 else None,
    }
    return reply(200, {"data": [render(item) for item in items[start:stop]], "links": links})


def including(answer: Response, resources: Sequence[JSON]) -> Response:
    """The same answer with other resources beside its data."""
    body: JSON = json.loads(bytes(answer.body))
    return reply(answer.status_code, {**body, "included": list(resources)})


def page_size(call: Call, default: int, maximum: int) -> int:
    """How many a page shall have; anything else is refused."""
    text = call.query.get("page[size]", str(default))
    if not text.isdecimal() or not 1 <= int(text) <= maximum:
        refuse(400, "invalid", f"Page size must be from 1 to {maximum}.", parameter="page[size]")
    return int(text)


def offset(call: Call) -> int:
    """Where a page begins, by its cursor."""
    cursor = call.query.get("page[cursor]")
    if not cursor:
        return 0
    try:
        name, _, number = base64.urlsafe_b64decode(cursor).decode().partition(":")
        if name == "next":
            return int(number)
    except ValueError:
        pass
    refuse(400, "invalid", "The cursor is not one of ours.", parameter="page[cursor]")


def _link(call: Call, offset: int | None, size: int) -> str:
    query = {k: v for k, v in call.query.items() if not k.startswith("page[")}
    if offset is not None:
        query["page[cursor]"] = base64.urlsafe_b64encode(f"next:{offset}".encode()).decode()
    query["page[size]"] = str(size)
    return f"{call.base}{call.path}?{urlencode(query)}"


def fieldset(call: Call, kind: str) -> frozenset[str] | None:
    """The attributes that ``fields[kind]`` asks for; None if it asks for no selection."""
    text = call.query.get(f"fields[{kind}]")
    return None if text is None else frozenset(text.split(","))


def only(resource: JSON, names: frozenset[str] | None) -> JSON:
    """A resource with those attributes alone."""
    if names is None:
        return resource
    attributes = {k: v for k, v in resource["attributes"].items() if k in names}
    return {**resource, "attributes": attributes}


def filtered(call: Call, allowed: Sequence[str]) -> tuple[str, list[str]] | None:
    """The field and the values of ``filter=equals(f,"v")`` or ``any(f,["v","w"])``, or None."""
    text = call.query.get("filter")
    if text is None:
        return None
    found = _FILTER.fullmatch(text.strip())
    if found is None or found[2] not in allowed:
        refuse(400, "invalid", f"Filter not understood: {text[:80]}", parameter="filter")
    try:
        value: object = json.loads(found[3])
    except ValueError:
        refuse(400, "invalid", "Filter values stand in double quotes.", parameter="filter")
    values = [value] if found[1] == "equals" else sequence(value)
    if values is None or not all(isinstance(one, str) for one in values):
        refuse(400, "invalid", "Filter values are strings.", parameter="filter")
    return found[2], [str(one) for one in values]
