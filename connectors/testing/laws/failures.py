"""Laws of failed requests: each means to the engine what it means everywhere."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import httpx

from connectors.errors import (
    ConnectorError,
    Misconfigured,
    Refused,
    Throttled,
    Unauthorized,
    Unavailable,
)
from connectors.testing import wire
from connectors.testing.bench import Bench, failing
from connectors.testing.changes import changes
from connectors.testing.law import Can, Laws, expect, law, require, same
from connectors.testing.wire import Mishap
from connectors.types import Unsure

#: The vendor's own clock, for waits that are told as a moment.
CLOCK = "Fri, 01 Mar 2024 12:00:00 GMT"
LATER = "Fri, 01 Mar 2024 12:00:30 GMT"


class FailureLaws(Laws):
    """Whole requests that fail."""

    @law(Can.HTTP)
    async def test_401_is_unauthorized(self, bench: Bench) -> None:
        """401 stops this destination, in the check and in every delivery."""
        await _fails(bench, wire.answer(401, text="{}"), Unauthorized)

    @law(Can.HTTP)
    async def test_403_is_unauthorized(self, bench: Bench) -> None:
        """403 stops this destination: the key lacks a permission."""
        await _fails(bench, wire.answer(403, text="{}"), Unauthorized)

    @law(Can.HTTP)
    async def test_429_tells_the_seconds_to_wait(self, bench: Bench) -> None:
        """Retry-After in seconds is told on, to the second."""
        await _waits(bench, {"Retry-After": "7"}, 7.0)

    @law(Can.HTTP)
    async def test_429_tells_the_wait_until_a_date(self, bench: Bench) -> None:
        """Retry-After as a date is read against the vendor's own clock."""
        await _waits(bench, {"Retry-After": LATER, "Date": CLOCK}, 30.0)

    @law(Can.HTTP)
    async def test_429_with_a_wait_of_zero_is_no_wait_unknown(self, bench: Bench) -> None:
        """Retry-After: 0 means at once, not "it does not say"."""
        await _waits(bench, {"Retry-After": "0"}, 0.0)

    @law(Can.HTTP)
    async def test_429_without_a_wait_does_not_invent_one(self, bench: Bench) -> None:
        """Without any header the wait is None, and the engine decides."""
        await _waits(bench, {}, None)

    @law(Can.OWN_WAITS)
    async def test_429_reads_the_vendors_own_headers(self, bench: Bench) -> None:
        """The vendor's own ways to ask for patience, as the suite names them, are read."""
        for headers, seconds in self.own_waits:
            await _waits(bench, headers, seconds)

    @law(Can.HTTP)
    async def test_5xx_may_have_been_applied(self, bench: Bench) -> None:
        """A server's error is Unavailable, and whether anything was done is not known."""
        for status in (500, 502, 503, 504, 524):
            for error in await _fails(bench, wire.answer(status, text="oh"), Unavailable):
                require(_maybe(error), f"{status} must be maybe_applied")

    @law(Can.HTTP)
    async def test_408_is_unavailable(self, bench: Bench) -> None:
        """A request that came too slowly goes out again later."""
        await _fails(bench, wire.answer(408), Unavailable)

    @law(Can.HTTP)
    async def test_no_connection_is_surely_not_applied(self, bench: Bench) -> None:
        """Where no connection was made, nothing can have been done."""
        for kind in (httpx.ConnectError, httpx.ConnectTimeout):
            for error in await _fails(bench, wire.error(kind), Unavailable):
                require(not _maybe(error), f"{kind.__name__} must not be maybe_applied")

    @law(Can.HTTP)
    async def test_a_timeout_may_have_been_applied(self, bench: Bench) -> None:
        """Where the answer is late, everything may have been done."""
        for kind in (httpx.ReadTimeout, httpx.WriteError, httpx.RemoteProtocolError):
            for error in await _fails(bench, wire.error(kind), Unavailable):
                require(_maybe(error), f"{kind.__name__} must be maybe_applied")

    @law(Can.HTTP)
    async def test_a_wrong_address_is_misconfigured(self, bench: Bench) -> None:
        """404, 405 and 410 are told as a wrong address, and reject nobody."""
        for status in (404, 405, 410):
            await _fails(bench, wire.answer(status, text="nothing here"), Misconfigured)

    @law(Can.HTTP)
    async def test_a_refused_request_is_refused(self, bench: Bench) -> None:
        """400, 413 and 422 are Refused, so that the engine halves, and name only what was sent."""
        for kind in bench.kinds:
            sent = changes(kind, min(3, bench.many(kind)))
            for status in (400, 413, 422):
                bench.wire.suffer(wire.answer(status, text="no"))
                error = await failing(bench.once, sent)
                refused = expect(error, Refused, f"{kind.__name__} answered {status}")
                invented = refused.outcomes.keys() - {one.id for one in sent}
                require(not invented, f"{kind.__name__}: {status} invents {invented}")

    @law(Can.HTTP)
    async def test_a_broken_answer_is_no_delivery(self, bench: Bench) -> None:
        """An answer cut in the middle leaves the outcome open: Unavailable or unsure."""
        await self._leaves_open(bench, wire.halved)

    @law(Can.HTTP)
    async def test_an_answer_of_another_shape_is_no_delivery(self, bench: Bench) -> None:
        """JSON that is an array, a text, a number or null leaves the outcome open."""
        for text in (b"[]", b'"ok"', b"7", b"null"):
            await self._leaves_open(bench, _always(text))

    @law(Can.HTTP)
    async def test_an_empty_object_is_no_delivery(self, bench: Bench) -> None:
        """A success that says nothing leaves the outcome open, if the vendor does say something."""
        await self._leaves_open(bench, _always(b"{}"))

    @law(Can.HTTP)
    async def test_a_failed_request_is_not_repeated_by_the_destination(self, bench: Bench) -> None:
        """When to try again is the engine's: one call makes one failing request."""
        for mishap in (wire.answer(503), wire.answer(429), wire.error(httpx.ReadTimeout)):
            for name, call in bench.calls():
                bench.wire.requests.clear()
                bench.wire.suffer(mishap)
                await failing(call)
                same(len(bench.wire.requests), 1, f"requests of {name}")

    async def _leaves_open(self, bench: Bench, rewrite: Callable[[bytes], bytes]) -> None:
        spoilt: list[bytes] = []

        def spoil(body: bytes) -> bytes:
            spoilt.append(body)
            return rewrite(body)

        for kind in bench.kinds:
            async with Bench(self) as own:
                await own.prepare(changes(kind, 1))
                spoilt.clear()
                own.wire.suffer(wire.rewritten(spoil), times=1)
                try:
                    _, receipt = await own.once(changes(kind, 1))
                except Unavailable as error:
                    require(error.maybe_applied, f"{kind.__name__}: it must be maybe_applied")
                    continue
            # a vendor that answers without a body cannot be misunderstood
            told = [one for one in receipt.outcomes.values() if not isinstance(one, Unsure)]
            read = f"{kind.__name__}: {told} of an answer that says nothing"
            require(not spoilt or (not told and receipt.ticket is None), read)


async def _fails(
    bench: Bench, mishap: Mishap, expected: type[ConnectorError]
) -> list[ConnectorError]:
    """The errors of every way to make a request; each must be the expected one."""
    found: list[ConnectorError] = []
    for name, call in bench.calls():
        bench.wire.suffer(mishap)
        error = await failing(call)
        found.append(expect(error, expected, f"the error of {name}"))
    return found


async def _waits(bench: Bench, headers: Mapping[str, str], seconds: float | None) -> None:
    mishap = wire.answer(429, text="{}", headers=headers)
    for error in await _fails(bench, mishap, Throttled):
        same(getattr(error, "retry_after", None), seconds, f"retry_after of {headers}")


def _maybe(error: ConnectorError) -> bool:
    return isinstance(error, Unavailable) and error.maybe_applied


def _always(text: bytes) -> Callable[[bytes], bytes]:
    return lambda _: text
