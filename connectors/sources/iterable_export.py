"""Clicks and openings from Iterable's export of JSON lines.

Path, parameters, the types of data and the limit of 4 requests a minute are those of Iterable's
published API description (1.8, 2026-03). Not in it, and so not verified here: the fields of a line
(``createdAt``, ``email``, ``userId``, ``campaignId``, ``messageId``, ``url``), an id of an event,
and the field that tells an opening by a mail proxy (``proxy_field``).

As lines bear no id, one is made of all that tells one event from another: type, person, moment,
campaign, message and link. What is alike in all of these counts once.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Mapping
from datetime import UTC, date, datetime, timedelta
from hashlib import sha256
from typing import Any

import httpx
import pyarrow as pa
from pydantic import Field, SecretStr

from connectors.base import Rate, SharedOptions, Source
from connectors.errors import Unavailable
from connectors.http import answered_at
from connectors.lines import lines
from connectors.types import EVENTS, Fault, Page

EXPORT = "/api/export/data.json"
USUAL = {"emailOpen": "email_open", "emailClick": "email_click"}
BY_PROXY = "email_open_by_proxy"
NOBODY, NO_DATE = "events of nobody who is named", "unreadable dates"
FORMAT = "%Y-%m-%d %H:%M:%S +00:00"
#: What makes two lines one event, with the type of data.
TELLING = ("userId", "email", "createdAt", "campaignId", "messageId", "url")
#: Lines of a page.
LINES = 50_000


class IterableExportOptions(SharedOptions):
    """A server-side key of one project, which lives in one data centre (US or EU)."""

    base_url: str = Field(
        "https://api.iterable.com",
        description="Where Iterable's API is; https://api.eu.iterable.com for projects in the EU.",
    )
    api_key: SecretStr = Field(description="A server-side API key of the project.")
    begin: date = Field(
        description="The first day (UTC) that is asked for; affinity counts the last 365 days."
    )
    data_types: dict[str, str] = Field(
        default_factory=lambda: dict(USUAL),
        min_length=1,
        description="Iterable's types of data, and the kind that affinity counts each as.",
    )
    proxy_field: str | None = Field(
        None,
        description="The field of a line that is set where not a person but a mail proxy, such as"
        " Apple's, opened; it then counts as email_open_by_proxy. Iterable does not document one:"
        " look at a line of yours.",
    )
    window_days: int = Field(
        7, ge=1, le=366, description="Days of one request; Iterable allows 4 requests a minute."
    )
    overlap_hours: float = Field(
        48, ge=0, le=8784, description="How far behind the last pull the next one begins."
    )


class IterableExport(Source[IterableExportOptions]):
    """Events of some types of data. The cursor tells of each how far it was asked for."""

    options_class = IterableExportOptions
    rates = (Rate(4, 60, EXPORT),)

    def authorize(self, request: httpx.Request) -> httpx.Request:
        """Add the key, which belongs to one project."""
        request.headers["Api-Key"] = self.options.api_key.get_secret_value()
        return request

    async def check(self) -> None:
        """Ask for one minute of the first type of data."""
        start, data_type = self._first(), next(iter(self.options.data_types))
        params = _params(data_type, start, start + timedelta(minutes=1))
        await self.call("GET", EXPORT, params=params)

    async def events(self, since: str | None) -> AsyncIterator[Page]:
        """One type of data after the other, window after window, up to the vendor's own today.

        A page of a window that is not yet read to its end leaves the cursor before that window.
        """
        reached: dict[str, str] = {} if since is None else json.loads(since)
        # least far read first: else what is new of the others hides that one of them always fails
        by_reach = sorted(self.options.data_types.items(), key=lambda one: reached.get(one[0], ""))
        for data_type, kind in by_reach:
            start = self._start(reached.get(data_type))
            now: datetime | None = None
            while now is None or start < now:
                end = start + timedelta(days=self.options.window_days)
                params = _params(data_type, start, end)
                request = self.client.build_request("GET", EXPORT, params=params)
                gathered = _Gathered(data_type, kind, self.options.proxy_field)
                async for answer, line in lines(self.client, request, self.failure, self.secrets()):
                    now = answered_at(answer)
                    if line:
                        gathered.add(line)
                    if len(gathered.rows) >= LINES:
                        yield gathered.page(json.dumps(reached, sort_keys=True))
                if now is None:
                    raise Unavailable(f"{EXPORT} answered without a Date, by which windows end")
                reached = {**reached, data_type: min(end, now).isoformat()}
                yield gathered.page(json.dumps(reached, sort_keys=True))
                start = end

    def _start(self, reached: str | None) -> datetime:
        if reached is None:
            return self._first()
        begun = datetime.fromisoformat(reached) - timedelta(hours=self.options.overlap_hours)
        return max(begun.replace(microsecond=0), self._first())

    def _first(self) -> datetime:
        first = self.options.begin
        return datetime(first.year, first.month, first.day, tzinfo=UTC)


class _Gathered:
    """The lines of a page as events, by id."""

    def __init__(self, data_type: str, kind: str, proxy_field: str | None) -> None:
        self.data_type, self.kind, self.proxy_field = data_type, kind, proxy_field
        self.rows: dict[str, dict[str, Any]] = {}
        self.faults = dict.fromkeys((NOBODY, NO_DATE), 0)

    def add(self, line: str) -> None:
        """Take a line. Raises Unavailable if it is no JSON object: the answer broke off."""
        try:
            event = json.loads(line)
        except ValueError as error:
            raise Unavailable(f"{EXPORT} broke off in the middle of a line") from error
        if not isinstance(event, dict):
            raise Unavailable(f"{EXPORT} answered with a line that is no JSON object")
        if event.get("userId") in (None, "") and event.get("email") in (None, ""):
            self.faults[NOBODY] += 1
            return
        at = _moment(event.get("createdAt"))
        if at is None:
            self.faults[NO_DATE] += 1
            return
        event_id = _event_id(self.data_type, event)
        by_proxy = self.kind == "email_open" and self._by_proxy(event)
        self.rows[event_id] = {
            "event_id": event_id,
            "customer_id": None if event.get("userId") in (None, "") else str(event["userId"]),
            "email": event.get("email") or None,
            "phone": None,
            "kind": BY_PROXY if by_proxy else self.kind,
            "occurred_at": at,
        }

    def page(self, cursor: str) -> Page:
        """What was gathered since the last page."""
        rows, self.rows = list(self.rows.values()), {}
        faults = tuple(Fault(name, count, "") for name, count in self.faults.items() if count)
        self.faults = dict.fromkeys(self.faults, 0)
        return Page(pa.Table.from_pylist(rows, EVENTS), cursor, faults=faults)

    def _by_proxy(self, event: Mapping[str, Any]) -> bool:
        said = None if self.proxy_field is None else event.get(self.proxy_field)
        return said is not None and str(said).strip().lower() not in {"", "false", "0"}


def _params(data_type: str, start: datetime, end: datetime) -> dict[str, str]:
    moments = {"startDateTime": start.strftime(FORMAT), "endDateTime": end.strftime(FORMAT)}
    return {"dataTypeName": data_type, **moments}


def _event_id(data_type: str, event: Mapping[str, Any]) -> str:
    told = [data_type, *(event.get(name) for name in TELLING)]
    return sha256(json.dumps(told, ensure_ascii=False).encode()).hexdigest()


def _moment(value: object) -> datetime | None:
    """A moment as text (UTC where it bears no zone) or in milliseconds since 1970."""
    try:
        if isinstance(value, (int, float)):
            return datetime.fromtimestamp(value / 1000, UTC)
        moment = datetime.fromisoformat(str(value).replace(" +", "+"))
    except (ValueError, OverflowError, OSError):
        return None
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
