"""What the look-alikes share: the gate through which every call of a vendor's API goes.

In this order: a fault by dial, the key, the rate windows, the vendor's own code, a broken answer.
"""

from __future__ import annotations

import asyncio
import math
import time
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Callable, Collection, Mapping
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Any, ClassVar, Final

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route
from starlette.types import Receive, Scope, Send

from connectors.sandbox import wire
from connectors.sandbox.faults import WIRE, Fault, Faults
from connectors.sandbox.inspection import routes as inspection_routes
from connectors.sandbox.windows import Verdict, Window, Windows
from connectors.sandbox.wire import Answered, Call, Dropped

Handler = Callable[[Call], Response]

#: Headers that tell a client how long to wait; a fault's dress takes them off and puts others on.
WAIT_HEADERS: Final = ("retry-after", "x-ratelimit-retry-after", "x-ratelimit-reset")


class LookAlike(ABC):
    """One vendor's API with its state, as an ASGI application.

    ``keys`` are the keys that are let in (None: any that is well-formed). ``clock`` gives epoch
    seconds. ``limits=False`` turns the rate windows off; counts and bytes stay. ``faults`` are the
    dials. One instance is one account. While it is served, read it from another thread between
    requests only.
    """

    name: ClassVar[str]

    def __init__(
        self,
        *,
        keys: Collection[str] | None = None,
        clock: Callable[[], float] = time.time,
        limits: bool = True,
        faults: Faults | None = None,
    ) -> None:
        self.keys = None if keys is None else frozenset(keys)
        self.clock = clock
        self.limits = limits
        self.faults = faults if faults is not None else Faults()
        #: How many calls there were, by (method, route, status); 0 stands for no answer.
        self.requests: Counter[tuple[str, str, int]] = Counter()
        self._windows: dict[str, Windows] = {}
        self._app = Starlette(
            routes=[*self.routes(), *inspection_routes(self)],
            exception_handlers={404: self._unknown, 405: self._unknown},
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI."""
        await self._app(scope, receive, send)

    # -- what a vendor says

    @abstractmethod
    def routes(self) -> list[BaseRoute]:
        """The vendor's API, each made by ``route``."""

    @abstractmethod
    def authorize(self, call: Call) -> Response | None:
        """The refusal of a call without a good key, or None."""

    @abstractmethod
    def problem(self, status: int, detail: str) -> Response:
        """An error in the vendor's shape."""

    @abstractmethod
    def throttled(self, wait: float, verdict: Verdict | None) -> Response:
        """The vendor's 429; ``wait`` in seconds, ``verdict`` of the window if one refused it."""

    def rate_headers(self, verdict: Verdict) -> Mapping[str, str]:  # noqa: ARG002
        """Headers that an admitted call is answered with."""
        return {}

    def settle(self) -> None:  # noqa: B027 - most vendors do all at once
        """Do what is due by now, such as jobs in the background; called before every request."""

    # -- what a person asks

    @abstractmethod
    def counts(self) -> dict[str, int]:
        """How many there are of each kind of thing."""

    @abstractmethod
    def values(self, name: str) -> Counter[str]:
        """How many profiles hold each value of a property; "(absent)" for those without it."""

    @abstractmethod
    def profile(self, identifier: str) -> dict[str, Any] | None:
        """What is stored of one person, by any identifier."""

    @abstractmethod
    def profiles(self, offset: int, limit: int) -> list[dict[str, Any]]:
        """What is stored, in the order of arrival."""

    @abstractmethod
    def events(self, limit: int) -> list[dict[str, Any]]:
        """The latest events, the newest last."""

    @abstractmethod
    def forget(self) -> None:
        """Empty the account."""

    def reset(self) -> None:
        """Begin anew: no state, no faults, fresh windows, nothing counted."""
        self.forget()
        self.faults.clear()
        self.faults.struck.clear()
        self.requests.clear()
        self._windows.clear()

    def now(self) -> datetime:
        """The clock as an aware moment in UTC."""
        return datetime.fromtimestamp(self.clock(), UTC)

    # -- the gate

    def route(self, method: str, path: str, handler: Handler, *limits: Window) -> Route:
        """One endpoint with windows of its own (that endpoints share none is our assumption)."""
        bucket = f"{method} {path}"

        async def endpoint(request: Request) -> Response:
            call = Call(request, path, await request.body())
            response = await self._pass(call, handler, bucket, limits)
            status = 0 if isinstance(response, Dropped) else response.status_code
            self.requests[method, path, status] += 1
            response.headers.setdefault("date", format_datetime(self.now(), usegmt=True))
            return response

        return Route(path, endpoint, methods=[method])

    async def _pass(
        self, call: Call, handler: Handler, bucket: str, limits: tuple[Window, ...]
    ) -> Response:
        self.settle()
        fault = self.faults.strike(WIRE, call.method, call.path)
        if fault is None:
            return self._answer(call, handler, bucket, limits)
        if fault.kind == "drop":
            return Dropped(reset=fault.reset)
        if fault.kind == "throttle":
            return self._dressed(fault)
        if fault.kind == "status" and not fault.applied:
            return self.problem(fault.status, "The look-alike was told to fail.")
        response = self._answer(call, handler, bucket, limits)
        if fault.kind == "stall":
            await asyncio.sleep(fault.seconds)
            return response
        return self._broken(fault, response)

    def _answer(
        self, call: Call, handler: Handler, bucket: str, limits: tuple[Window, ...]
    ) -> Response:
        refusal = self.authorize(call)
        if refusal is not None:
            return refusal
        verdict: Verdict | None = None
        if self.limits and limits:
            if bucket not in self._windows:
                self._windows[bucket] = Windows(*limits)
            verdict = self._windows[bucket].admit(self.clock())
            if not verdict.admitted:
                return self.throttled(verdict.wait, verdict)
        try:
            response = handler(call)
        except Answered as answered:
            response = answered.response
        if verdict is not None:
            response.headers.update(self.rate_headers(verdict))
        return response

    def _broken(self, fault: Fault, response: Response) -> Response:
        if fault.kind == "lost":
            return Dropped(reset=fault.reset)
        if fault.kind == "truncate":
            return wire.half(response)
        if fault.kind == "cut":
            return wire.cut(response)
        if fault.kind == "wrong_json":
            media_type = response.headers.get("content-type", "application/json")
            return Response(fault.body.encode(), response.status_code, media_type=media_type)
        return self.problem(fault.status, "The look-alike was told to fail after doing it.")

    def _dressed(self, fault: Fault) -> Response:
        response = self.throttled(fault.seconds, None)
        if fault.dress == "vendor":
            return response
        for name in WAIT_HEADERS:
            if name in response.headers:
                del response.headers[name]
        if fault.dress == "seconds":
            response.headers["retry-after"] = str(math.ceil(fault.seconds))
        elif fault.dress == "zero":
            response.headers["retry-after"] = "0"
        elif fault.dress == "date":
            until = datetime.fromtimestamp(math.ceil(self.clock() + fault.seconds), UTC)
            response.headers["retry-after"] = format_datetime(until, usegmt=True)
        return response

    async def _unknown(self, request: Request, _error: Exception) -> Response:
        status: int = getattr(_error, "status_code", 404)
        self.requests[request.method, request.url.path, status] += 1
        return self.problem(status, f"There is no {request.method} {request.url.path} here.")
