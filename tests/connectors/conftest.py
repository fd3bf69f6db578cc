"""A vendor that answers what the test says, and short ways to make changes."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
import respx

from connectors.base import Destination
from connectors.types import Batch, Identify, Person, Track, Value


@pytest.fixture
def vendor() -> respx.MockRouter:
    """Routes and the requests that came; what no route answers fails the test."""
    return respx.MockRouter(assert_all_called=False)


@pytest.fixture
def connect(vendor: respx.MockRouter) -> Iterator[Callable[..., Destination[Any]]]:
    """``connect(Klaviyo, api_key=...)``: an adapter that speaks to ``vendor``."""
    made: list[Destination[Any]] = []

    def make(cls: type[Destination[Any]], **options: object) -> Destination[Any]:
        transport = httpx.MockTransport(vendor.async_handler)
        made.append(cls(cls.options_class(**options), transport=transport))
        return made[-1]

    yield make

    async def close() -> None:
        for adapter in made:
            await adapter.aclose()

    asyncio.run(close())


@pytest.fixture
def identify() -> Callable[..., Identify]:
    """``identify(1, clv_3y=0.0)``: a change with the id c0001 for a1@example.com."""

    def make(number: int, email: str | None = "", **properties: Value) -> Identify:
        address = f"a{number}@example.com" if email == "" else email
        person = Person(str(number), address)
        return Identify(f"c{number:04}", person, properties or {"lifecycle_segment": "Lost"})

    return make


@pytest.fixture
def track() -> Callable[..., Track]:
    """``track(1)``: an event with the id e0001 for a1@example.com."""

    def make(number: int, *, person: int | None = None, backfill: bool = False) -> Track:
        who = number if person is None else person
        return Track(
            f"e{number:04}",
            Person(str(who), f"a{who}@example.com"),
            "Lifecycle Segment Changed",
            datetime(2024, 3, 1, 12, 30, 15, 900_000, UTC),
            {"from": "Champions", "to": "At Risk", "score": 0, "cause": None},
            backfill,
        )

    return make


@pytest.fixture
def batch() -> Callable[..., Batch[Any]]:
    """``batch(change, change)``."""
    return lambda *changes: Batch(changes)


@pytest.fixture
def body() -> Callable[[respx.Route], Any]:
    """The JSON of the last request that a route got."""
    return lambda route: json.loads(route.calls.last.request.content)
