"""Events in the lake: beside the orders of the same source, under the same laws."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pyarrow as pa
import pytest

from connectors.errors import BrokenConnector
from connectors.types import EVENTS, Page
from sync import feeds
from sync.door import Door
from sync.store import Somebody

AT = datetime(2020, 6, 1, tzinfo=UTC)


@pytest.fixture
def bring(lake):
    """Write a page of events, given as kind by event id."""

    def bring(kinds, cursor="e", unit=None, source="shop"):
        rows = [
            {"event_id": i, "customer_id": "7", "kind": kind, "occurred_at": AT + timedelta(days=n)}
            for n, (i, kind) in enumerate(kinds.items())
        ]
        page = Page(pa.Table.from_pylist(rows, EVENTS), cursor, unit)
        return lake.write(source, page, "run-1", AT, feeds.EVENTS)

    return bring


@pytest.fixture
def seen(lake, engine):
    """The current events: kind by (source, event id)."""

    def seen(up_to=None):
        table = lake.events(engine, up_to=up_to)
        rows = [] if table is None else table.to_pyarrow().to_pylist()
        found = {(row["source"], row["event_id"]): row["kind"] for row in rows}
        assert len(found) == len(rows)
        return found

    return seen


def test_the_latest_version_of_an_event_counts_and_older_ones_can_be_read(bring, seen, lake):
    bring({"1": "email_open", "2": "email_open"})
    first = lake.version()
    bring({"2": "email_click", "3": "email_open"})
    assert seen() == {
        ("shop", "1"): "email_open",
        ("shop", "2"): "email_click",
        ("shop", "3"): "email_open",
    }
    assert seen(first) == {("shop", "1"): "email_open", ("shop", "2"): "email_open"}


def test_events_and_orders_of_one_source_do_not_touch_one_another(
    bring, seen, write, page, current, store
):
    write(page({"1": 5}, cursor="o", unit="u"))
    bring({"1": "site_click"}, cursor="e", unit="u")
    assert (store.cursor("shop"), store.cursor("shop", stream="events")) == ("o", "e")
    write(page({"1": 6}, cursor="o2", unit="u"))
    assert (current(), seen()) == ({("shop", "1"): 6}, {("shop", "1"): "site_click"})
    assert store.cursor("shop", stream="events") == "e"
    assert [len(store.parts("shop", stream=stream)) for stream in ("orders", "events")] == [1, 1]


def test_a_page_without_events_moves_their_cursor_alone(bring, seen, store):
    assert bring({}, cursor="job-7") is None
    assert (store.cursor("shop", stream="events"), store.cursor("shop")) == ("job-7", None)
    assert seen() == {}


def test_many_parts_of_events_are_merged_and_swept(bring, seen, lake, engine):
    for number in range(51):
        bring({str(number % 40): f"kind {number}"})
    before = seen()
    part = lake.compact(engine, "shop", AT, feeds.EVENTS)
    assert (part.stream, part.rows, seen()) == ("events", 40, before)
    assert lake.compact(engine, "shop", AT) is None, "there are no orders to merge"
    assert lake.sweep(keep=part.seq) == 51
    assert seen() == before


def test_at_the_door_of_a_source_of_events_alone_people_are_known_as_we_show_them(store):
    accounts = (("shop", "7"), ("outlet", "9"))
    gone = Somebody(("7", "outlet:9"), ("ann@x.org",), ("+442079460000",), accounts)
    store.begin_forgetting(gone, AT)
    shown = ("7", " outlet:9", "ann@x.org", "+442079460000", "9", "outlet:7", "8")
    rows = [
        {"event_id": i, "customer_id": i, "kind": "site_click", "occurred_at": AT} for i in shown
    ]
    page = Page(pa.Table.from_pylist(rows, EVENTS), "e")

    def admitted(home):
        kept = Door(store, "mail", None, home).admitted(page).rows.read_all()
        return kept["event_id"].to_pylist()

    assert admitted("shop") == ["9", "outlet:7", "8"]
    assert "7" in admitted(None), "by its own ids it may be somebody else"


def test_an_event_stands_in_a_page_once(lake, seen):
    row = {"event_id": "1", "kind": "site_click", "occurred_at": AT}
    page = Page(pa.Table.from_pylist([row, row], EVENTS), "e")
    with pytest.raises(BrokenConnector, match="the event '1' twice in one page"):
        lake.write("shop", page, None, AT, feeds.EVENTS)
    assert seen() == {}
