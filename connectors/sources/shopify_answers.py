"""What Shopify says in an answer of status 200: errors by code, and what is left of the allowance.

A query is paid from a bucket that refills by so many points a second; what is told of it stands in
``extensions.cost``. The points that were asked for must be there before a query is begun.
"""

from __future__ import annotations

from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, cast

from connectors.errors import (
    ConnectorError,
    Misconfigured,
    Refused,
    Throttled,
    Unauthorized,
    Unavailable,
)
from connectors.http import mask


class TooCostly(Refused):
    """The query costs more than one query may: ask for a smaller page."""


@dataclass(frozen=True, slots=True)
class Cost:
    """What a query cost in points, and what the bucket held after it; ``refill`` is by second."""

    requested: float
    available: float
    refill: float

    def wait(self, points: float) -> float:
        """Seconds until so many points are there."""
        return max(0.0, points - self.available) / self.refill


@contextmanager
def as_promised() -> Generator[None]:
    """Read an answer in here: Unavailable if it is not as Shopify's schema promises."""
    try:
        yield
    except (KeyError, TypeError, ValueError) as error:
        raise Unavailable("Shopify's answer is not of the form that its schema promises") from error


def cost(body: Mapping[str, Any]) -> Cost | None:
    """The cost that an answer tells of, or None."""
    try:
        told = body["extensions"]["cost"]
        bucket = told["throttleStatus"]
        requested = float(told["requestedQueryCost"])
        found = Cost(requested, float(bucket["currentlyAvailable"]), float(bucket["restoreRate"]))
    except (KeyError, TypeError, ValueError):
        return None
    return found if found.refill > 0 else None


def trouble(body: Mapping[str, Any], secrets: tuple[str, ...] = ()) -> ConnectorError | None:
    """The error that stands in an answer, or None; of several, the one that decides most."""
    errors = body.get("errors")
    if not errors:
        return None
    listed: list[Any] = errors if isinstance(errors, list) else [errors]
    codes = {_code(each) for each in listed}
    said = mask("; ".join(dict.fromkeys(map(_said, listed))), secrets)
    if "ACCESS_DENIED" in codes:
        return Unauthorized(
            f"Shopify refuses a part of the orders: {said.rstrip('.')}; grant the app that "
            "permission, release it, and install it anew in the shop"
        )
    if "MAX_COST_EXCEEDED" in codes:
        return TooCostly(f"Shopify finds the query too large: {said}")
    if "THROTTLED" in codes:
        told = cost(body)
        wait = None if told is None else told.wait(told.requested)
        return Throttled("Shopify asks for patience", retry_after=wait)
    if codes & {"INTERNAL_SERVER_ERROR", "TIMEOUT"}:
        return Unavailable(f"Shopify failed: {said}")
    return Misconfigured(f"Shopify does not understand the query; is the version right? {said}")


def _code(error: object) -> str:
    told = cast("dict[str, Any]", error) if isinstance(error, dict) else {}
    extensions = told.get("extensions")
    return str(extensions.get("code", "")) if isinstance(extensions, dict) else ""


def _said(error: object) -> str:
    told = cast("dict[str, Any]", error) if isinstance(error, dict) else {}
    return str(told.get("message", error))
