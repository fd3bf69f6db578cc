"""What goes over the wire: the call as the vendors' code sees it, answers, and broken answers."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Mapping
from functools import cached_property
from typing import Any, Final, cast

import httpx
from starlette.datastructures import Headers, QueryParams
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

#: Key in the ASGI scope's state under which our server leaves the way to drop the connection.
DROP: Final = "tidesman.drop"


class Call:
    """One request, read to its end. ``template`` is the route, such as ``/api/lists/{id}``."""

    def __init__(self, request: Request, template: str, body: bytes) -> None:
        self._request = request
        self.template = template
        self.body = body
        self.method: str = request.method
        self.path: str = request.url.path
        self.params: Mapping[str, str] = request.path_params
        self.query: QueryParams = request.query_params
        self.headers: Headers = request.headers

    @property
    def base(self) -> str:
        """Scheme, host and port as the client wrote them, without a slash at the end."""
        return str(self._request.base_url).rstrip("/")

    @cached_property
    def json(self) -> object:
        """The body as JSON. Raises ValueError if it is none; NaN and infinity are none."""
        return json.loads(self.body, parse_constant=_refuse_constant)


def _refuse_constant(name: str) -> object:
    raise ValueError(f"{name} is not JSON")


class Answered(Exception):
    """Raised anywhere below a handler to answer at once."""

    def __init__(self, response: Response) -> None:
        super().__init__(f"answered {response.status_code}")
        self.response = response


def answer(
    status: int,
    body: object,
    headers: Mapping[str, str] | None = None,
    media_type: str = "application/json",
) -> Response:
    """A JSON answer."""
    content = json.dumps(body, separators=(",", ":"), ensure_ascii=False, default=str)
    return Response(content.encode(), status, dict(headers or {}), media_type)


def mapping(value: object) -> dict[str, Any] | None:
    """The value if it is a JSON object."""
    return cast("dict[str, Any]", value) if isinstance(value, dict) else None


def sequence(value: object) -> list[Any] | None:
    """The value if it is a JSON array."""
    return cast("list[Any]", value) if isinstance(value, list) else None  # type: ignore[redundant-cast]


class Dropped(Response):
    """No answer: the connection ends, by a TCP reset or an orderly close.

    Under our server it is the real thing; in process (httpx.ASGITransport) it raises the
    ``httpx.ReadError`` that a client would see.
    """

    def __init__(self, *, reset: bool, head: bytes = b"") -> None:
        super().__init__(status_code=599)
        self._reset = reset
        self._head = head

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002
        """Drop the connection that the request came by."""
        drop = cast("Callable[[bytes, bool], None] | None", scope.get("state", {}).get(DROP))
        if drop is None:
            raise httpx.ReadError("the look-alike dropped the connection")
        drop(self._head, self._reset)
        # the server must see the loss itself, or it would answer 500 in our place
        while (await receive())["type"] != "http.disconnect":  # noqa: ASYNC110
            await asyncio.sleep(0)


def half(response: Response) -> Response:
    """The same answer with half of its body, as if complete."""
    body = bytes(response.body)
    headers = {k: v for k, v in response.headers.items() if k != "content-length"}
    return Response(body[: len(body) // 2], response.status_code, headers)


def cut(response: Response) -> Response:
    """The connection ends in the middle of the answer's body."""
    body = bytes(response.body)
    lines = [f"HTTP/1.1 {response.status_code} -"]
    lines += [f"{name}: {value}" for name, value in response.headers.items()]
    head = "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n"
    return Dropped(reset=False, head=head + body[: len(body) // 2])
