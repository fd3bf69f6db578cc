"""Clicks and openings from Avro files that lie as Braze Currents lays them out."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime

import fastavro
import httpx
import pytest

from connectors.errors import Misconfigured
from connectors.sources.braze_currents import BrazeCurrents, BrazeCurrentsOptions
from connectors.types import EVENTS

FIELDS = {"id": "string", "user_id": "string", "external_user_id": "string", "time": "long"}
FIELDS |= {"email_address": "string", "machine_open": "string", "url": "string"}
AT = 1_767_348_000  # 2026-01-02 10:00 UTC


@pytest.fixture
def bucket(tmp_path):
    return Bucket(tmp_path / "currents")


class Bucket:
    """A folder that Braze writes to, and a source that reads it."""

    def __init__(self, root):
        self.root, self.count = root, 0

    def put(self, events, hour="2026-01-02-10", kind="email.Click", schema=7, more=()):
        self.count += 1
        fields = [{"name": n, "type": ["null", t]} for n, t in FIELDS.items()]
        fields += [{"name": name, "type": ["null", "string"]} for name in more]
        record = {"type": "record", "name": "event", "fields": fields}
        folder = (
            self.root / "dataexport.prod-01.S3.integration.9" / f"event_type=users.messages.{kind}"
        )
        path = folder / f"date={hour}" / str(schema) / "zone" / f"part-{self.count}.avro"
        path.parent.mkdir(parents=True, exist_ok=True)
        blank = dict.fromkeys([*FIELDS, *more]) | {"time": AT}
        with path.open("wb") as file:
            fastavro.writer(file, record, [{**blank, **event} for event in events])
        return path

    def pull(self, since=None, **options):
        made = BrazeCurrentsOptions(path=self.root, **options)

        async def pages():
            source = BrazeCurrents(made, transport=httpx.MockTransport(lambda _: None))
            events, faults, cursor = [], {}, since
            async for page in source.events(since):
                assert page.rows.schema == EVENTS
                events += page.rows.to_pylist()
                faults |= {f.name: f.count for f in page.faults}
                cursor = page.cursor
            await source.aclose()
            return events, faults, cursor

        return asyncio.run(pages())

    def ids(self, since=None, **options):
        events, _, cursor = self.pull(since, **options)
        return [event["event_id"] for event in events], cursor


def test_events_of_known_people_come_once_and_openings_by_machine_are_marked(bucket):
    bucket.put(
        [
            {"id": "1", "external_user_id": "7", "email_address": "Ann@x.org"},
            {"id": "1", "external_user_id": "7", "email_address": "Ann@x.org"},
            {"id": "2", "user_id": "braze's own"},
        ]
    )
    bucket.put([{"id": "1", "external_user_id": "7"}], kind="email.click")  # again, and otherwise
    opened = [{"id": "3", "email_address": "b@x.org", "machine_open": m} for m in ("true",)]
    bucket.put([*opened, {"id": "4", "email_address": "b@x.org"}], kind="email.Open")
    bucket.put([{"id": "5", "external_user_id": "7"}], kind="pushnotification.Open")
    events, faults, _ = bucket.pull()
    assert faults == {"events of nobody who is named": 1}
    assert sorted((e["event_id"], e["customer_id"], e["kind"]) for e in events) == [
        ("1", "7", "email_click"),
        ("3", None, "email_open_by_proxy"),
        ("4", None, "email_open"),
    ]
    assert {event["occurred_at"] for event in events} == {datetime(2026, 1, 2, 10, tzinfo=UTC)}


def test_only_new_files_are_read_also_late_ones_and_those_of_another_schema(bucket):
    bucket.put([{"id": "1", "external_user_id": "7"}], "2026-01-05-10")
    first, cursor = bucket.ids()
    assert first == ["1"]
    assert bucket.ids(cursor) == ([], cursor)
    bucket.put([{"id": "2", "external_user_id": "7"}], "2026-01-05-10", schema=8, more=["new"])
    bucket.put([{"id": "3", "external_user_id": "7"}], "2026-01-03-23")
    assert bucket.ids(cursor)[0] == ["3", "2"], "by hour"
    bucket.put([{"id": "4", "external_user_id": "7"}], "2026-01-01-00")
    assert bucket.ids(cursor)[0] == ["3", "2"], "later than late_hours"
    assert bucket.ids(cursor, late_hours=500)[0] == ["3", "2"], "its floor was set before"


def test_the_cursor_does_not_grow_with_the_years(bucket):
    for day in range(1, 29):
        bucket.put([{"id": str(day), "external_user_id": "7"}], f"2026-01-{day:02d}-10")
    ids, cursor = bucket.ids()
    assert len(ids) == 28
    assert len(json.loads(cursor)["names"]) == 4
    assert bucket.ids(cursor)[0] == []


def test_what_cannot_be_read_is_named(bucket):
    with pytest.raises(Misconfigured, match="there is no folder"):
        bucket.pull()
    path = bucket.put([{"id": "1", "external_user_id": "7"}])
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(Misconfigured, match=r"part-1.avro cannot be read as a Currents file"):
        bucket.pull()
