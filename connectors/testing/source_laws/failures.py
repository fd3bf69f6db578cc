"""Laws of failed requests: each means to the engine what it means everywhere."""

from __future__ import annotations

from collections.abc import Mapping

import httpx

from connectors.errors import (
    ConnectorError,
    Misconfigured,
    Throttled,
    Unauthorized,
    Unavailable,
)
from connectors.testing import wire
from connectors.testing.law import Can, expect, law, require, same
from connectors.testing.source_bench import SourceBench, refusal
from connectors.testing.source_law import SourceLaws

#: The vendor's own clock, for waits that are told as a moment.
CLOCK = "Fri, 01 Mar 2024 12:00:00 GMT"
LATER = "Fri, 01 Mar 2024 12:00:30 GMT"


class SourceFailureLaws(SourceLaws):
    """Whole requests that fail."""

    @law(Can.HTTP)
    async def test_401_is_unauthorized(self, bench: SourceBench) -> None:
        """401 stops this source, in the check and in a pull."""
        await _fails(bench, wire.answer(401, text="{}"), Unauthorized)

    @law(Can.HTTP)
    async def test_403_is_unauthorized(self, bench: SourceBench) -> None:
        """403 stops this source: the key lacks a permission."""
        await _fails(bench, wire.answer(403, text="{}"), Unauthorized)

    @law(Can.HTTP)
    async def test_429_tells_the_seconds_to_wait(self, bench: SourceBench) -> None:
        """Retry-After in seconds is told on, to the second."""
        await _waits(bench, {"Retry-After": "7"}, 7.0)

    @law(Can.HTTP)
    async def test_429_tells_the_wait_until_a_date(self, bench: SourceBench) -> None:
        """Retry-After as a date is read against the vendor's own clock."""
        await _waits(bench, {"Retry-After": LATER, "Date": CLOCK}, 30.0)

    @law(Can.HTTP)
    async def test_429_with_a_wait_of_zero_is_no_wait_unknown(self, bench: SourceBench) -> None:
        """Retry-After: 0 means at once, not "it does not say"."""
        await _waits(bench, {"Retry-After": "0"}, 0.0)

    @law(Can.HTTP)
    async def test_429_without_a_wait_does_not_invent_one(self, bench: SourceBench) -> None:
        """Without any header the wait is None, and the engine decides."""
        await _waits(bench, {}, None)

    @law(Can.OWN_WAITS)
    async def test_429_reads_the_vendors_own_headers(self, bench: SourceBench) -> None:
        """The vendor's own ways to ask for patience, as the suite names them, are read."""
        for headers, seconds in self.own_waits:
            await _waits(bench, headers, seconds)

    @law(Can.HTTP)
    async def test_a_servers_error_is_unavailable(self, bench: SourceBench) -> None:
        """5xx and 408 pass: the pull goes on later."""
        for status in (408, 500, 502, 503, 504, 524):
            await _fails(bench, wire.answer(status, text="oh"), Unavailable)

    @law(Can.HTTP)
    async def test_no_answer_is_unavailable(self, bench: SourceBench) -> None:
        """A connection that is refused, dropped or too slow passes."""
        for kind in (httpx.ConnectError, httpx.ReadTimeout, httpx.RemoteProtocolError):
            await _fails(bench, wire.error(kind), Unavailable)

    @law(Can.HTTP)
    async def test_a_wrong_address_is_misconfigured(self, bench: SourceBench) -> None:
        """404, 405 and 410 are told as a wrong address, and not as an empty shop."""
        for status in (404, 405, 410):
            await _fails(bench, wire.answer(status, text="nothing here"), Misconfigured)

    @law(Can.HTTP)
    async def test_a_refused_request_is_an_error(self, bench: SourceBench) -> None:
        """400 and 422 raise; no page is passed over."""
        bench.sell_many()
        for status in (400, 422):
            bench.wire.suffer(wire.answer(status, text="no"))
            require(await refusal(bench.pull), f"{status} raised nothing")

    @law(Can.HTTP)
    async def test_a_broken_answer_is_unavailable(self, bench: SourceBench) -> None:
        """An answer that is cut in the middle brings no order and is no end."""
        bench.sell_many()
        bench.wire.suffer(wire.rewritten(wire.halved))
        expect(await refusal(bench.pull), Unavailable, "the error of a broken answer")

    @law(Can.HTTP)
    async def test_an_answer_of_another_shape_is_unavailable(self, bench: SourceBench) -> None:
        """JSON that is something else than is due is no empty page."""
        bench.sell_many()
        for text in (b"null", b'"ok"', b"7", b"{}", b'{"message": "ok"}'):
            bench.wire.suffer(wire.rewritten(lambda _, said=text: said))  # type: ignore[misc]
            expect(await refusal(bench.pull), Unavailable, f"the error of {text!r}")

    @law(Can.HTTP)
    async def test_a_page_of_html_is_unavailable(self, bench: SourceBench) -> None:
        """A maintenance page with status 200 is no empty shop."""
        bench.sell_many()
        page = "<html><h1>Back soon</h1></html>"
        bench.wire.suffer(wire.answer(200, text=page, headers={"Content-Type": "text/html"}))
        expect(await refusal(bench.pull), Unavailable, "the error of a maintenance page")

    @law(Can.HTTP)
    async def test_a_failed_request_is_not_repeated_by_the_source(self, bench: SourceBench) -> None:
        """When to try again is the engine's: one call makes one failing request."""
        for mishap in (wire.answer(503), wire.answer(429), wire.error(httpx.ReadTimeout)):
            for name, call in bench.calls():
                bench.wire.requests.clear()
                bench.wire.suffer(mishap)
                await refusal(call)
                same(len(bench.wire.requests), 1, f"requests of {name}")


async def _fails(
    bench: SourceBench, mishap: wire.Mishap, expected: type[ConnectorError]
) -> list[ConnectorError]:
    """The errors of every way to make a request; each must be the expected one."""
    found: list[ConnectorError] = []
    for name, call in bench.calls():
        bench.wire.suffer(mishap)
        found.append(expect(await refusal(call), expected, f"the error of {name}"))
        bench.wire.recover()
    return found


async def _waits(bench: SourceBench, headers: Mapping[str, str], seconds: float | None) -> None:
    mishap = wire.answer(429, text="{}", headers=headers)
    for error in await _fails(bench, mishap, Throttled):
        same(getattr(error, "retry_after", None), seconds, f"retry_after of {headers}")
