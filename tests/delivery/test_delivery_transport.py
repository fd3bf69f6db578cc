"""The transport: never more requests in any window than is allowed, and all of them counted."""

from __future__ import annotations

import asyncio
import threading
from itertools import pairwise

import httpx
import pytest
import structlog
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.base import Rate
from sync.progress import LogProgress
from sync.transport import Transport

RATES = st.lists(
    st.builds(Rate, st.integers(1, 5), st.sampled_from([0.5, 1, 3, 60])), min_size=1, max_size=3
)


def send(transport: Transport, clock, starts: list[float], path: str = "/x") -> None:
    async def one(client: httpx.AsyncClient, at: float) -> None:
        await clock.sleep(at)
        await client.post(path)

    async def main() -> None:
        async with httpx.AsyncClient(transport=transport, base_url="http://vendor") as client:
            await asyncio.gather(*(one(client, at) for at in starts))

    asyncio.run(main())


@settings(max_examples=60)
@given(rates=RATES, starts=st.lists(st.floats(0, 20), max_size=25))
def test_no_window_ever_holds_more_than_the_limit(kit, rates, starts) -> None:
    clock = kit.FakeClock()
    begun: list[float] = []

    def answer(_: httpx.Request) -> httpx.Response:
        begun.append(clock.monotonic())
        return httpx.Response(200)

    transport = Transport(httpx.MockTransport(answer), clock, rates)
    send(transport, clock, starts)
    assert transport.writes == len(starts)
    for rate in rates:
        for first, later in zip(begun, begun[rate.calls :], strict=False):
            assert later - first >= rate.seconds


def test_nearly_all_that_is_allowed_is_used(clock) -> None:
    transport = Transport(
        httpx.MockTransport(lambda _: httpx.Response(200)), clock, (Rate(10, 1), Rate(150, 60))
    )
    send(transport, clock, [0.0] * 600)
    assert clock.monotonic() == pytest.approx(3 * 60 + 14, rel=0.05)


def test_a_limit_counts_only_what_it_names(clock) -> None:
    rates = (Rate(1, 60, "/slow"), Rate(1, 60, "/", ("PUT",)))
    transport = Transport(httpx.MockTransport(lambda _: httpx.Response(200)), clock, rates)
    send(transport, clock, [0.0] * 50, "/fast")
    assert clock.monotonic() == 0
    send(transport, clock, [0.0] * 2, "/slow/very")
    assert clock.monotonic() >= 60


def test_reads_and_writes_are_counted_apart_and_waits_are_told(clock) -> None:
    waits: list[float] = []
    transport = Transport(
        httpx.MockTransport(lambda _: httpx.Response(200)),
        clock,
        [Rate(1, 1)],
        on_wait=waits.append,
    )

    async def main() -> None:
        async with httpx.AsyncClient(transport=transport, base_url="http://v") as client:
            for method in ("GET", "POST", "DELETE", "HEAD"):
                await client.request(method, "/")

    asyncio.run(main())
    assert (transport.reads, transport.writes, transport.requests) == (2, 2, 4)
    assert len(waits) >= 3


def test_a_request_that_fails_was_still_a_request(clock) -> None:
    def fail(_: httpx.Request) -> httpx.Response:
        raise httpx.ReadTimeout("no answer")

    transport = Transport(httpx.MockTransport(fail), clock, [Rate(1, 1)])
    for _ in range(2):
        with pytest.raises(httpx.ReadTimeout):
            send(transport, clock, [0.0])
    assert transport.writes == 2
    assert clock.monotonic() >= 1


def answers(clock, statuses: list[int], headers: dict[str, str] | None = None) -> list[float]:
    """When the requests began that got these answers, all of them asked for at once."""
    begun: list[float] = []

    def answer(_: httpx.Request) -> httpx.Response:
        begun.append(clock.monotonic())
        return httpx.Response(statuses[len(begun) - 1], headers=headers)

    transport = Transport(httpx.MockTransport(answer), clock, (Rate(1, 1),))
    send(transport, clock, [0.0] * len(statuses))
    return begun


def test_the_pace_is_lowered_while_the_vendor_finds_it_too_fast_and_raised_again(clock) -> None:
    begun = answers(clock, [429] * 6 + [200] * 40)
    gaps = [round(later - first) for first, later in pairwise(begun)]
    assert gaps[:6] == [2, 4, 8, 16, 16, 16]
    assert (gaps[-1], sorted(gaps[6:], reverse=True)) == (1, gaps[6:])


@pytest.mark.parametrize(
    ("headers", "gap"),
    [
        ({"RateLimit-Remaining": "0", "RateLimit-Reset": "7"}, 7),
        ({"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "9"}, 9),
        (
            {
                "X-RateLimit-Remaining": "0",
                "X-RateLimit-Reset": "1700000005",
                "Date": "Tue, 14 Nov 2023 22:13:20 GMT",
            },
            5,
        ),
        ({"RateLimit-Remaining": "0", "RateLimit-Reset": "3000"}, 60),
        ({"RateLimit-Remaining": "3", "RateLimit-Reset": "7"}, 1),
        ({"RateLimit-Remaining": "0", "RateLimit-Reset": "soon"}, 1),
    ],
)
def test_a_spent_allowance_is_waited_for(clock, headers, gap) -> None:
    first, second = answers(clock, [200, 200], headers)
    assert second - first == pytest.approx(gap, abs=0.05)


def test_a_window_begins_when_the_request_is_sent_and_not_when_a_connection_is_sought(
    clock,
) -> None:
    sent: list[float] = []

    class Connecting(httpx.AsyncBaseTransport):
        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            # the first connection takes long to be made, the later ones are there
            await clock.sleep(0.0 if sent else 0.8)
            await request.extensions["trace"]("http11.send_request_body.complete", {})
            sent.append(clock.monotonic())
            await clock.sleep(0.3)
            return httpx.Response(200)

    transport = Transport(Connecting(), clock, (Rate(1, 1),))

    async def main() -> None:
        async with httpx.AsyncClient(transport=transport, base_url="http://vendor") as client:
            for _ in range(3):
                await client.post("/")

    asyncio.run(main())
    assert all(later - first >= 1 for first, later in pairwise(sent))


def test_the_shorter_of_two_windows_has_more_room_for_late_requests_at_no_cost(clock) -> None:
    begun: list[float] = []

    def answer(_: httpx.Request) -> httpx.Response:
        begun.append(clock.monotonic())
        return httpx.Response(200)

    send(Transport(httpx.MockTransport(answer), clock, (Rate(1, 1), Rate(3, 9))), clock, [0.0] * 6)
    gaps = [round(later - first, 2) for first, later in pairwise(begun)]
    assert gaps == [1.1, 1.1, pytest.approx(9 * 1.02 - 2.2), 1.1, 1.1]


def test_a_wish_to_stop_ends_a_wait_and_nothing_goes_out(clock) -> None:
    stop, left = threading.Event(), []

    def waits(seconds: float) -> None:
        left.append(round(seconds))
        if len(left) == 3:
            stop.set()

    inner = httpx.MockTransport(lambda _: httpx.Response(200))
    transport = Transport(inner, clock, (Rate(1, 60),), on_wait=waits, stop=stop)
    send(transport, clock, [0.0])
    with pytest.raises(httpx.PoolTimeout, match="asked to stop"):
        send(transport, clock, [0.0])
    assert (left, transport.requests) == ([61, 60, 59], 1)


def test_a_long_wait_is_one_line_of_the_log() -> None:
    with structlog.testing.capture_logs() as lines:
        progress = LogProgress(structlog.get_logger())
        progress.advance("klaviyo", 0, 300, "profiles")
        for left in (46.2, 45.2, 44.2):
            progress.wait("klaviyo", left)
        progress.wait("iterable", 0.8)
        progress.advance("klaviyo", 150, 300, "profiles")
        progress.wait("klaviyo", 60.0)
    assert [(line["what"], line["seconds"]) for line in lines[1:]] == [
        ("klaviyo", 46),
        ("klaviyo", 60),
    ]
