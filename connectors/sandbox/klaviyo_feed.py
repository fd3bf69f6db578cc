"""Klaviyo's events and metrics as they are read: filtered, sorted, page by page.

By its OpenAPI of 2026-07-15: the filter of events takes ``equals(metric_id,"...")`` and
``greater-or-equal(datetime,...)``, and refuses metrics that a shop made itself. Pages have at most
200 events. Which metrics are Klaviyo's own is our choice here: those of these names.
"""

from __future__ import annotations

import re
from datetime import datetime
from hashlib import sha256
from typing import TYPE_CHECKING, Any, Final

from starlette.responses import Response

from connectors.sandbox import klaviyo_jsonapi as jsonapi
from connectors.sandbox.klaviyo_account import resource
from connectors.sandbox.klaviyo_calls import page_cap
from connectors.sandbox.wire import Call

if TYPE_CHECKING:
    from connectors.sandbox.klaviyo import Klaviyo

JSON = dict[str, Any]
OWN: Final = ("Active on Site", "Clicked Email", "Opened Email", "Received Email", "Viewed Product")
_METRIC: Final = re.compile(r'equals\(metric_id,"(\w+)"\)')
_SINCE: Final = re.compile(r"greater-or-equal\(datetime,([^,)]+)\)")


class FeedCalls:
    """``GET /api/metrics`` and ``GET /api/events``."""

    def __init__(self, klaviyo: Klaviyo) -> None:
        self._it = klaviyo

    def metrics(self, call: Call) -> Response:
        """Klaviyo's own and those that events were made of."""
        made = {row["metric"] for row in self._it.account.events.rows}
        names = sorted({*OWN, *made})
        return jsonapi.page(call, names, _metric, maximum=200, default=200)

    def events(self, call: Call) -> Response:
        """The events of a metric from a moment on, oldest first, with their profiles."""
        name, since = self._asked(call)
        rows = [row for row in self._it.account.events.rows if row["metric"] == name]
        rows = [
            row for row in rows if since is None or datetime.fromisoformat(row["time"]) >= since
        ]
        rows.sort(key=lambda row: (row["time"], _event_id(row)))
        cap = page_cap(self._it, call)
        answer = jsonapi.page(call, rows, _event, maximum=200, default=200, cap=cap)
        if call.query.get("include") != "profile":
            return answer
        profiles = self._it.account.profiles.by_id
        start = jsonapi.offset(call)
        shown = rows[start : start + jsonapi.page_size(call, 200, 200)][:cap]
        people = dict.fromkeys(row["profile_id"] for row in shown)
        names = jsonapi.fieldset(call, "profile")
        included = [jsonapi.only(resource(profiles[p], call.base), names) for p in people]
        return jsonapi.including(answer, included)

    def _asked(self, call: Call) -> tuple[str, datetime | None]:
        if call.query.get("sort") != "datetime":
            jsonapi.refuse(400, "invalid", "We sort by datetime alone.", parameter="sort")
        text = call.query.get("filter", "")
        metric, since = _METRIC.search(text), _SINCE.search(text)
        known = {_metric_id(name): name for name in OWN}
        if metric is None or metric[1] not in known:
            detail = "The filter needs a metric_id of a metric that is not custom."
            jsonapi.refuse(400, "invalid", detail, parameter="filter")
        try:
            moment = None if since is None else datetime.fromisoformat(since[1])
        except ValueError:
            jsonapi.refuse(400, "invalid", "datetime must be ISO 8601.", parameter="filter")
        return known[metric[1]], moment


def _metric_id(name: str) -> str:
    return "M" + sha256(name.encode()).hexdigest()[:5].upper()


def _event_id(row: JSON) -> str:
    key = f"{row['profile_id']} {row['metric']} {row['time']} {row['unique_id']}"
    return sha256(key.encode()).hexdigest()[:11]


def _metric(name: str) -> JSON:
    return {
        "type": "metric",
        "id": _metric_id(name),
        "attributes": {
            "name": name,
            "integration": {"object": "integration", "name": "Klaviyo" if name in OWN else "API"},
        },
    }


def _event(row: JSON) -> JSON:
    at = datetime.fromisoformat(row["time"])
    return {
        "type": "event",
        "id": _event_id(row),
        "attributes": {
            "timestamp": int(at.timestamp()),
            "datetime": at.isoformat(" "),
            "uuid": _event_id(row),
            "event_properties": row["properties"],
        },
        "relationships": {
            "profile": {"data": {"type": "profile", "id": row["profile_id"]}},
            "metric": {"data": {"type": "metric", "id": _metric_id(row["metric"])}},
        },
    }
