"""From a vendor's answer to the errors that the engine understands. No waiting happens here."""

from __future__ import annotations

import json as json_
import re
from collections.abc import Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from email.utils import parsedate_to_datetime
from typing import Any, Final

import httpx

from connectors.errors import ConnectorError, Refused, Throttled, Unauthorized, Unavailable

#: Statuses that a later repeat of the same request may change. Everything else from 400 up is
#: the request's own fault.
UNAVAILABLE: Final = frozenset({408, 425, 500, 502, 503, 504, 520, 521, 522, 523, 524, 529})
UNAUTHORIZED: Final = frozenset({401, 403})

_ADDRESS: Final = re.compile(r"[^\s\"'<>,;:(){}\[\]]+@[^\s\"'<>,;:(){}\[\]]+")
_EXCERPT: Final = 300


class Rejection(Refused):
    """A refused request together with its answer, for an adapter that can read culprits from it."""

    def __init__(self, message: str, response: httpx.Response) -> None:
        super().__init__(message)
        self.response = response


def encode(body: object) -> bytes:
    """Compact JSON in UTF-8; dates and moments as ISO 8601. NaN and infinity are refused."""
    text = json_.dumps(
        body, separators=(",", ":"), ensure_ascii=False, default=_plain, allow_nan=False
    )
    return text.encode()


def _plain(value: object) -> str | float:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat()
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Decimal):
        return float(value)
    raise TypeError(f"cannot be sent as JSON: {type(value).__name__}")


def mask(text: str) -> str:
    """A vendor's words with every e-mail address hidden, in one line, cut to 300 characters."""
    line = " ".join(_ADDRESS.sub("[address]", text).split())
    return line if len(line) <= _EXCERPT else line[: _EXCERPT - 1] + "…"


def retry_after(header: str | None, *, now: datetime | None) -> float | None:
    """Seconds to wait by a Retry-After header: a number or an HTTP date (RFC 9110, 10.2.3)."""
    if header is None:
        return None
    try:
        return max(0.0, float(header))
    except ValueError:
        pass
    if now is None:
        return None
    try:
        return max(0.0, (parsedate_to_datetime(header) - now).total_seconds())
    except (ValueError, TypeError):
        return None


def _answered_at(response: httpx.Response) -> datetime | None:
    """The vendor's own clock: a date in Retry-After is read against the answer's Date."""
    try:
        return parsedate_to_datetime(response.headers["Date"])
    except (KeyError, ValueError):
        return None


async def call(
    client: httpx.AsyncClient,
    method: str,
    path: str,
    *,
    json: object = None,
    params: Mapping[str, str] | None = None,
    accept: tuple[int, ...] = (),
) -> httpx.Response:
    """Send one request; return a success or an accepted status, raise everything else.

    Raises Unauthorized, Throttled, Unavailable (with whether it may have had an effect) and
    Rejection, which is a Refused that carries the answer.
    """
    content = None if json is None else encode(json)
    headers = None if json is None else {"Content-Type": "application/json"}
    try:
        response = await client.request(
            method, path, content=content, params=params, headers=headers
        )
    except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout) as error:
        raise Unavailable(_unreachable(client, error), maybe_applied=False) from error
    except httpx.TransportError as error:
        raise Unavailable(_unreachable(client, error)) from error
    if response.is_success or response.status_code in accept:
        return response
    raise failure(response)


def _unreachable(client: httpx.AsyncClient, error: Exception) -> str:
    what = mask(str(error)) or type(error).__name__
    return f"no answer from {client.base_url.host or 'the server'}: {what}"


def failure(response: httpx.Response) -> ConnectorError:
    """The error that an unsuccessful answer stands for."""
    status = response.status_code
    said = f"{response.request.method} {response.request.url.path} answered {status}"
    excerpt = mask(response.text)
    message = f"{said}: {excerpt}" if excerpt else said
    if status in UNAUTHORIZED:
        return Unauthorized(message)
    if status == 429:
        wait = retry_after(response.headers.get("Retry-After"), now=_answered_at(response))
        return Throttled(message, retry_after=wait)
    if status in UNAVAILABLE or status >= 500:
        return Unavailable(message)
    return Rejection(message, response)


def read(response: httpx.Response) -> dict[str, Any]:
    """The answer's JSON object. An answer that is none leaves the outcome unknown: Unavailable."""
    try:
        body = response.json()
    except ValueError as error:
        raise Unavailable(f"{response.request.url.path} answered with broken JSON") from error
    if not isinstance(body, dict):
        raise Unavailable(f"{response.request.url.path} answered with JSON that is no object")
    return body
