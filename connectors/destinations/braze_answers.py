"""From Braze's answers back to our changes: errors by index, waits by two headers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

from httpx import Response

from connectors.errors import Refused
from connectors.http import Rejection, dig, mask, read, until
from connectors.http import patience as standard_patience
from connectors.types import Batch, Outcome, Receipt, Rejected


def patience(response: Response) -> float | None:
    """Seconds that a 429 asks to wait.

    Contracts priced by monthly active users send X-Ratelimit-Retry-After in seconds. Else
    X-RateLimit-Reset is either a moment, read against the answer's Date, or seconds left.
    """
    wait = _number(response.headers.get("X-Ratelimit-Retry-After"))
    if wait is not None:
        return wait
    reset = response.headers.get("X-RateLimit-Reset")
    if _number(reset) is None:
        return standard_patience(response)
    return until(response, reset)


def receipt(response: Response, sent: Batch[Any], array: str) -> Receipt:
    """The receipt of a 2xx: objects named by index are rejected, the others delivered.

    All others are unsure if an error names no index, if fewer were taken than should have been,
    or if the request was only put by during maintenance (message "queued").
    """
    body = read(response)
    rejected, nameless = culprits(body, sent, array)
    taken = body.get(f"{array}_processed")
    doubt = None
    if body.get("message") != "success":
        doubt = f"Braze only said {mask(str(body.get('message')))!r}"
    elif nameless is not None:
        doubt = f"Braze told of an error without saying whose: {nameless}"
    elif isinstance(taken, int) and taken < len(sent) - len(rejected):
        doubt = f"Braze took {taken} of {len(sent)} objects and named {len(rejected)} errors"
    if doubt is None:
        return sent.delivered(rejected)
    return sent.delivered(rejected, {c.id: doubt for c in sent if c.id not in rejected})


def refused(refusal: Rejection, sent: Batch[Any], array: str) -> Refused:
    """The refusal of a whole request, with the objects that it names by index."""
    try:
        body = refusal.response.json()
    except ValueError:
        return refusal
    rejected, _ = culprits(body if isinstance(body, dict) else {}, sent, array)
    outcomes: dict[str, Outcome] = {key: Rejected(reason) for key, reason in rejected.items()}
    return Refused(str(refusal), outcomes=outcomes)


def culprits(
    body: dict[str, Any], sent: Batch[Any], array: str
) -> tuple[dict[str, str], str | None]:
    """Reasons by change id, and the words of an error that cannot be given to anybody."""
    rejected: dict[str, str] = {}
    nameless: str | None = None
    errors = body.get("errors")
    for error in cast("list[object]", errors) if isinstance(errors, list) else []:
        told = cast("dict[str, Any]", error) if isinstance(error, dict) else {"type": error}
        words = mask(str(told.get("type")))
        index = told.get("index")
        known = isinstance(index, int) and 0 <= index < len(sent)
        if known and told.get("input_array") == array:
            rejected[sent.changes[cast("int", index)].id] = words
        else:
            nameless = words
    return rejected, nameless


def users(response: Response) -> list[dict[str, Any]]:
    """The users of an export; Unavailable if there is no such list in the answer."""
    listed = dig(response, "users")
    rows = cast("list[object]", listed) if isinstance(listed, list) else []
    return [cast("dict[str, Any]", row) for row in rows if isinstance(row, dict)]


def ours(user: dict[str, Any], names: Sequence[str]) -> dict[str, object]:
    """The custom attributes of those names that have a value."""
    custom = cast("dict[str, Any]", user.get("custom_attributes") or {})
    return {name: custom[name] for name in names if custom.get(name) is not None}


def _number(header: str | None) -> float | None:
    try:
        return None if header is None else max(0.0, float(int(header)))
    except ValueError:
        return None
