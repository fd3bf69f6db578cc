"""The shop of the benchmark as Tidesman sees it: the real adapters, and vendors who answer at once.

Each request is built, cut into batches, sent and read by the real code; only the socket and the
waiting for the vendors' rates are left out, as both would measure somebody else.
"""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, time
from pathlib import Path

import httpx

from sync.app import App, open_app

CONFIGURATION = """\
timezone: UTC
currency: EUR
data_dir: ./data
state_url: sqlite:///./data/state.db
sources:
  shop:
    type: files
    path: {orders}
    columns:
      {{order_id: order_id, customer_id: customer_id, ordered_at: ordered_at, amount: amount}}
destinations:
  klaviyo: {{type: klaviyo, api_key: {{env: BENCH_KEY}}, identifier: external_id}}
  iterable: {{type: iterable, api_key: {{env: BENCH_KEY}}, identifier: external_id}}
  braze: {{type: braze, api_key: {{env: BENCH_KEY}}, base_url: "https://rest.iad-01.braze.com"}}
"""

#: Added to it: every scheme that there is, each with something to do for each customer.
EVERY = """\
segmentation:
  schemes: [lifecycle, rfm, risk_value, stratification, affinity, rules]
  stratification:
    loyalty:
      metrics: [{column: orders, weight: 2}, {column: days_since_order, better: lower}]
    buying_power: {metrics: [{column: monetary_value}, {column: past_revenue}]}
    profitability: {metrics: [{column: clv_3y}]}
    cost_to_serve: {metrics: [{column: frequency, better: lower}]}
  rules:
    otherwise: Everybody Else
    segments:
      - {name: VIP, when: past_revenue >= 500 and orders > 3, description: d, action: a}
      - {name: Going, when: churn_probability > 0.7 and orders > 1, description: d, action: a}
"""


class Clock:
    """Stands still on the evening of a day, but for the seconds that somebody waits."""

    def __init__(self, day: date) -> None:
        self._began = datetime.combine(day, time(23, 59), UTC)
        self._waited = 0.0

    def now(self) -> datetime:
        return self._began

    def monotonic(self) -> float:
        return self._waited

    async def sleep(self, seconds: float) -> None:
        self._waited += seconds


class Vendors(httpx.AsyncBaseTransport):
    """Klaviyo, Iterable and Braze, all well and in no time; counts the calls that write."""

    writes = 0

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        if request.method != "GET":
            Vendors.writes += 1
        return httpx.Response(_status(request), json=_answer(request))


def _status(request: httpx.Request) -> int:
    if "braze" in request.url.host:
        return 201
    return 202 if request.method == "POST" and "-jobs" in request.url.path else 200


def _answer(request: httpx.Request) -> object:
    if request.url.path.startswith("/api/profile-bulk-import-jobs"):
        done = {"status": "complete", "total_count": 0, "completed_count": 0, "failed_count": 0}
        return {"data": {"id": "job", "type": "profile-bulk-import-job", "attributes": done}}
    if request.url.path.startswith("/api/event-bulk-create-jobs"):
        return {}
    sent = {name: len(rows) for name, rows in json.loads(request.content).items()}
    if "braze" in request.url.host:
        return {"message": "success"} | {f"{name}_processed": n for name, n in sent.items()}
    return {"successCount": sum(sent.values()), "failCount": 0, "failedUpdates": {}}


@contextmanager
def shop(folder: Path, day: date, further: str = "") -> Iterator[App]:
    """The shop in a folder, on the evening of a day; ``further`` is added to its configuration."""
    os.environ["BENCH_KEY"] = "a-key-that-nobody-asks-for"
    httpx.AsyncHTTPTransport = Vendors  # type: ignore[misc, assignment]
    config = folder / "tidesman.yaml"
    config.write_text(CONFIGURATION.format(orders=folder / "orders") + further)
    with open_app(config, clock=Clock(day)) as app:
        yield app
