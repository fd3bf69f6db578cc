"""The way of most scripts: one request a profile, one after the other; after a 429 they wait."""

import time
from dataclasses import dataclass

import httpx

from benchmarks.changes import customers
from connectors.http import encode

#: What a script waits after a 429 that does not say how long.
PAUSE = 1.0
PROPERTIES = (
    "lifecycle_segment",
    "lifecycle_previous",
    "lifecycle_since",
    "rfm_segment",
    "rfm_score",
    "risk_value_segment",
    "churn_probability",
    "clv_3y",
    "expected_next_order",
    "intervention_date",
)


@dataclass(frozen=True, slots=True)
class Cost:
    requests: int
    throttled: int
    wall: float
    cpu: float


def one_by_one(vendor: str, url: str, count: int) -> Cost:
    """Send so many changed customers; nothing is remembered, nothing is compared."""
    began, spent = time.monotonic(), time.process_time()
    requests = throttled = 0
    with httpx.Client(base_url=url, headers=HEADERS[vendor]) as client:
        for row in customers(count).to_pylist():
            path, body = BODIES[vendor](row)
            content = encode(body)
            while True:
                requests += 1
                answer = client.post(path, content=content)
                if answer.status_code != 429:
                    answer.raise_for_status()
                    break
                throttled += 1
                time.sleep(float(answer.headers.get("Retry-After", PAUSE)))
    return Cost(requests, throttled, time.monotonic() - began, time.process_time() - spent)


def _klaviyo(row: dict) -> tuple[str, object]:
    known = {"external_id": row["customer_id"], "properties": _properties(row)}
    return "/api/profile-import", {"data": {"type": "profile", "attributes": known}}


def _iterable(row: dict) -> tuple[str, object]:
    user = {"userId": row["customer_id"], "preferUserId": True, "dataFields": _properties(row)}
    return "/api/users/update", user


def _braze(row: dict) -> tuple[str, object]:
    user = {"external_id": row["customer_id"], "_update_existing_only": True, **_properties(row)}
    return "/users/track", {"attributes": [user]}


def _properties(row: dict) -> dict:
    return {name: row[name] for name in PROPERTIES}


JSON = {"Content-Type": "application/json"}
HEADERS = {
    "klaviyo": {
        "Authorization": "Klaviyo-API-Key a-key",
        "revision": "2026-10-15",
        "Content-Type": "application/vnd.api+json",
    },
    "iterable": {"Api-Key": "a-key", **JSON},
    "braze": {"Authorization": "Bearer a-key", **JSON},
}
BODIES = {"klaviyo": _klaviyo, "iterable": _iterable, "braze": _braze}
