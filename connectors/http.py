"""From a vendor's answer to the errors that the engine understands. No waiting happens here."""

from __future__ import annotations

import json as json_
import math
import re
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from email.utils import parsedate_to_datetime
from typing import Any, Final

import httpx

from connectors.errors import (
    ConnectorError,
    Misconfigured,
    Refused,
    Throttled,
    Unauthorized,
    Unavailable,
)
from connectors.said import words

#: Statuses below 500 that a later repeat of the same request may change.
UNAVAILABLE: Final = frozenset({408, 425})
UNAUTHORIZED: Final = frozenset({401, 403})
#: Above this, a reset is a moment (UTC, seconds since 1970), not seconds left.
EPOCH: Final = 1_000_000_000
#: No such thing at that address: the base_url is wrong, and halving the request cannot mend it.
ELSEWHERE: Final = frozenset({404, 405, 410})

#: An "at" is also hidden from a plain search by percent-encoding or by JSON's escapes.
_AT: Final = r"(?:@|%40|\\u0040)"
_ENDS: Final = r"\"'<>,;:(){}\[\]/"
_WORD: Final = rf"[^\s{_ENDS}@]"
_ADDRESS: Final = re.compile(rf"{_WORD}{{1,254}}?{_AT}{_WORD}{{1,254}}", re.IGNORECASE)
#: A phone number in E.164: a plus sign and 7 to 15 digits, perhaps set apart.
_PHONE: Final = re.compile(r"\+\d(?:[ .()-]{0,2}\d){6,14}")
_LAST_WORD: Final = re.compile(rf"[^\s{_ENDS}]*\Z")
#: As much of an answer is looked at, and as much of it is kept.
_WINDOW: Final = 4_000
_EXCERPT: Final = 300


class Rejection(Refused):
    """A refused request together with its answer, for an adapter that can read culprits from it."""

    def __init__(self, message: str, response: httpx.Response) -> None:
        super().__init__(message)
        self.response = response


def encode(body: object) -> bytes:
    """Compact JSON in UTF-8; dates and moments as ISO 8601. NaN and infinity are refused."""
    return _ENCODER.encode(body).encode()


def _plain(value: object) -> str | float:
    # nearly always
    if type(value) is date:
        return value.isoformat()
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat()
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Decimal):
        return float(value)
    raise TypeError(f"cannot be sent as JSON: {type(value).__name__}")


# made once: by name of its options a new one would be made for every record that is weighed
_ENCODER = json_.JSONEncoder(
    separators=(",", ":"), ensure_ascii=False, default=_plain, allow_nan=False
)


def web_address(text: str) -> httpx.URL:
    """The address, if it is one with http or https and a host; else ValueError."""
    try:
        url = httpx.URL(text)
    except httpx.InvalidURL:
        url = httpx.URL("")
    if url.scheme not in {"http", "https"} or not url.host:
        raise ValueError("must be an address such as https://api.example.com")
    return url


def mask(text: str, secrets: Iterable[str] = ()) -> str:
    """A vendor's words without e-mail addresses, phone numbers and secrets, in one short line.

    Only the beginning is read. Where it is cut, the last word is left out: half an address is no
    longer known for one.
    """
    for secret in secrets:
        if len(secret) >= 4:
            text = text.replace(secret, "[secret]")
    if len(text) > _WINDOW:
        text = _LAST_WORD.sub("", text[:_WINDOW])
    line = " ".join(_PHONE.sub("[phone]", _ADDRESS.sub("[address]", text)).split())
    return line if len(line) <= _EXCERPT else line[: _EXCERPT - 1] + "…"


def retry_after(header: str | None, *, now: datetime | None) -> float | None:
    """Seconds to wait by a Retry-After header: a number or an HTTP date (RFC 9110, 10.2.3)."""
    if header is None:
        return None
    try:
        seconds = float(header)
    except ValueError:
        pass
    else:
        return max(0.0, seconds) if math.isfinite(seconds) else None
    if now is None:
        return None
    try:
        return max(0.0, (parsedate_to_datetime(header) - now).total_seconds())
    except (ValueError, TypeError):
        return None


def patience(response: httpx.Response) -> float | None:
    """Seconds that a 429 asks to wait by its Retry-After, None if it does not say."""
    return retry_after(response.headers.get("Retry-After"), now=answered_at(response))


def spent(response: httpx.Response) -> float | None:
    """Seconds until an allowance is renewed that the answer says is spent; None if it is not.

    Read from (X-)RateLimit-Remaining and (X-)RateLimit-Reset, as Klaviyo and Braze send them. A
    reset is seconds left, or above 10^9 a moment, which is read against the answer's Date.
    """
    for prefix in ("RateLimit", "X-RateLimit"):
        if response.headers.get(f"{prefix}-Remaining") == "0":
            return until(response, response.headers.get(f"{prefix}-Reset"))
    return None


def until(response: httpx.Response, reset: str | None) -> float | None:
    """Seconds until a reset that is either seconds left or a moment; None if it cannot be read."""
    seconds = retry_after(reset, now=None)
    if seconds is None or seconds <= EPOCH:
        return seconds
    now = answered_at(response)
    return None if now is None else max(0.0, seconds - now.timestamp())


def answered_at(response: httpx.Response) -> datetime | None:
    """The vendor's own clock, by the answer's Date: moments in headers are read against it."""
    try:
        return parsedate_to_datetime(response.headers["Date"])
    except (KeyError, ValueError):
        return None


def request(
    client: httpx.AsyncClient,
    method: str,
    path: str,
    *,
    json: object = None,
    params: Mapping[str, str] | None = None,
    headers: Mapping[str, str] | None = None,
) -> httpx.Request:
    """A request with a JSON body, as ``application/json`` unless ``headers`` name another type."""
    content = None if json is None else encode(json)
    kind = {} if json is None else {"Content-Type": "application/json"}
    return client.build_request(
        method, path, content=content, params=params, headers={**kind, **(headers or {})}
    )


async def send(
    client: httpx.AsyncClient,
    request: httpx.Request,
    *,
    accept: tuple[int, ...] = (),
    fail: Callable[[httpx.Response], ConnectorError] | None = None,
    secrets: tuple[str, ...] = (),
) -> httpx.Response:
    """Send one request; return a success or an accepted status, raise everything else.

    ``fail`` makes the error of an unsuccessful answer, ``failure`` by default; no error holds
    ``secrets``. Raises Unauthorized, Throttled, Unavailable (with whether it may have had an
    effect), Misconfigured (nothing is there) and Rejection, a Refused that carries the answer.
    """
    try:
        response = await client.send(request)
    except httpx.LocalProtocolError:
        # the error repeats the header, and with it the key, in a spelling that nothing masks
        raise Misconfigured(
            f"the request to {request.url.host} cannot be sent: a header, such as that of the key, "
            "holds a sign that none may hold"
        ) from None
    except httpx.UnsupportedProtocol as error:
        raise Misconfigured(unreachable(request, error, secrets)) from error
    except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout) as error:
        raise Unavailable(unreachable(request, error, secrets), maybe_applied=False) from error
    except httpx.RequestError as error:
        raise Unavailable(unreachable(request, error, secrets)) from error
    if response.is_success or response.status_code in accept:
        return response
    raise failure(response, secrets=secrets) if fail is None else fail(response)


def only(response: httpx.Response, *statuses: int) -> httpx.Response:
    """The answer, if it has one of the documented statuses; another success tells nothing.

    Raises Unavailable: a proxy, or another service, may have answered for the vendor.
    """
    if response.status_code in statuses:
        return response
    path, said = response.request.url.path, response.status_code
    wanted = " or ".join(map(str, statuses))
    raise Unavailable(mask(f"{path} answered {said} and not {wanted}: was it taken?"))


def unreachable(request: httpx.Request, error: Exception, secrets: tuple[str, ...]) -> str:
    """The sentence for a request that brought no answer."""
    what = mask(str(error), secrets) or type(error).__name__
    return f"no answer from {request.url.host or 'the server'}: {what}"


def failure(
    response: httpx.Response,
    *,
    wait: Callable[[httpx.Response], float | None] = patience,
    secrets: tuple[str, ...] = (),
) -> ConnectorError:
    """The error that an unsuccessful answer stands for. ``wait`` reads the vendor's own headers."""
    status = response.status_code
    request = response.request
    said = mask(f"{request.method} {request.url.path} answered {status}", secrets)
    excerpt = mask(words(response.text), secrets)
    message = f"{said}: {excerpt}" if excerpt else said
    if status in UNAUTHORIZED:
        return Unauthorized(f"{message.rstrip('.')}; check the key and its permissions")
    if status == 429:
        return Throttled(message, retry_after=wait(response))
    if status in UNAVAILABLE or status >= 500:
        return Unavailable(message)
    if status < 400 or status in ELSEWHERE:
        return Misconfigured(f"nothing answers at {request.url.host} as it should; {message}")
    return Rejection(message, response)


def read(response: httpx.Response) -> dict[str, Any]:
    """The answer's JSON object. An answer that is none leaves the outcome unknown: Unavailable."""
    try:
        body = response.json()
    except ValueError as error:
        raise Unavailable(mask(f"{_path(response)} answered with broken JSON")) from error
    if not isinstance(body, dict):
        raise Unavailable(mask(f"{_path(response)} answered with JSON that is no object"))
    return body


def read_list(response: httpx.Response) -> list[dict[str, Any]]:
    """The answer's JSON array of objects; Unavailable if it is none."""
    try:
        body = response.json()
    except ValueError as error:
        raise Unavailable(mask(f"{_path(response)} answered with broken JSON")) from error
    if not isinstance(body, list) or not all(isinstance(one, dict) for one in body):
        raise Unavailable(mask(f"{_path(response)} answered with JSON that is no list of objects"))
    return body


def dig(response: httpx.Response, *path: str) -> Any:  # noqa: ANN401 - it is the vendor's JSON
    """The part of the answer's JSON at that path of keys; Unavailable if it is not there."""
    part: Any = read(response)
    for name in path:
        if not isinstance(part, dict) or part.get(name) is None:
            where = f"{_path(response)} answered without {'.'.join(path)}"
            raise Unavailable(mask(where))
        part = part[name]
    return part


def _path(response: httpx.Response) -> str:
    """Where it was asked; some vendors want an address in it, so mask what is made of it."""
    return response.request.url.path
