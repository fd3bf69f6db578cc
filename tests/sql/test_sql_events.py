"""Events of a warehouse by a query: late ones are found, and what was loaded twice is one."""

import asyncio
from datetime import UTC, datetime

import httpx
import pytest

from connectors.sources.sql import SqlEvents, SqlEventsOptions
from connectors.types import EVENTS

#: As Segment and RudderStack load them, into a schema for each source.
TRACKS = "CREATE TABLE tracks (id text, user_id text, event text, happened {0}, received_at {0})"
SEGMENT = {
    "query": "SELECT id, user_id, event, happened, received_at FROM tracks",
    "columns": {
        "event_id": "id", "customer_id": "user_id", "kind": "event", "occurred_at": "happened",
    },
    "kinds": {"product_viewed": "site_click"},
    "cursor": "received_at",
}  # fmt: skip


@pytest.fixture
def pull():
    """The events since a cursor by id, the counts of faults, and the cursor; None if no page."""

    def pull(shop, since=None, **options):
        async def pages():
            given = {**shop.place, "timezone": "UTC", **options}
            transport = httpx.MockTransport(lambda _: httpx.Response(500))
            source = SqlEvents(SqlEventsOptions.model_validate(given), transport=transport)
            await source.check()
            found = []
            async for page in source.events(since):
                table = page.rows.read_all()
                assert table.schema == EVENTS
                rows = {row["event_id"]: row for row in table.to_pylist()}
                found.append((rows, {f.name: f.count for f in page.faults}, page.cursor))
            await source.aclose()
            return found

        found = asyncio.run(pages())
        return found[0] if found else None

    return pull


def track(shop, name, day, received, user="'7'", event="product_viewed"):
    at = [f"'2024-03-{each:02d} 10:00:00+00'" for each in (day, received)]
    shop.execute(f"INSERT INTO tracks VALUES ('{name}', {user}, '{event}', {at[0]}, {at[1]})")


def test_events_of_a_warehouse_come_by_arrival_with_two_days_of_overlap(shop, pull):
    shop.execute(TRACKS.format("text" if shop.kind == "sqlite" else "timestamptz"))
    track(shop, "a", 1, 1)
    # loaded twice, as in a warehouse that only appends
    track(shop, "a", 1, 1)
    track(shop, "x", 1, 5, event="identify")
    track(shop, "n", 1, 5, user="NULL")
    rows, faults, cursor = pull(shop, **SEGMENT)
    assert list(rows) == ["a"]
    assert rows["a"]["kind"] == "site_click"
    assert rows["a"]["occurred_at"] == datetime(2024, 3, 1, 10, tzinfo=UTC)
    assert faults == {"events of nobody who is named": 1, "events of other kinds": 1}
    assert pull(shop, cursor, **SEGMENT)[0] == {}
    # arrived after what came later, by less than two days
    track(shop, "late", 2, 4)
    track(shop, "new", 6, 6)
    rows, _, cursor = pull(shop, cursor, **SEGMENT)
    assert set(rows) == {"late", "new"}
    assert pull(shop, cursor, **SEGMENT) is None


def test_moments_in_microseconds_and_a_kind_that_is_a_constant(shop, pull):
    """As GA4 exports them; two days are so many steps of its clock."""
    shop.execute("CREATE TABLE ga4 (user_id text, event_timestamp bigint)")
    for at in (1_709_287_200_000_000, 1_709_200_800_000_000, 1_708_000_000_000_000):
        shop.execute(f"INSERT INTO ga4 VALUES ('7', {at})")
    moment = {
        "sqlite": "datetime(event_timestamp / 1000000, 'unixepoch')",
        "duckdb": "make_timestamptz(event_timestamp)",
        "postgresql": "to_timestamp(event_timestamp / 1000000.0)",
    }[shop.kind]
    options = {
        "query": f"SELECT user_id, 'site_click' AS kind, {moment} AS at, event_timestamp FROM ga4",
        "columns": {"customer_id": "user_id", "kind": "kind", "occurred_at": "at"},
        "cursor": "event_timestamp",
        "overlap_steps": 2 * 86_400_000_000,
    }
    rows, _, cursor = pull(shop, **options)
    assert sorted(row["occurred_at"].hour for row in rows.values()) == [10, 10, 12]
    assert {row["kind"] for row in rows.values()} == {"site_click"}
    again, _, _ = pull(shop, cursor, **options)
    # ids are made of what is told, so an event that comes again is the same
    assert len(again) == 2
    assert again.keys() < rows.keys()
