"""Clicks and openings from Klaviyo, by metric.

Limits and shapes are those of Klaviyo's OpenAPI description, revision 2026-07-15. No call was made
to a real account. Not in the description, and so not known here: the names of an event's
properties, among them the one that tells an opening by Apple's mail proxy (``proxy_property``), and
how late an event may come in (``overlap_hours``). Klaviyo refuses metrics that a shop made itself
in this filter.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pyarrow as pa
from pydantic import Field, SecretStr

from connectors.base import Rate, SharedOptions, Source
from connectors.errors import Misconfigured, Unavailable
from connectors.http import answered_at, only, read
from connectors.types import EVENTS, Fault, Page

METRICS, FEED = "/api/metrics", "/api/events"
USUAL = {"Opened Email": "email_open", "Clicked Email": "email_click"}
BY_PROXY = "email_open_by_proxy"
NO_METRIC, NOBODY = "metrics that the account does not have", "events of nobody who is named"


class KlaviyoEventsOptions(SharedOptions):
    """A private key with the scopes events:read, metrics:read and profiles:read."""

    base_url: str = Field("https://a.klaviyo.com", description="Where Klaviyo's API is.")
    api_key: SecretStr = Field(description="A private API key of the account.")
    revision: str = Field("2026-07-15", description="The revision of the API that is asked for.")
    metrics: dict[str, str] = Field(
        default_factory=lambda: dict(USUAL),
        min_length=1,
        description="The names of metrics and the kind that affinity counts each as, such as"
        " Viewed Product: site_click. Metrics that the shop made itself cannot be asked for.",
    )
    proxy_property: str | None = Field(
        None,
        description="The property of an event that is true where not a person but a mail proxy,"
        " such as Apple's, opened; it then counts as email_open_by_proxy. Klaviyo does not document"
        " its name: look at an Opened Email event of yours.",
    )
    begin: date | None = Field(
        None, description="The first day (UTC) that is asked for; left out, all there is."
    )
    overlap_hours: float = Field(
        48, ge=0, le=8784, description="How far behind the newest event a pull begins."
    )


class KlaviyoEvents(Source[KlaviyoEventsOptions]):
    """Events of some metrics. The cursor tells of each metric's id how far it was read."""

    options_class = KlaviyoEventsOptions
    rates = (
        Rate(10, 1, METRICS, ("GET",)),
        Rate(150, 60, METRICS, ("GET",)),
        Rate(350, 1, FEED, ("GET",)),
        Rate(3_500, 60, FEED, ("GET",)),
    )

    def authorize(self, request: httpx.Request) -> httpx.Request:
        """Add the key and the revision, which every call needs."""
        key = self.options.api_key.get_secret_value()
        request.headers["Authorization"] = f"Klaviyo-API-Key {key}"
        request.headers["revision"] = self.options.revision
        request.headers["Accept"] = "application/vnd.api+json"
        return request

    async def check(self) -> None:
        """Find the metrics and ask for one event of each; raises Misconfigured if one lacks."""
        known = await self._known()
        for name in self.options.metrics:
            if name not in known:
                raise Misconfigured(
                    f"the account has no metric {name!r} (metrics); it has "
                    f"{', '.join(sorted(known)[:20])}"
                )
            await self._ask(known[name][0], None, {"page[size]": "1"})

    async def events(self, since: str | None) -> AsyncIterator[Page]:
        """Metric after metric, oldest event first, each from its own cursor less the overlap."""
        known = await self._known()
        reached = self._by_id({} if since is None else json.loads(since), known)
        lacking = [name for name in self.options.metrics if name not in known]
        if lacking:
            fault = Fault(NO_METRIC, len(lacking), lacking[0])
            yield Page(EVENTS.empty_table(), json.dumps(reached, sort_keys=True), faults=(fault,))
        wanted = {metric: name for name in self.options.metrics for metric in known.get(name, ())}
        # least far read first: else what is new of the others hides that one of them always fails
        for metric in sorted(wanted, key=lambda one: reached.get(one, "")):
            name, begin = wanted[metric], self._begin(reached.get(metric))
            cursor: str | None = None
            while True:
                more = {} if cursor is None else {"page[cursor]": cursor}
                answer = await self._ask(metric, begin, {"page[size]": "200", **more})
                body = read(answer)
                rows, nobody = self._rows(body, self.options.metrics[name])
                reached = _reached(reached, metric, rows, answered_at(answer))
                faults = (Fault(NOBODY, nobody, name),) if nobody else ()
                table = pa.Table.from_pylist(rows, EVENTS)
                yield Page(table, json.dumps(reached, sort_keys=True), faults=faults)
                before, cursor = cursor, _next(body)
                if cursor is None:
                    break
                if cursor == before:
                    raise Unavailable(f"Klaviyo's pages of {FEED} do not come to an end")

    def _by_id(self, reached: Mapping[str, str], known: Mapping[str, list[str]]) -> dict[str, str]:
        """Cursors were once kept by name, which tells nothing where several ids bear it."""
        named = {name: reached[name] for name in self.options.metrics if name in reached}
        only_one = {
            known[name][0]: moment
            for name, moment in named.items()
            if len(known.get(name, ())) == 1
        }
        kept = {key: at for key, at in reached.items() if key not in named or key not in known}
        return {**only_one, **kept}

    async def _known(self) -> dict[str, list[str]]:
        """The ids of all metrics by name; several may share one."""
        found: dict[str, list[str]] = {}
        cursor: str | None = None
        seen: set[str | None] = set()
        while cursor not in seen:
            seen.add(cursor)
            params = {} if cursor is None else {"page[cursor]": cursor}
            body = read(only(await self.call("GET", METRICS, params=params), 200))
            for metric in _objects(body.get("data")):
                name = str(_object(metric.get("attributes")).get("name"))
                found.setdefault(name, []).append(str(metric.get("id")))
            cursor = _next(body)
            if cursor is None:
                return found
        raise Unavailable(f"Klaviyo's pages of {METRICS} do not come to an end")

    async def _ask(
        self, metric: str, begin: datetime | None, page: Mapping[str, str]
    ) -> httpx.Response:
        wanted = f'equals(metric_id,"{metric}")'
        if begin is not None:
            wanted += f",greater-or-equal(datetime,{begin.strftime('%Y-%m-%dT%H:%M:%SZ')})"
        params = {
            "filter": wanted,
            "sort": "datetime",
            "include": "profile",
            "fields[profile]": "email,phone_number,external_id",
            **page,
        }
        return only(await self.call("GET", FEED, params=params), 200)

    def _begin(self, reached: str | None) -> datetime | None:
        if reached is not None:
            return datetime.fromisoformat(reached) - timedelta(hours=self.options.overlap_hours)
        first = self.options.begin
        return None if first is None else datetime(first.year, first.month, first.day, tzinfo=UTC)

    def _rows(self, body: Mapping[str, Any], kind: str) -> tuple[list[dict[str, Any]], int]:
        """The events of people who are named, each id once, and how many are of nobody."""
        people = {
            str(one.get("id")): _object(one.get("attributes"))
            for one in _objects(body.get("included"))
            if one.get("type") == "profile"
        }
        rows: dict[str, dict[str, Any]] = {}
        nobody = 0
        for event in _objects(body.get("data")):
            attributes = _object(event.get("attributes"))
            related = _object(_object(event.get("relationships")).get("profile"))
            who = people.get(str(_object(related.get("data")).get("id")), {})
            named = {
                "customer_id": _text(who.get("external_id")),
                "email": _text(who.get("email")),
                "phone": _text(who.get("phone_number")),
            }
            if all(value is None for value in named.values()):
                nobody += 1
                continue
            event_id = str(event.get("id"))
            proxied = self._by_proxy(_object(attributes.get("event_properties")))
            rows[event_id] = {
                "event_id": event_id,
                **named,
                "kind": BY_PROXY if kind == "email_open" and proxied else kind,
                "occurred_at": _moment(attributes),
            }
        return list(rows.values()), nobody

    def _by_proxy(self, properties: Mapping[str, Any]) -> bool:
        name = self.options.proxy_property
        return name is not None and str(properties.get(name)).strip().lower() in {"true", "1"}


def _reached(
    reached: Mapping[str, str], metric: str, rows: list[dict[str, Any]], now: datetime | None
) -> dict[str, str]:
    """How far each metric was read; an event that is dated ahead must not hide those to come."""
    moments = [row["occurred_at"] for row in rows]
    past = [moment for moment in moments if now is None or moment <= now]
    if metric in reached:
        past.append(datetime.fromisoformat(reached[metric]))
    return {**reached, **({metric: max(past).isoformat()} if past else {})}


def _moment(attributes: Mapping[str, Any]) -> datetime:
    try:
        return datetime.fromtimestamp(int(attributes["timestamp"]), UTC)
    except (KeyError, TypeError, ValueError, OverflowError) as error:
        raise Unavailable("Klaviyo told of an event without a timestamp") from error


def _next(body: Mapping[str, Any]) -> str | None:
    # only the cursor is taken from the link: nothing but base_url is ever spoken to
    link = _object(body.get("links")).get("next")
    if not isinstance(link, str):
        return None
    found = parse_qs(urlsplit(link).query).get("page[cursor]", [])
    if not found:
        raise Unavailable("Klaviyo's link to the next page has no cursor")
    return found[0]


def _object(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _objects(value: object) -> list[dict[str, Any]]:
    return [_object(one) for one in value] if isinstance(value, list) else []


def _text(value: object) -> str | None:
    return value if isinstance(value, str) and value else None
