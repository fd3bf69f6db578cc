"""What the body of an unsuccessful answer says in words, so that no JSON stands in a sentence."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, Final, cast

#: Keys under which vendors put a sentence or a list of errors; of one object the first counts.
KEYS: Final = ("errors", "error", "detail", "message", "msg", "title", "error_description")
#: So deep are errors nested in errors; more is no answer of a vendor.
DEPTH: Final = 4
#: More is not looked into: an answer of a vendor is short.
SIZE: Final = 100_000


def words(body: str) -> str:
    """The sentences of a JSON error body, each once; the body itself where it has none.

    Known are ``errors[].detail`` or ``title``, ``message``, ``msg``, ``detail``, and ``error`` as
    text or with a ``message`` in it.
    """
    if len(body) > SIZE:
        return body
    try:
        found = dict.fromkeys(_sentences(json.loads(body), DEPTH))
    except (ValueError, RecursionError):
        return body
    return "; ".join(found) or body


def _sentences(part: object, depth: int) -> Iterator[str]:
    if isinstance(part, str) and part.strip():
        yield part.strip()
    elif isinstance(part, list) and depth:
        for each in cast("list[object]", part):
            yield from _sentences(each, depth - 1)
    elif isinstance(part, dict) and depth:
        told = cast("dict[str, Any]", part)
        # an object may have a key that says nothing, such as "errors": [] or "error": true
        each = (list(_sentences(told.get(key), depth - 1)) for key in KEYS)
        yield from next((found for found in each if found), ())
