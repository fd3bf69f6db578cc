"""Shopify's bulk operations: what has become of one, and its result, from wherever that lies.

The result lies in a store of another host, at an address that is its own key: it is fetched without
our token, over https only, unless the shop itself is a look-alike on this machine.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import httpx

from connectors.errors import Misconfigured, NotReady, Refused, Unauthorized, Unavailable
from connectors.http import mask, web_address
from connectors.sources.shopify_answers import as_promised

#: Seconds until a job is asked for again: soon at first, and less often where it is a long one.
SOON: Final = 3.0
LATER: Final = 15.0
#: Objects above which it is a long one.
LONG: Final = 10_000
#: Seconds until a job can be begun where others of the app hold all places.
PLACE: Final = 30.0
#: Operations in a row that may come to nothing before a pull ends.
TRIES: Final = 3

#: The store no longer has the result, or no longer takes its address.
GONE: Final = frozenset({400, 401, 403, 404, 410})
_LOOPBACK: Final = frozenset({"127.0.0.1", "localhost", "::1"})


class Lost(Exception):
    """The operation came to nothing, or its result is gone: all orders are asked for anew."""


@dataclass(frozen=True, slots=True)
class Result:
    """A finished operation: when it was begun, and what it found. No ``url``: nothing."""

    begun: datetime
    url: str | None
    orders: int


def started(body: dict[str, Any]) -> str:
    """The id of the operation that an answer to START tells of.

    Raises NotReady where the app has as many running as it may, Misconfigured for all else.
    """
    with as_promised():
        told = body["data"]["bulkOperationRunQuery"]
        errors = told["userErrors"]
    if {error.get("code") for error in errors} & {"LIMIT_REACHED", "OPERATION_IN_PROGRESS"}:
        raise NotReady("Shopify still works on other exports of this app", retry_after=PLACE)
    if errors:
        said = mask("; ".join(str(error.get("message")) for error in errors))
        raise Misconfigured(f"Shopify does not begin an export of all orders: {said}")
    with as_promised():
        return str(told["bulkOperation"]["id"])


def result(body: dict[str, Any]) -> Result:
    """The finished operation that an answer to POLL tells of.

    Raises NotReady while it runs, Lost where it came to nothing, Unauthorized where the app lacks a
    permission.
    """
    with as_promised():
        told = body["data"]["bulkOperation"]
        if told is None:
            raise Lost("Shopify no longer knows the export")
        status, failure, url = told["status"], told["errorCode"], told["url"]
        objects, orders = int(told["objectCount"]), int(told["rootObjectCount"])
        begun = datetime.fromisoformat(told["createdAt"])
    if status in {"CREATED", "RUNNING", "CANCELING"}:
        raise NotReady(
            f"Shopify prepares an export of all orders: {objects:,} objects so far",
            retry_after=SOON if objects < LONG else LATER,
        )
    if failure == "ACCESS_DENIED":
        raise Unauthorized(
            "Shopify refused the export of all orders: grant the app read_orders and "
            "read_customers, release it, and install it anew in the shop"
        )
    if status != "COMPLETED":
        raise Lost(f"the export ended as {status}, {failure or 'without a reason'}")
    if url is None and objects:
        raise Lost("the result of the export is no longer kept")
    return Result(begun, url, orders)


def given_up(lost: Lost) -> Refused:
    """The error that ends a pull after ``TRIES`` operations came to nothing."""
    return Refused(
        f"Shopify did not bring {TRIES} exports of all orders to an end; at last {lost}. The next "
        "run begins another; if that fails too, ask Shopify's support"
    )


async def fetch(client: httpx.AsyncClient, url: str, into: Path) -> None:
    """Write the result to a file, piece by piece. Raises Lost where it is gone, or Unavailable."""
    request = client.build_request("GET", _safe(url, client.base_url))
    try:
        response = await client.send(request, stream=True, auth=None)
        try:
            if response.status_code in GONE:
                raise Lost("the result of the export is no longer kept")
            if response.status_code != 200:
                raise Unavailable(f"the result of the export answered {response.status_code}")
            with into.open("wb") as file:
                async for piece in response.aiter_bytes():
                    file.write(piece)
        finally:
            await response.aclose()
    except httpx.RequestError as error:
        what = type(error).__name__
        raise Unavailable(f"the result of the export broke off: {what}") from error


def _safe(url: str, base: httpx.URL) -> httpx.URL:
    try:
        address = web_address(url)
    except ValueError as error:
        raise Unavailable("Shopify's export has no address that can be read") from error
    local = base.scheme == "http" and base.host in _LOOPBACK and address.host in _LOOPBACK
    if address.scheme != "https" and not local:
        raise Unavailable("Shopify's export lies at an address without https; it was not fetched")
    return address
