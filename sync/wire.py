"""One call to a vendor, with the patience that it takes: waits, retries, and when to give up."""

from __future__ import annotations

import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from typing import Protocol, TypeVar

from tenacity import AsyncRetrying, RetryCallState, retry_if_exception, stop_after_attempt

from connectors.base import Delivery
from connectors.errors import BrokenConnector, ConnectorError, NotReady, Throttled, Unavailable
from connectors.http import mask
from connectors.types import Delivered, Outcome, Receipt
from sync.clock import Clock

T = TypeVar("T")

#: Seconds of the first wait after a throttled call that names none; each further one doubles.
FIRST_PATIENCE = 1.0
#: Requests under way at once: as a rule, at most, and the changes that they hold together.
FEW, MANY, FULL = 4, 16, 1_000
#: Seconds after which a wait looks up whether it shall end.
NAP = 1.0


class Stop(Protocol):
    """Somebody's wish to end, such as an ``asyncio.Event``."""

    def is_set(self) -> bool:
        """Whether it has been wished."""
        ...


class Never:
    """A wish to stop that is never made."""

    def is_set(self) -> bool:
        """It has not been made."""
        return False


class Stopping(Exception):
    """The process was asked to stop; nothing was sent."""


@dataclass(frozen=True, slots=True)
class Pace:
    """How many requests at once, how often again, how long. Times are in seconds.

    ``in_flight`` None: 4, and where a request holds few changes as many as hold 1,000, up to 16.
    ``attempts`` counts calls without a usable answer; being throttled costs none of them.
    ``job_patience`` is how long a run waits while no job at the vendor comes to an end, and
    ``ready_patience`` how long for an answer of a source that is still being prepared.
    """

    in_flight: int | None = None
    attempts: int = 6
    first_wait: float = 1.0
    longest_wait: float = 60.0
    throttle_patience: float = 3_600.0
    first_poll: float = 1.0
    longest_poll: float = 30.0
    job_patience: float = 1_800.0
    ready_patience: float = 21_600.0
    seed: int | None = None

    def at_once(self, delivery: Delivery | None = None) -> int:
        """How many requests of one kind are under way at the same time."""
        if self.in_flight is not None:
            return self.in_flight
        # what cannot be repeated is in doubt as long as it is under way
        if delivery is None or not delivery.idempotent:
            return FEW
        return max(FEW, min(MANY, FULL // delivery.size))


class Wire:
    """The way to one vendor. A throttled call closes it for all until the vendor's wait is over."""

    def __init__(
        self,
        pace: Pace,
        clock: Clock,
        stop: Stop,
        *,
        secrets: tuple[str, ...] = (),
        on_wait: Callable[[float], None] | None = None,
    ) -> None:
        self.pace = pace
        self.clock = clock
        self.stop = stop
        self.secrets = secrets
        self.on_wait = on_wait
        #: What the last wait was asked for with, in the vendor's words.
        self.reason = ""
        # jitter spreads retries; it guards nothing
        self._random = random.Random(pace.seed)  # noqa: S311
        self._opens_at = float("-inf")

    async def send(self, call: Callable[[], Awaitable[T]], *, repeatable: bool) -> T:
        """Call until there is an answer or the patience is over.

        A call that is not ``repeatable`` is made again only if it surely had no effect. Raises
        Stopping, or whatever ConnectorError remains; an exception of any other kind is a defect of
        the connector and becomes BrokenConnector.
        """
        return await self.again(lambda: self._guarded(call), repeatable=repeatable)

    async def again(self, call: Callable[[], Awaitable[T]], *, repeatable: bool = True) -> T:
        """As ``send``, for a call that is more than the connector's: other exceptions pass."""
        retrying = AsyncRetrying(
            retry=retry_if_exception(
                lambda e: isinstance(e, Unavailable) and (repeatable or not e.maybe_applied)
            ),
            stop=stop_after_attempt(self.pace.attempts),
            wait=self._backoff,
            sleep=self.pause,
            reraise=True,
        )
        return await retrying(self._patiently, call)

    async def _patiently(self, call: Callable[[], Awaitable[T]]) -> T:
        throttled, prepared, turn = 0.0, 0.0, 0
        while True:
            await self.pause(self._opens_at - self.clock.monotonic())
            try:
                return await call()
            except Throttled as error:
                least = FIRST_PATIENCE * 2 ** min(turn, 6)
                wait = least if error.retry_after is None else error.retry_after
                # a vendor that says "0" again and again is given more time all the same
                wait = max(wait, least if turn else 0.0)
                throttled, turn = throttled + wait, turn + 1
                if throttled > self.pace.throttle_patience:
                    raise
                self._close(wait, error)
            except NotReady as error:
                wait = max(error.retry_after, FIRST_PATIENCE)
                prepared += wait
                if prepared > self.pace.ready_patience:
                    raise
                self._close(wait, error)

    def _close(self, seconds: float, error: ConnectorError) -> None:
        self.reason = mask(str(error), self.secrets)
        self._opens_at = max(self._opens_at, self.clock.monotonic() + seconds)

    async def _guarded(self, call: Callable[[], Awaitable[T]]) -> T:
        try:
            return await call()
        except ConnectorError:
            raise
        except Exception as error:
            said = mask(f"{type(error).__name__}: {error}", self.secrets)
            raise BrokenConnector(f"the connector is defective: {said}") from error

    def _backoff(self, state: RetryCallState) -> float:
        error = None if state.outcome is None else state.outcome.exception()
        self.reason = "" if error is None else mask(str(error), self.secrets)
        most = min(self.pace.longest_wait, self.pace.first_wait * 2 ** (state.attempt_number - 1))
        return self._random.uniform(most / 2, most)

    async def pause(self, seconds: float, *, told: bool = True) -> None:
        """Let time pass, in naps, and look up in between. Raises Stopping when asked to stop.

        ``told``: what is left of it is told to ``on_wait`` each time.
        """
        until = self.clock.monotonic() + seconds
        while not self.stop.is_set():
            left = until - self.clock.monotonic()
            if left <= 0:
                return
            if told and self.on_wait is not None:
                self.on_wait(left)
            await self.clock.sleep(min(left, NAP))
        raise Stopping


def hushed(receipt: Receipt, secrets: tuple[str, ...]) -> Receipt:
    """The receipt without secrets in its reasons: a vendor may repeat the key that it was sent."""
    reasons: dict[str, Outcome] = {
        change_id: replace(outcome, reason=mask(outcome.reason, secrets))
        for change_id, outcome in receipt.outcomes.items()
        if not isinstance(outcome, Delivered)
    }
    return replace(receipt, outcomes={**receipt.outcomes, **reasons}) if reasons else receipt
