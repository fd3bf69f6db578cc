"""The transport under every connector: keeps the vendor's limits, and counts what goes out."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import httpx

from connectors.base import Rate
from connectors.http import answered_at, retry_after, spent
from sync.clock import Clock
from sync.wire import NAP, Never, Stop

#: Requests that only read; all others are writes.
READS = frozenset({"GET", "HEAD", "OPTIONS"})
#: A window is taken this much longer than the vendor's, as requests do not travel at one speed,
MARGIN = 0.02
#: and by this much where a longer window is the stricter one in the long run, so that it is free.
FREE_MARGIN = 0.1
#: The moment from which a vendor can have counted a request: until then it was with us.
SENT = "send_request_body.complete"
#: The most that a window is stretched after answers of 429.
SLOWEST = 16
#: Windows full of other answers after which the pace is doubled again.
CALM = 4
#: Seconds that a spent allowance closes a limit for at most.
LONGEST = 60.0


class Transport(httpx.AsyncBaseTransport):
    """Lets at most ``calls`` requests begin in any window of ``seconds``, for each limit it keeps.

    A sliding window is within a fixed window of the same length wherever that begins; it begins
    when the request is sent, not when it is handed over, as a connection may take long to be made.
    ``on_wait`` is told the seconds that are left of a wait, every second. A wish to ``stop`` ends
    it: the request is then as if no connection had been had. One transport serves one connector.

    What the vendor says goes over what its documents say: a 429 halves the pace, down to a
    sixteenth, and calm doubles it again; an answer that says that the allowance is spent closes
    the limits that count it until it is renewed.
    """

    def __init__(
        self,
        inner: httpx.AsyncBaseTransport,
        clock: Clock,
        rates: Sequence[Rate] = (),
        *,
        on_wait: Callable[[float], None] | None = None,
        stop: Stop | None = None,
    ) -> None:
        self.inner = inner
        self.clock = clock
        self.on_wait = on_wait
        self.stop: Stop = stop or Never()
        #: Requests that could change something at the vendor, and those that could not.
        self.writes = 0
        self.reads = 0
        #: Seconds by which the vendor's clock is ahead of ours, by the answer that said least.
        self.clock_off: float | None = None
        self._windows: list[_Window] = []
        self.keep(rates)

    @property
    def requests(self) -> int:
        """All requests so far."""
        return self.reads + self.writes

    def keep(self, rates: Sequence[Rate]) -> None:
        """Keep these limits from now on; a connector tells its own by ``limits()``."""
        self._windows = [_Window(rate, _margin(rate, rates)) for rate in rates]

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send the request as soon as every limit that counts it allows."""
        windows = [window for window in self._windows if window.rate.matches(request)]
        while (wait := self._wait(windows)) > 0:
            if self.stop.is_set():
                raise httpx.PoolTimeout("asked to stop before it was sent", request=request)
            if self.on_wait is not None:
                self.on_wait(wait)
            await self.clock.sleep(min(wait, NAP))
        self._take(request, windows)
        if request.method in READS:
            self.reads += 1
        else:
            self.writes += 1
        response = await self.inner.handle_async_request(request)
        self._compare(response)
        self._heed(response, windows)
        return response

    def _take(self, request: httpx.Request, windows: Sequence[_Window]) -> None:
        """Take a place in each window; it moves to the moment at which the request is sent."""
        place = _Place(self.clock.monotonic())
        for window in windows:
            window.begun.append(place)

        async def trace(event: str, _: object) -> None:
            if event.endswith(SENT):
                place.at = self.clock.monotonic()

        if windows:
            request.extensions = {**request.extensions, "trace": trace}

    def _compare(self, response: httpx.Response) -> None:
        """Hold the answer's Date, less the time it lay in a cache (RFC 9111), against our clock."""
        answered = answered_at(response)
        if answered is None or answered.tzinfo is None:
            return
        age = retry_after(response.headers.get("Age"), now=None) or 0.0
        off = (answered - self.clock.now()).total_seconds() + age
        if self.clock_off is None or abs(off) < abs(self.clock_off):
            self.clock_off = off

    def _heed(self, response: httpx.Response, windows: Sequence[_Window]) -> None:
        now = self.clock.monotonic()
        # a longer wait comes with the 429 that follows, and that one can be broken off
        closed = now + min(spent(response) or 0.0, LONGEST)
        for window in windows:
            window.closed_until = max(window.closed_until, closed)
            if response.status_code == 429:
                window.slower(now)
            else:
                window.calmer()

    def _wait(self, windows: Sequence[_Window]) -> float:
        now = self.clock.monotonic()
        return max((0.0, *(window.wait(now) for window in windows)))

    async def aclose(self) -> None:
        """Give back connections."""
        await self.inner.aclose()


def _margin(rate: Rate, rates: Sequence[Rate]) -> float:
    """How much longer a limit's window is taken, as a share of it."""
    beside = [each for each in rates if (each.path, each.methods) == (rate.path, rate.methods)]
    strictest = min(each.calls / each.seconds for each in beside)
    return MARGIN if rate.calls / rate.seconds <= strictest else FREE_MARGIN


@dataclass(slots=True)
class _Place:
    """One request in its windows: when it began, and then when it was sent."""

    at: float


class _Window:
    """When the last requests under one limit began."""

    def __init__(self, rate: Rate, margin: float) -> None:
        self.rate = rate
        self.margin = margin
        self.begun: deque[_Place] = deque(maxlen=rate.calls)
        self.closed_until = float("-inf")
        #: How many times longer the window is taken than documented.
        self.stretched = 1
        self._calm = 0
        self._slowed_at = float("-inf")

    def wait(self, now: float) -> float:
        """Seconds until one more may begin."""
        closed = self.closed_until - now
        if len(self.begun) < self.rate.calls:
            return closed
        length = self.rate.seconds * self.stretched
        return max(closed, self.begun[0].at + length * (1 + self.margin) - now)

    def slower(self, now: float) -> None:
        """The vendor found it too fast; several at once, in one window, count as one."""
        self._calm = 0
        if now - self._slowed_at >= self.rate.seconds:
            self._slowed_at = now
            self.stretched = min(self.stretched * 2, SLOWEST)

    def calmer(self) -> None:
        """An answer in time; after a few windows of them the pace is raised again."""
        self._calm += 1
        if self.stretched > 1 and self._calm >= CALM * self.rate.calls:
            self.stretched, self._calm = self.stretched // 2, 0
