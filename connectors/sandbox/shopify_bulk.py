"""A bulk operation of a look-alike shop, and its result as lines of JSON."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import Any, Final

from connectors.http import encode
from connectors.sandbox.shopify_shop import moment

#: Seconds for which a result is kept.
KEPT: Final = 7 * 86_400


class Operation:
    """One operation. ``status`` may be set to any that Shopify knows, to see what comes of it."""

    def __init__(self, id: str, number: int, begun: float, seconds: float) -> None:  # noqa: A002
        self.id, self.number = id, number
        self.begun, self.done_at = begun, begun + seconds
        self.status: str | None = None
        self.error: str | None = None
        self.count = 0
        self.content: Callable[[], Iterable[bytes]] = lambda: ()

    def write(self, content: Callable[[], Iterable[bytes]], count: int) -> None:
        """Its result: lines, and how many orders they are."""
        self.content, self.count = content, count

    def fail(self, code: str) -> None:
        """It comes to nothing."""
        self.status, self.error = "FAILED", code

    def runs(self, now: float) -> bool:
        """Whether it takes a place among those that may run at once."""
        return self.status is None and now < self.done_at

    def over(self, now: float) -> bool:
        """Whether its result is no longer kept."""
        return now >= self.done_at + KEPT

    def told(self, now: float, base: str) -> dict[str, Any]:
        """What Shopify tells of it."""
        status = self.status or ("RUNNING" if self.runs(now) else "COMPLETED")
        there = status == "COMPLETED" and self.count > 0 and not self.over(now)
        return {
            "id": self.id,
            "status": status,
            "errorCode": self.error,
            "createdAt": moment(datetime.fromtimestamp(self.begun, UTC)),
            "objectCount": str(self.count),
            "rootObjectCount": str(self.count),
            "url": f"{base}/store/{self.number}.jsonl" if there else None,
            "partialDataUrl": None,
        }


def lines(data: dict[str, Any]) -> list[bytes]:
    """A line for each order, and one for each object of a connection below it."""
    found: list[bytes] = []
    for edge in data["orders"]["edges"]:
        node = dict(edge["node"])
        for name in [k for k, v in node.items() if isinstance(v, dict) and "edges" in v]:
            children = node.pop(name)["edges"]
            found += [
                encode({**child["node"], "__parentId": node["id"]}) + b"\n" for child in children
            ]
        found.append(encode(node) + b"\n")
    return found
