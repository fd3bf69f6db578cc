"""An answer line by line, for what memory should not hold at once."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable

import httpx

from connectors.errors import ConnectorError, Unavailable
from connectors.http import unreachable


async def lines(
    client: httpx.AsyncClient,
    request: httpx.Request,
    fail: Callable[[httpx.Response], ConnectorError],
    secrets: tuple[str, ...] = (),
) -> AsyncIterator[tuple[httpx.Response, str]]:
    """The lines of an answer that memory should not hold, with the answer; an empty one at the end.

    Raises as ``send``; Unavailable also where the answer breaks off.
    """
    try:
        response = await client.send(request, stream=True)
        try:
            if not response.is_success:
                await response.aread()
                raise fail(response)
            async for line in response.aiter_lines():
                yield response, line
            yield response, ""
        finally:
            await response.aclose()
    except httpx.RequestError as error:
        raise Unavailable(unreachable(request, error, secrets)) from error
