"""A vendor's limit, as data next to the connector."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import httpx


@dataclass(frozen=True, slots=True)
class Rate:
    """At most ``calls`` requests in any ``seconds``, for the requests that match.

    ``path`` is a prefix of the URL's path; ``methods`` empty means all of them.
    """

    calls: int
    seconds: float
    path: str = "/"
    methods: tuple[str, ...] = ()

    def matches(self, request: httpx.Request) -> bool:
        """Whether this limit counts that request."""
        return request.url.path.startswith(self.path) and (
            not self.methods or request.method in self.methods
        )

    def without(self, reserve: float) -> Rate:
        """What is left of this limit when that part of it, from 0 to below 1, is not used."""
        left = self.calls * (1 - reserve)
        # 150 * (1 - 0.9) is a little less than 15
        calls = math.floor(round(left, 6))
        if calls >= 1:
            return replace(self, calls=calls)
        return replace(self, calls=1, seconds=self.seconds / left)
