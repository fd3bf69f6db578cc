"""A process that publishes a day and delivers it by the real adapters; a test kills it.

Arguments: a JSON object with url, run, as_of, path, customers, moves (rows), events, urls.
"""

from __future__ import annotations

import asyncio
import json
import sys
from datetime import date
from pathlib import Path

import httpx
import pyarrow as pa

from connectors.destinations.braze import Braze
from connectors.destinations.iterable import Iterable
from connectors.destinations.klaviyo import Klaviyo
from sync.brake import Brake
from sync.clock import SystemClock
from sync.deliver import Delivering, DestinationResult, deliver
from sync.outbox import events_for
from sync.plan import Target, prepare
from sync.projection import Projection
from sync.store import NewSnapshot, Store
from sync.transport import Transport
from sync.wire import Pace


def main(told: dict) -> dict:
    store = Store(told["url"])
    clock = SystemClock()
    made = {
        "klaviyo": lambda url: (Klaviyo, {"api_key": "pk_x", "base_url": url}),
        "iterable": lambda url: (Iterable, {"api_key": "x", "base_url": url}),
        "braze": lambda url: (
            Braze,
            {"api_key": "x", "base_url": url, "update_existing_only": False},
        ),
    }
    targets = []
    for name, url in told["urls"].items():
        kind, options = made[name](url)
        transport = Transport(httpx.AsyncHTTPTransport(), clock)
        connector = kind(kind.options_class(**options), transport=transport)
        targets.append(Target(name, connector, Projection(), transport))
    as_of = date.fromisoformat(told["as_of"])
    moves = pa.Table.from_pylist(
        told["moves"],
        schema=pa.schema(
            [
                (name, pa.string())
                for name in ("customer_id", "scheme", "from_segment", "to_segment", "cause")
            ]
        ),
    )
    projections = {target.name: target.projection for target in targets}
    events = list(events_for(store, moves, projections, as_of, clock.now()))
    snapshot = store.publish(
        NewSnapshot(
            told["run"], as_of, told["path"], told["customers"], None, None, 0, {}, clock.now()
        ),
        moves,
        events,
    )
    path = Path(snapshot.path)
    prepared = prepare(store, path, targets)
    pace = Pace(first_poll=0.05, longest_poll=0.2, first_wait=0.01, longest_wait=0.05, seed=1)
    run = Delivering(store, told["run"], clock, Brake(customers=10_000), pace=pace)

    async def go() -> dict[str, DestinationResult]:
        try:
            return await deliver(run, path, prepared)
        finally:
            for each in prepared:
                each.close()
                await each.target.connector.aclose()

    results = asyncio.run(go())
    store.close()
    names = ("planned", "writes", "delivered", "rejected", "unsure", "unknown", "waiting")
    return {
        name: {field: getattr(result, field) for field in names} for name, result in results.items()
    }


if __name__ == "__main__":
    main(json.loads(sys.argv[1]))
