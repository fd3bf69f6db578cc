"""The transport under every connector: keeps the vendor's limits, and counts what goes out."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence

import httpx

from connectors.base import Rate
from sync.clock import Clock

#: Requests that only read; all others are writes.
READS = frozenset({"GET", "HEAD", "OPTIONS"})
#: A window is taken this much longer than the vendor's, as requests do not travel at one speed.
MARGIN = 0.02


class Transport(httpx.AsyncBaseTransport):
    """Lets at most ``calls`` requests begin in any window of ``seconds``, for each limit it keeps.

    A sliding window is within a fixed window of the same length wherever that begins. ``on_wait``
    is told the seconds of every wait before it begins. One transport serves one connector.
    """

    def __init__(
        self,
        inner: httpx.AsyncBaseTransport,
        clock: Clock,
        rates: Sequence[Rate] = (),
        *,
        on_wait: Callable[[float], None] | None = None,
    ) -> None:
        self.inner = inner
        self.clock = clock
        self.on_wait = on_wait
        #: Requests that could change something at the vendor, and those that could not.
        self.writes = 0
        self.reads = 0
        self._windows: list[_Window] = []
        self.keep(rates)

    @property
    def requests(self) -> int:
        """All requests so far."""
        return self.reads + self.writes

    def keep(self, rates: Sequence[Rate]) -> None:
        """Keep these limits from now on; a connector tells its own by ``limits()``."""
        self._windows = [_Window(rate) for rate in rates]

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send the request as soon as every limit that counts it allows."""
        windows = [window for window in self._windows if window.rate.matches(request)]
        while (wait := self._wait(windows)) > 0:
            if self.on_wait is not None:
                self.on_wait(wait)
            await self.clock.sleep(wait)
        now = self.clock.monotonic()
        for window in windows:
            window.begun.append(now)
        if request.method in READS:
            self.reads += 1
        else:
            self.writes += 1
        return await self.inner.handle_async_request(request)

    def _wait(self, windows: Sequence[_Window]) -> float:
        now = self.clock.monotonic()
        return max((window.wait(now) for window in windows), default=0.0)

    async def aclose(self) -> None:
        """Give back connections."""
        await self.inner.aclose()


class _Window:
    """When the last requests under one limit began."""

    def __init__(self, rate: Rate) -> None:
        self.rate = rate
        self.begun: deque[float] = deque(maxlen=rate.calls)

    def wait(self, now: float) -> float:
        """Seconds until one more may begin."""
        if len(self.begun) < self.rate.calls:
            return 0.0
        return self.begun[0] + self.rate.seconds * (1 + MARGIN) - now
