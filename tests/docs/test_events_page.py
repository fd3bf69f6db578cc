"""What docs/events.md writes down loads, and its queries bring events from tables of that shape."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime

import duckdb
import httpx
import pytest
import yaml

from connectors import registry
from connectors.sources.sql import SqlEvents, SqlEventsOptions
from segmenter.schemes.affinity_settings import USUAL

OWN = {"env", "type"}


@pytest.fixture(scope="module")
def sources(root, fences):
    """Every source of the page, by name."""
    whole = [yaml.safe_load(body) for body in fences(root / "docs" / "events.md", "yaml")]
    return {name: given for part in whole for name, given in part["sources"].items()}


def test_every_source_of_the_page_is_one_of_ours_and_takes_these_options(sources):
    assert set(sources) == {
        *("klaviyo_clicks", "iterable_clicks", "braze_clicks", "site", "segment", "ga4")
    }
    kinds = {signal.kind for signal in USUAL}
    for given in sources.values():
        options = {k: "k" if isinstance(v, dict) and OWN & set(v) else v for k, v in given.items()}
        source = registry.source(options.pop("type"))
        if "timezone" in source.options_class.model_fields:
            options["timezone"] = "UTC"
        made = source.options_class.model_validate(options)
        for mapping in ("kinds", "metrics", "data_types", "event_types"):
            assert set(getattr(made, mapping, {}).values()) <= kinds


SHAPES = {
    # as Segment and RudderStack load them
    "segment": """
        CREATE SCHEMA site;
        CREATE TABLE site.users (id text, email text, received_at timestamptz);
        CREATE TABLE site.tracks (id text, anonymous_id text, user_id text, event text,
            event_text text, timestamp timestamptz, received_at timestamptz);
        INSERT INTO site.users VALUES ('7', 'ann@x.org', '2026-01-01');
        INSERT INTO site.tracks VALUES
            ('a', 'x', '7', 'product_viewed', '', '2026-01-02 10:00Z', '2026-01-03 10:00Z'),
            ('a', 'x', '7', 'product_viewed', '', '2026-01-02 10:00Z', '2026-01-03 10:00Z'),
            ('b', 'x', NULL, 'product_viewed', '', '2026-01-02 10:00Z', '2026-01-03 10:00Z'),
            ('c', 'x', '7', 'order_completed', '', '2026-01-02 10:00Z', '2026-01-03 10:00Z');
    """,
    # as GA4 exports them, less what no query of ours reads; one table stands for those of all days
    "ga4": """
        CREATE SCHEMA analytics_123456;
        CREATE TABLE analytics_123456."events_*" (event_date text, event_timestamp bigint,
            event_name text, user_id text, user_pseudo_id text, _TABLE_SUFFIX text);
        CREATE MACRO TIMESTAMP_MICROS(n) AS make_timestamptz(n);
        INSERT INTO analytics_123456."events_*" VALUES
            ('20260102', 1767348000000000, 'view_item', '7', 'p', '20260102'),
            ('20260102', 1767348000000000, 'view_item', '7', 'p', 'intraday_20260102'),
            ('20260102', 1767348000000000, 'view_item', NULL, 'p', '20260102'),
            ('20251231', 1767140000000000, 'view_item', '7', 'p', '20251231'),
            ('20260102', 1767348000000000, 'scroll', '7', 'p', '20260102');
    """,
}


@pytest.mark.parametrize("name", SHAPES)
def test_the_queries_bring_the_events_of_known_people_once(sources, tmp_path, name):
    with duckdb.connect(tmp_path / "warehouse.duckdb") as base:
        base.execute(SHAPES[name])
    given = {key: value for key, value in sources[name].items() if key not in ("type", "url")}
    # BigQuery's own way to write the name of a table
    given["query"] = given["query"].replace(
        "`analytics_123456.events_*`", 'analytics_123456."events_*"'
    )
    options = {**given, "path": str(tmp_path / "warehouse.duckdb"), "timezone": "UTC"}

    async def pulled():
        source = SqlEvents(
            SqlEventsOptions.model_validate(options),
            transport=httpx.MockTransport(lambda _: httpx.Response(500)),
        )
        rows = [
            row async for page in source.events(None) for row in page.rows.read_all().to_pylist()
        ]
        await source.aclose()
        return rows

    [row] = asyncio.run(pulled())
    assert (row["customer_id"], row["kind"]) == ("7", "site_click")
    assert row["occurred_at"] == datetime(2026, 1, 2, 10, tzinfo=UTC)
    assert row["email"] == ("ann@x.org" if name == "segment" else None)
