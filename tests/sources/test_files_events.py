"""Events from files: which rows become events, of which kind, and what is told of the others."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime

import httpx
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from pydantic import ValidationError

from connectors.errors import Misconfigured
from connectors.sources.files import FileEvents, FileEventsOptions
from connectors.types import EVENTS

COLUMNS = {"event_id": "id", "customer_id": "user", "email": "mail", "kind": "event"}
HEADER = "id,user,mail,event,at\n"


@pytest.fixture
def pull(tmp_path):
    """Pull the folder; the events of each page, its faults, its cursor and its unit."""

    def pull(since=None, columns=None, **options):
        told = {"kind": "event", "occurred_at": "at", **(columns or COLUMNS)}
        made = FileEventsOptions(path=str(tmp_path), columns=told, timezone="UTC", **options)

        async def pages():
            source = FileEvents(made, transport=httpx.MockTransport(lambda _: None))
            await source.check()
            found = []
            async for page in source.events(since):
                table = page.rows.read_all()
                assert table.schema == EVENTS
                faults = {f.name: (f.count, f.example) for f in page.faults}
                found.append((table.to_pylist(), faults, page.cursor, page.unit))
            await source.aclose()
            return found

        return asyncio.run(pages())

    return pull


def test_rows_become_events_and_what_cannot_is_counted(tmp_path, pull):
    (tmp_path / "a.csv").write_text(
        HEADER
        + "1,7,Ann@X.org,Product Viewed,2026-01-02 10:00\n"
        + "2,,,Product Viewed,2026-01-02 11:00\n"  # nobody
        + "3,7,,Scrolled,whenever\n"  # not asked for, so its day does not matter
        + "4,8.0,,Email Link Clicked,2026-01-03T00:30:00+02:00\n"
        + "1,7,ann@x.org,Product Viewed,2026-01-02 10:05\n"  # told again
        + "5,9,,Product Viewed,soon\n"
    )
    kinds = {"Product Viewed": "site_click", "Email Link Clicked": "email_click"}
    [(events, faults, _, unit)] = pull(kinds=kinds, tolerate=0.5)
    assert [tuple(event.values()) for event in events] == [
        ("1", "7", "ann@x.org", None, "site_click", datetime(2026, 1, 2, 10, 5, tzinfo=UTC)),
        ("4", "8", None, None, "email_click", datetime(2026, 1, 2, 22, 30, tzinfo=UTC)),
    ]
    assert unit == str(tmp_path / "a.csv")
    assert faults["events of nobody who is named"] == (1, "a.csv, row 3")
    assert faults["events of other kinds"] == (1, "a.csv, row 4")
    assert faults["unreadable dates"][0] == 1
    assert faults["unreadable dates"][1].startswith("a.csv, row 7, column at: 'soon' is not a date")
    with pytest.raises(Misconfigured, match="1 of 6 rows cannot be read as events"):
        pull(kinds=kinds)
    (tmp_path / "a.csv").write_text(HEADER + "1,7,,Product Viewed,ann@x.org\n")
    with pytest.raises(Misconfigured, match="column at: an address is not a date") as told:
        pull()
    assert "ann@" not in str(told.value)


def test_only_files_that_changed_are_read_again_and_replace_what_they_brought(tmp_path, pull):
    for name in ("a", "b"):
        (tmp_path / f"{name}.csv").write_text(HEADER + f"{name},7,,site_click,2026-01-02\n")
    pages = pull()
    assert [page[3] for page in pages] == [str(tmp_path / f"{name}.csv") for name in "ab"]
    cursor = pages[-1][2]
    assert pull(cursor) == []
    (tmp_path / "b.csv").write_text(HEADER + "new,7,,site_click,2026-01-02\n")
    [(events, _, _, unit)] = pull(cursor)
    assert ([event["event_id"] for event in events], unit) == (["new"], str(tmp_path / "b.csv"))
    (tmp_path / "b.csv").write_text(HEADER)
    assert pull(cursor)[0][0] == [], "no event at all is no mistake"


def test_without_a_column_of_ids_equal_rows_are_one_event_wherever_they_stand(tmp_path, pull):
    columns = {"email": "mail"}
    row = '{"mail": "ann@x.org", "event": "email_open", "at": "2026-01-02T10:00:00Z"}\n'
    (tmp_path / "a.jsonl").write_text(row * 2 + row.replace("ann", "bob"))
    [(events, *_)] = pull(columns=columns)
    first = {event["email"]: event["event_id"] for event in events}
    assert len(events) == len(set(first.values())) == 2
    table = pa.table(
        {"at": ["2026-01-02T10:00:00Z"], "event": ["email_open"], "mail": ["ann@x.org"]}
    )
    pq.write_table(table, tmp_path / "b.parquet")
    again = pull(columns=columns)[1][0]
    assert [event["event_id"] for event in again] == [first["ann@x.org"]]


def test_a_column_that_is_not_there_is_named_with_the_nearest_one(tmp_path, pull):
    (tmp_path / "a.csv").write_text("id,user,mail,Event,at\n")
    with pytest.raises(Misconfigured, match=r"no column 'event' .columns.kind.; did you mean 'Ev"):
        pull()
    with pytest.raises(ValidationError, match="at least one of customer_id, email and phone"):
        pull(columns={"event_id": "id"})
