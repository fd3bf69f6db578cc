"""Changed customers on their way to one vendor: a published result, an empty ledger, the engine."""

import asyncio
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from pathlib import Path

import httpx
import pyarrow as pa
import pyarrow.parquet as pq
from pydantic import SecretStr

from connectors import registry
from connectors.base import Delivery, Destination
from connectors.types import Change
from sync.clock import SystemClock
from sync.deliver import Delivering, DestinationResult, deliver
from sync.plan import Target, prepare
from sync.projection import Projection
from sync.store import NewSnapshot, Store
from sync.transport import Transport

DAY = date(2026, 11, 21)
NOW = datetime(2026, 11, 21, 5, tzinfo=UTC)
MOVES = pa.schema(
    [(n, pa.string()) for n in ("customer_id", "scheme", "from_segment", "to_segment", "cause")]
)
SEGMENTS = ("Champions", "Loyal Customers", "At Risk", "Promising", "Lost")


@dataclass(slots=True)
class Seen:
    """The requests as they were sent: when each one began and what it was answered with."""

    inner: httpx.AsyncBaseTransport
    calls: list[tuple[float, str, int]] = field(default_factory=list)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        began = time.monotonic()
        response = await self.inner.handle_async_request(request)
        self.calls.append((began, f"{request.method} {request.url.path}", response.status_code))
        return response

    async def aclose(self) -> None:
        await self.inner.aclose()

    def statuses(self) -> Counter[int]:
        return Counter(status for _, _, status in self.calls)

    def within(self, seconds: float, call: str) -> int:
        """How many of one call were let in, in so many seconds from the first on."""
        begun = sorted(at for at, what, status in self.calls if what == call and status < 400)
        return sum(at - begun[0] < seconds for at in begun)


def customers(count: int) -> pa.Table:
    """Made-up customers with all that a destination is told of them."""
    numbers = range(count)
    segments = [SEGMENTS[n % len(SEGMENTS)] for n in numbers]
    return pa.table(
        {
            "customer_id": pa.array([f"customer-{n:07d}" for n in numbers]),
            "email": pa.array([f"customer-{n:07d}@example.com" for n in numbers]),
            "phone": pa.nulls(count, pa.string()),
            "lifecycle_segment": segments,
            "lifecycle_previous": [SEGMENTS[(n + 1) % len(SEGMENTS)] for n in numbers],
            "lifecycle_since": pa.array([DAY] * count),
            "rfm_segment": segments,
            "rfm_score": [(n % 400) / 100 for n in numbers],
            "risk_value_segment": ["Retain" if n % 3 else "Nurture" for n in numbers],
            "churn_probability": [(n % 10_000) / 10_000 for n in numbers],
            "clv_3y": [(n % 100_000) / 100 for n in numbers],
            "expected_next_order": pa.array([DAY] * count),
            "intervention_date": pa.array([DAY] * count),
        }
    )


def connector(
    vendor: str, url: str, transport: httpx.AsyncBaseTransport, size: int | None = None
) -> Destination:
    """The real adapter; ``size`` cuts smaller requests than the vendor takes."""
    kind = registry.destination(vendor)

    class Cut(kind):
        def delivery(self, change: type[Change]) -> Delivery | None:
            given = super().delivery(change)
            return given and replace(given, size=min(size or given.size, given.size))

    options = kind.options_class(base_url=url, api_key=SecretStr("a-key"))
    return Cut(options, transport=transport)


@dataclass(frozen=True, slots=True)
class Sent:
    result: DestinationResult
    seen: Seen
    wall: float
    cpu: float


def send(
    folder: Path,
    vendor: str,
    url: str,
    count: int,
    *,
    size: int | None = None,
    limits: bool = True,
    seconds: float | None = None,
    inner: Callable[[], httpx.AsyncBaseTransport] = httpx.AsyncHTTPTransport,
) -> Sent:
    """Deliver so many customers by the engine, or as many as go in so many seconds."""
    store = Store(f"sqlite:///{folder}/{vendor}.db")
    run = store.start_run(DAY, NOW)
    path = folder / f"{vendor}.parquet"
    pq.write_table(customers(count), path)
    store.publish(
        NewSnapshot(run.id, DAY, str(path), count, None, None, 0, {}, NOW), MOVES.empty_table(), []
    )
    seen = Seen(inner())
    transport = Transport(seen, SystemClock())
    destination = connector(vendor, url, transport, size)
    transport.keep(destination.limits() if limits else ())
    stop = threading.Event()
    if seconds is not None:
        threading.Timer(seconds, stop.set).start()
    began, spent = time.monotonic(), time.process_time()
    prepared = prepare(store, path, [Target(vendor, destination, Projection(), transport)])
    work = Delivering(store, run.id, SystemClock(), stop=stop, fresh=True)
    result = asyncio.run(_deliver(work, path, prepared))[vendor]
    sent = Sent(result, seen, time.monotonic() - began, time.process_time() - spent)
    store.close()
    return sent


async def _deliver(work: Delivering, path: Path, prepared: list) -> dict[str, DestinationResult]:
    try:
        return await deliver(work, path, prepared)
    finally:
        for each in prepared:
            each.close()
            await each.target.connector.aclose()
