"""Clicks and openings from an export of JSON lines, window by window."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, date, datetime, timedelta
from email.utils import format_datetime

import httpx
import pytest

from connectors.errors import Throttled, Unauthorized, Unavailable
from connectors.sources.iterable_export import IterableExport, IterableExportOptions
from connectors.types import EVENTS

NOW = datetime(2026, 1, 20, 12, tzinfo=UTC)
KEY = "k-123456"
FORMAT = "%Y-%m-%d %H:%M:%S %z"


def moment(text):
    return datetime.strptime(text, FORMAT).astimezone(UTC)


class Project:
    """What happened in a project, and what it was asked; it answers as the description has it."""

    def __init__(self):
        self.lines, self.asked, self.now, self.fault = [], [], NOW, None

    def happen(self, data_type, at, **more):
        line = {"createdAt": at, "campaignId": 5, "messageId": "m", **more}
        self.lines.append((data_type, datetime.fromisoformat(at.replace(" +", "+")), line))

    def answer(self, request):
        assert request.headers["Api-Key"] == KEY
        asked = request.url.params
        self.asked.append(
            (asked["dataTypeName"], asked["startDateTime"][:10], asked["endDateTime"][:10])
        )
        if self.fault is not None and len(self.asked) >= self.fault[0]:
            return self.fault[1]
        start, end = (moment(asked[f"{name}DateTime"]) for name in ("start", "end"))
        found = [n for t, at, n in self.lines if t == asked["dataTypeName"] and start <= at < end]
        text = "".join(json.dumps(line) + "\n" for line in found)
        return httpx.Response(
            200, text=text, headers={"Date": format_datetime(self.now, usegmt=True)}
        )

    def pull(self, since=None, **options):
        made = IterableExportOptions(api_key=KEY, **{"begin": date(2026, 1, 1), **options})

        async def pages():
            source = IterableExport(made, transport=httpx.MockTransport(self.answer))
            events, faults, cursor = [], {}, since
            try:
                async for page in source.events(since):
                    assert page.rows.schema == EVENTS
                    events += page.rows.to_pylist()
                    faults |= {f.name: f.count for f in page.faults}
                    self.cursor = cursor = page.cursor
            finally:
                await source.aclose()
            return events, faults, cursor

        return asyncio.run(pages())


@pytest.fixture
def project():
    return Project()


def test_lines_become_events_of_whoever_is_named(project):
    project.happen("emailClick", "2026-01-02 10:00:00 +00:00", email="ann@x.org", url="/a")
    project.happen("emailClick", "2026-01-02 10:00:00 +00:00", email="ann@x.org", url="/b")
    project.happen("emailClick", "2026-01-02 10:00:00 +00:00", email="ann@x.org", url="/b")
    project.happen("emailOpen", "2026-01-09 12:00:00 +02:00", userId="7", via="a proxy")
    project.happen("emailOpen", "2026-01-09 11:00:00 +00:00", userId="7", via=False)
    project.happen("emailOpen", "2026-01-09 11:00:00 +00:00")
    project.happen("emailBounce", "2026-01-09 11:00:00 +00:00", userId="7")
    events, faults, _ = project.pull(proxy_field="via")
    told = [(e["customer_id"], e["email"], e["kind"], e["occurred_at"]) for e in events]
    clicked = (None, "ann@x.org", "email_click", datetime(2026, 1, 2, 10, tzinfo=UTC))
    assert told == [
        ("7", None, "email_open_by_proxy", datetime(2026, 1, 9, 10, tzinfo=UTC)),
        ("7", None, "email_open", datetime(2026, 1, 9, 11, tzinfo=UTC)),
        clicked,
        clicked,
    ]
    assert faults == {"events of nobody who is named": 1}
    assert len({event["event_id"] for event in events}) == 4
    again, _, _ = project.pull()
    assert [e["event_id"] for e in again] == [e["event_id"] for e in events], "stable"


def test_windows_end_with_the_vendors_own_day_and_the_next_pull_overlaps(project):
    _, _, cursor = project.pull(data_types={"emailClick": "email_click"})
    assert project.asked == [
        ("emailClick", "2026-01-01", "2026-01-08"),
        ("emailClick", "2026-01-08", "2026-01-15"),
        ("emailClick", "2026-01-15", "2026-01-22"),
    ]
    assert json.loads(cursor) == {"emailClick": NOW.isoformat()}
    project.happen("emailClick", "2026-01-19 00:00:00 +00:00", email="late@x.org")
    project.happen("emailClick", "2026-01-21 00:00:00 +00:00", email="new@x.org")
    project.now += timedelta(days=1)
    project.asked.clear()
    events, _, cursor = project.pull(cursor, data_types={"emailClick": "email_click"})
    assert project.asked == [("emailClick", "2026-01-18", "2026-01-25")]
    assert [event["email"] for event in events] == ["late@x.org", "new@x.org"]
    assert json.loads(cursor) == {"emailClick": project.now.isoformat()}


def test_a_pull_that_breaks_off_goes_on_with_the_window_it_was_in(project):
    project.fault = (3, httpx.Response(429, headers={"Retry-After": "15"}))
    with pytest.raises(Throttled) as throttled:
        project.pull()
    assert throttled.value.retry_after == 15
    project.fault = None
    project.asked.clear()
    project.pull(project.cursor, overlap_hours=0)
    opened = [asked for asked in project.asked if asked[0] == "emailOpen"]
    assert opened == [("emailOpen", "2026-01-15", "2026-01-22")]
    assert project.asked[0][0] == "emailClick", "what was read least far comes first"


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (httpx.Response(200, text='{"createdAt": '), Unavailable),
        (httpx.Response(200, text="[]\n"), Unavailable),
        (httpx.Response(200, text=""), Unavailable),  # no Date
        (httpx.Response(401), Unauthorized),
        (httpx.Response(503, text=KEY), Unavailable),
    ],
)
def test_what_is_no_answer_is_raised_without_the_key(project, answer, error):
    project.fault = (1, answer)
    with pytest.raises(error) as raised:
        project.pull()
    assert KEY not in str(raised.value)
