"""Clicks and openings from the look-alike of Klaviyo."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, date, datetime, timedelta

import httpx
import pytest

from connectors.errors import Misconfigured, Throttled, Unavailable
from connectors.sandbox import serve
from connectors.sandbox.klaviyo import Klaviyo
from connectors.sources.klaviyo_events import KlaviyoEvents, KlaviyoEventsOptions
from connectors.types import EVENTS

HEADERS = {"Authorization": "Klaviyo-API-Key k", "revision": "2026-07-15"}


@pytest.fixture
def account():
    """A look-alike; ``happen`` has somebody do something, ``pull`` asks for what is new."""
    it = Klaviyo(limits=False)
    with serve({"klaviyo": it}) as urls:
        yield Account(it, urls["klaviyo"])


class Account:
    def __init__(self, it, url):
        self.it, self.url = it, url

    def happen(self, metric, at, properties=None, **who):
        event = {
            "time": at,
            "properties": properties or {},
            "metric": {"data": {"type": "metric", "attributes": {"name": metric}}},
            "profile": {"data": {"type": "profile", "attributes": who}},
        }
        body = {"data": {"type": "event", "attributes": event}}
        httpx.post(f"{self.url}/api/events", json=body, headers=HEADERS).raise_for_status()

    def reached(self, cursor):
        """How far each metric was read, by its name."""
        listed = httpx.get(f"{self.url}/api/metrics", headers=HEADERS).json()["data"]
        names = {metric["id"]: metric["attributes"]["name"] for metric in listed}
        return {names[metric]: at for metric, at in json.loads(cursor).items()}

    def source(self, handler=None, **options):
        made = KlaviyoEventsOptions(base_url=self.url, api_key="k", **options)
        transport = httpx.AsyncHTTPTransport() if handler is None else httpx.MockTransport(handler)
        return KlaviyoEvents(made, transport=transport)

    def check(self, **options):
        async def checked():
            source = self.source(**options)
            try:
                await source.check()
            finally:
                await source.aclose()

        asyncio.run(checked())

    def pull(self, since=None, handler=None, **options):
        """All pages: the events, the faults, and the last cursor."""

        async def pages():
            source = self.source(handler, **options)
            events, faults, cursor = [], {}, since
            try:
                async for page in source.events(since):
                    assert page.rows.schema == EVENTS
                    events += page.rows.to_pylist()
                    faults |= {f.name: (f.count, f.example) for f in page.faults}
                    cursor = page.cursor
            finally:
                await source.aclose()
            return events, faults, cursor

        return asyncio.run(pages())


def short(events):
    return [(e["customer_id"], e["email"], e["kind"], e["occurred_at"].isoformat()) for e in events]


def test_clicks_and_openings_come_with_whose_they_are(account):
    account.happen("Opened Email", "2026-01-02T10:00:00Z", external_id="7", email="ann@x.org")
    account.happen("Clicked Email", "2026-01-02T10:01:00Z", phone_number="+442079460000")
    account.happen("Viewed Product", "2026-01-02T10:02:00Z", email="ann@x.org")
    account.happen("Reviewed Us", "2026-01-02T10:03:00Z", email="ann@x.org")
    events, faults, _ = account.pull()
    assert faults == {}
    assert short(events) == [
        ("7", "ann@x.org", "email_open", "2026-01-02T10:00:00+00:00"),
        (None, None, "email_click", "2026-01-02T10:01:00+00:00"),
    ]
    assert events[1]["phone"] == "+442079460000"
    assert len({event["event_id"] for event in events}) == 2
    [seen], _, _ = account.pull(metrics={"Viewed Product": "site_click"})
    assert short([seen]) == [("7", "ann@x.org", "site_click", "2026-01-02T10:02:00+00:00")]


def test_an_opening_by_a_proxy_is_told_apart_where_the_property_is_named(account):
    for number, opened_by in enumerate((True, "true", False, None)):
        properties = {} if opened_by is None else {"by machine": opened_by}
        account.happen("Opened Email", f"2026-01-02T10:00:0{number}Z", properties, email="a@x.org")
    kinds = [event["kind"] for event in account.pull(proxy_property="by machine")[0]]
    assert kinds == ["email_open_by_proxy"] * 2 + ["email_open"] * 2
    assert {event["kind"] for event in account.pull()[0]} == {"email_open"}


def test_a_pull_goes_on_where_the_last_one_ended_less_the_overlap(account):
    start = datetime.fromisoformat("2026-01-01T00:00:00Z")
    for hour in range(100):
        account.happen("Opened Email", (start + timedelta(hours=hour)).isoformat(), email="a@x.org")
    account.happen("Clicked Email", "2026-01-01T06:00:00Z", email="a@x.org")
    first, _, cursor = account.pull()
    assert len(first) == 101
    assert account.reached(cursor)["Clicked Email"] == "2026-01-01T06:00:00+00:00"
    account.happen("Opened Email", "2026-01-03T23:00:00Z", email="b@x.org")  # came in late
    account.happen("Opened Email", "2026-01-05T05:00:00Z", email="c@x.org")
    again, _, later = account.pull(cursor, overlap_hours=10)
    new = {event["event_id"] for event in again} - {event["event_id"] for event in first}
    assert len(new) == 1, "what came in later than the overlap is not seen"
    again, _, later = account.pull(cursor)
    new = {event["event_id"] for event in again} - {event["event_id"] for event in first}
    assert len(new) == 2
    assert account.reached(later)["Opened Email"] == "2026-01-05T05:00:00+00:00"
    assert len(account.pull(begin=date(2026, 1, 4))[0]) == 29


def test_an_event_that_is_dated_ahead_hides_none_that_come_before_it(account):
    soon = (datetime.now().astimezone() + timedelta(days=90)).isoformat()
    account.happen("Clicked Email", "2026-01-02T10:00:00Z", email="a@x.org")
    account.happen("Clicked Email", soon, email="a@x.org")
    events, _, cursor = account.pull()
    assert len(events) == 2
    assert account.reached(cursor) == {"Clicked Email": "2026-01-02T10:00:00+00:00"}


def test_every_page_is_read_and_a_pull_that_breaks_off_goes_on_from_any(account):
    for number in range(25):
        second = f"2026-01-02T10:00:{number:02d}Z"
        account.happen("Clicked Email", second, email=f"{number % 3}@x.org")
    dial = {"kind": "small_pages", "times": 99, "size": 10}
    httpx.post(f"{account.url}/sandbox/faults", json=dial).raise_for_status()

    async def some():
        source = account.source(overlap_hours=0)
        cursors = [(page.rows.num_rows, page.cursor) async for page in source.events(None)]
        await source.aclose()
        return cursors

    pages = [page for page in asyncio.run(some()) if page[0]]
    assert [rows for rows, _ in pages] == [10, 10, 5]
    assert len(account.pull(pages[0][1], overlap_hours=0)[0]) == 16, "from the tenth on"


class Namesakes:
    """Answers for metrics of one name, each with an event on 1 and on 20 January."""

    def __init__(self, *metrics):
        self.metrics, self.broken, self.asked = metrics, set(), []

    def __call__(self, request):
        if request.url.path == "/api/metrics":
            named = {"attributes": {"name": "Clicked Email"}}
            return httpx.Response(
                200, json={"data": [{"id": one, **named} for one in self.metrics]}
            )
        wanted = request.url.params["filter"]
        metric = wanted.split('"')[1]
        self.asked.append(metric)
        if metric in self.broken:
            return httpx.Response(503)
        begin = wanted.partition("datetime,")[2].rstrip(")")
        days = [datetime(2026, 1, day, tzinfo=UTC) for day in (1, 20)]
        later = [at for at in days if not begin or at >= datetime.fromisoformat(begin)]
        whose = {"profile": {"data": {"id": "P"}}}
        events = [
            {
                "id": f"{metric}-{at.day}",
                "attributes": {"timestamp": int(at.timestamp())},
                "relationships": whose,
            }
            for at in later
        ]
        people = [{"type": "profile", "id": "P", "attributes": {"email": "a@x.org"}}]
        return httpx.Response(200, json={"data": events, "included": people})


def brought(account, since, handler):
    """The ids of the events, and the last cursor; also where the pull broke off."""

    async def pages():
        source, ids, cursor = account.source(handler), [], since
        try:
            async for page in source.events(since):
                ids += page.rows["event_id"].to_pylist()
                cursor = page.cursor
        except Unavailable:
            pass
        finally:
            await source.aclose()
        return ids, cursor

    return asyncio.run(pages())


def test_a_break_between_two_metrics_of_one_name_loses_nothing_of_the_second(account):
    both = Namesakes("M1", "M2")
    both.broken.add("M2")
    events, cursor = brought(account, None, both)
    assert events == ["M1-1", "M1-20"]
    both.broken.clear()
    both.asked.clear()
    events, cursor = brought(account, cursor, both)
    assert events == ["M2-1", "M2-20", "M1-20"]
    assert both.asked == ["M2", "M1"], "what was read least far comes first"
    assert brought(account, cursor, both)[0] == ["M1-20", "M2-20"]


def test_a_cursor_by_name_counts_where_one_metric_alone_bears_it(account):
    by_name = json.dumps({"Clicked Email": "2026-01-20T00:00:00+00:00", "Gone": "2026-01-02"})
    events, cursor = brought(account, by_name, Namesakes("M1"))
    assert events == ["M1-20"]
    assert json.loads(cursor) == {"M1": "2026-01-20T00:00:00+00:00", "Gone": "2026-01-02"}
    events, _ = brought(account, cursor, Namesakes("M1", "M2"))
    assert events == ["M2-1", "M2-20", "M1-20"]
    events, _ = brought(account, by_name, Namesakes("M1", "M2"))
    assert events == ["M1-1", "M1-20", "M2-1", "M2-20"]


def test_what_the_account_lacks_is_named(account):
    account.happen("Clicked Email", "2026-01-02T10:00:00Z", email="a@x.org")
    wanted = {"Clicked Email": "email_click", "Opened Emial": "email_open"}
    events, faults, _ = account.pull(metrics=wanted)
    assert (len(events), faults) == (
        1,
        {"metrics that the account does not have": (1, "Opened Emial")},
    )
    with pytest.raises(Misconfigured, match="no metric 'Opened Emial'"):
        account.check(metrics=wanted)
    account.check()


def test_whatever_is_no_answer_is_raised_and_links_are_never_followed_elsewhere(account):
    asked = []

    def answer(request):
        asked.append(request.url)
        if request.url.path == "/api/metrics":
            metric = {"type": "metric", "id": "M1", "attributes": {"name": "Clicked Email"}}
            return httpx.Response(200, json={"data": [metric], "links": {"next": None}})
        if len(asked) == 2:
            link = "https://evil.example.com/api/events?page%5Bcursor%5D=two"
            return httpx.Response(200, json={"data": [], "links": {"next": link}})
        return httpx.Response(429, headers={"Retry-After": "7"})

    with pytest.raises(Throttled) as throttled:
        account.pull(handler=answer)
    assert throttled.value.retry_after == 7
    assert {url.host for url in asked} == {"127.0.0.1"}
    assert asked[-1].params["page[cursor]"] == "two"
    with pytest.raises(Unavailable):
        account.pull(handler=lambda _: httpx.Response(200, text="<html>"))


def test_the_limits_are_those_of_the_documents():
    assert {(rate.path, rate.calls, rate.seconds) for rate in KlaviyoEvents.rates} == {
        ("/api/metrics", 10, 1),
        ("/api/metrics", 150, 60),
        ("/api/events", 350, 1),
        ("/api/events", 3_500, 60),
    }
