"""The wire between a destination and its vendor: remembers what was said, and misbehaves."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping
from typing import Final

import httpx

Forward = Callable[[httpx.Request], Awaitable[httpx.Response]]
#: What happens to a request in place of the plain way.
Mishap = Callable[[httpx.Request, Forward], Awaitable[httpx.Response]]

#: Turns of the event loop that a request takes, so that two at once do get mixed.
TURNS: Final = 3
READS: Final = frozenset({"GET", "HEAD", "OPTIONS"})


class Wire(httpx.AsyncBaseTransport):
    """One wire; ``requests`` holds all that was said, also what got no answer."""

    def __init__(self, vendor: httpx.AsyncBaseTransport | None) -> None:
        self._vendor = vendor
        self._mishap: Mishap | None = None
        self._left: int | None = None
        self.requests: list[httpx.Request] = []
        self.closed = 0

    def suffer(self, mishap: Mishap, *, times: int | None = None) -> None:
        """Let this happen to the next requests, or to all until ``recover``."""
        self._mishap, self._left = mishap, times

    def recover(self) -> None:
        """Nothing more happens."""
        self._mishap = None

    @property
    def writes(self) -> int:
        """How many requests could have changed something."""
        return sum(request.method not in READS for request in self.requests)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Keep the request and pass it on, unless a mishap is due."""
        await request.aread()
        self.requests.append(request)
        for _ in range(TURNS):
            await asyncio.sleep(0)
        mishap = self._due()
        return await (self._forward(request) if mishap is None else mishap(request, self._forward))

    async def aclose(self) -> None:
        """Only counted: the vendor outlives the destination."""
        self.closed += 1

    def _due(self) -> Mishap | None:
        if self._mishap is None or self._left == 0:
            return None
        if self._left is not None:
            self._left -= 1
        return self._mishap

    async def _forward(self, request: httpx.Request) -> httpx.Response:
        if self._vendor is None:
            raise AssertionError("it spoke HTTP, but its vendor has no transport()")
        response = await self._vendor.handle_async_request(request)
        response.request = request
        await response.aread()
        return response


def answer(status: int, *, text: str = "", headers: Mapping[str, str] | None = None) -> Mishap:
    """The vendor answers this and does nothing."""

    async def happen(request: httpx.Request, _forward: Forward) -> httpx.Response:
        return httpx.Response(status, text=text, headers=headers, request=request)

    return happen


def error(kind: type[httpx.RequestError], words: str = "it went wrong") -> Mishap:
    """The request never gets there."""

    async def happen(request: httpx.Request, _forward: Forward) -> httpx.Response:
        raise kind(words, request=request)

    return happen


def lost(kind: type[httpx.RequestError] = httpx.ReadError) -> Mishap:
    """The vendor does it, and its answer never comes."""

    async def happen(request: httpx.Request, forward: Forward) -> httpx.Response:
        await forward(request)
        raise kind("the answer was lost", request=request)

    return happen


def rewritten(rewrite: Callable[[bytes], bytes]) -> Mishap:
    """The vendor does it, and its answer comes with another body. One without a body stays."""

    async def happen(request: httpx.Request, forward: Forward) -> httpx.Response:
        told = await forward(request)
        if not told.content:
            return told
        kept = {k: v for k, v in told.headers.items() if k != "content-length"}
        body = rewrite(told.content)
        return httpx.Response(told.status_code, headers=kept, content=body, request=request)

    return happen


def relinked(here: str, there: str) -> Mishap:
    """The vendor does it, and every link in the headers of its answer leads elsewhere."""

    async def happen(request: httpx.Request, forward: Forward) -> httpx.Response:
        told = await forward(request)
        headers = {k: v.replace(here, there) for k, v in told.headers.items()}
        body = told.content
        return httpx.Response(told.status_code, headers=headers, content=body, request=request)

    return happen


def once_after(count: int, mishap: Mishap) -> Mishap:
    """So many requests go well, one suffers that, and then all go well again."""
    seen = 0

    async def happen(request: httpx.Request, forward: Forward) -> httpx.Response:
        nonlocal seen
        seen += 1
        return await (mishap if seen == count + 1 else _well)(request, forward)

    return happen


def every(count: int, mishap: Mishap) -> Mishap:
    """Each of so many requests suffers that, the others go well."""
    seen = 0

    async def happen(request: httpx.Request, forward: Forward) -> httpx.Response:
        nonlocal seen
        seen += 1
        return await (mishap if seen % count == 0 else _well)(request, forward)

    return happen


async def _well(request: httpx.Request, forward: Forward) -> httpx.Response:
    return await forward(request)


def halved(body: bytes) -> bytes:
    """The first half of a body, which is no JSON any more."""
    return body[: max(1, len(body) // 2)]


def keys(request: httpx.Request) -> list[str]:
    """All names in the JSON of a request, at any depth; the whole text if it is no JSON."""
    try:
        body: object = json.loads(request.content or b"null")
    except ValueError:
        return [request.content.decode(errors="replace")]
    found: list[str] = []
    waiting = [body]
    while waiting:
        part = waiting.pop()
        if isinstance(part, dict):
            found.extend(str(key) for key in part)  # pyright: ignore[reportUnknownArgumentType]
            waiting.extend(part.values())  # pyright: ignore[reportUnknownArgumentType]
        elif isinstance(part, list):
            waiting.extend(part)  # pyright: ignore[reportUnknownArgumentType]
    return found
