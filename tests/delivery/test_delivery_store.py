"""The store: what it keeps, and what it says when it cannot."""

from __future__ import annotations

import shutil
import sqlite3
import threading
from datetime import UTC, date, datetime, timedelta, timezone

import pyarrow as pa
import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy.exc import IntegrityError, StatementError

from sync.migrations import HEAD
from sync.store import (
    LeaseLost,
    Moved,
    NewSnapshot,
    OutboxEvent,
    Status,
    Store,
    StoreError,
    StoreMissing,
)
from sync.store.tables import metadata, outbox, runs

DAY = date(1998, 4, 1)
NOW = datetime(1998, 4, 2, 5, tzinfo=UTC)


def sqlite_url(tmp_path) -> str:
    return f"sqlite:///{tmp_path}/state.db"


def test_the_migrations_make_just_the_tables(store) -> None:
    with store.engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []


def test_the_newest_revision_is_the_one_that_is_expected() -> None:
    config = Config()
    config.set_main_option("script_location", "sync:migrations")
    config.set_main_option("path_separator", "os")
    assert ScriptDirectory.from_config(config).get_heads() == [HEAD]


def test_it_is_safe_against_power_cuts(tmp_path) -> None:
    store = Store(sqlite_url(tmp_path))
    with store.read() as connection:
        told = {
            name: connection.exec_driver_sql(f"PRAGMA {name}").scalar()
            for name in ("journal_mode", "synchronous", "foreign_keys")
        }
    store.close()
    assert told == {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1}


def test_two_processes_may_open_a_new_store_at_once(empty_url) -> None:
    problems = []

    def open_it() -> None:
        try:
            Store(empty_url).close()
        except Exception as error:  # noqa: BLE001 - it is looked at below
            problems.append(error)

    threads = [threading.Thread(target=open_it) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert problems == []


def test_a_moment_without_a_zone_is_refused_and_others_come_back_in_utc(store) -> None:
    with pytest.raises(StatementError, match="no time zone"):
        store.start_run(DAY, NOW.replace(tzinfo=None))
    away = datetime(1998, 4, 2, 7, 30, tzinfo=timezone(timedelta(hours=2)))
    run = store.start_run(DAY, away)
    found = store.run(run.id)
    assert found.started_at == away
    assert found.started_at.tzinfo is UTC


def test_a_write_that_fails_leaves_nothing(store) -> None:
    def half() -> None:
        with store.begin() as connection:
            connection.execute(
                sa.insert(runs).values(id="x", as_of=DAY, started_at=NOW, status=Status.RUNNING)
            )
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        half()
    assert store.run("x") is None


def test_reading_only_is_enforced_by_the_database(state_url) -> None:
    Store(state_url).close()
    reader = Store(state_url, read_only=True)
    with pytest.raises(StoreError, match="for reading only"):
        reader.start_run(DAY, NOW)
    with pytest.raises(StoreError, match="read-only"), reader.read() as connection:
        connection.exec_driver_sql("DELETE FROM runs")
    reader.close()


def test_reading_what_is_not_there_says_so(tmp_path) -> None:
    with pytest.raises(StoreMissing, match="no state database at"):
        Store(sqlite_url(tmp_path), read_only=True)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("read_only", [True, False])
def test_a_damaged_file_is_named(tmp_path, read_only) -> None:
    (tmp_path / "state.db").write_bytes(b"this is no database at all, it is text" * 100)
    with pytest.raises(StoreError, match=r"state\.db is not a state database, or is damaged"):
        Store(sqlite_url(tmp_path), read_only=read_only)


def test_a_damaged_page_is_named(tmp_path) -> None:
    store = Store(sqlite_url(tmp_path))
    for _ in range(50):
        store.start_run(DAY, NOW)
    store.close()
    path = tmp_path / "state.db"
    content = bytearray(path.read_bytes())
    content[4096:] = b"\xff" * (len(content) - 4096)
    path.write_bytes(content)

    def read() -> None:
        damaged = Store(sqlite_url(tmp_path))
        try:
            damaged.recent_runs(10)
        finally:
            damaged.close()

    with pytest.raises(StoreError, match="is damaged"):
        read()


@pytest.mark.parametrize("read_only", [True, False])
def test_a_newer_schema_is_not_touched(store, state_url, read_only) -> None:
    with store.begin() as connection:
        connection.execute(sa.text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(StoreError, match="written by a newer Tidesman"):
        Store(state_url, read_only=read_only)


def test_an_older_schema_is_left_alone_by_a_reader(tmp_path) -> None:
    sqlite3.connect(tmp_path / "state.db").execute("CREATE TABLE x (y)").connection.close()
    with pytest.raises(StoreError, match="older version"):
        Store(sqlite_url(tmp_path), read_only=True)


def test_a_full_disk_is_told_and_nothing_is_half_written(tmp_path) -> None:
    store = Store(sqlite_url(tmp_path))
    with store.engine.connect() as connection:
        pages = connection.exec_driver_sql("PRAGMA page_count").scalar()
        connection.exec_driver_sql(f"PRAGMA max_page_count = {pages + 2}")
    before = len(store.recent_runs(10_000))
    with pytest.raises(StoreError, match="the disk is full"):
        store.save_model(DAY, "x" * 1_000_000, NOW)
    assert store.latest_model() is None
    assert len(store.recent_runs(10_000)) == before
    store.close()


@pytest.mark.parametrize(
    ("bad", "said"),
    [
        ("nonsense", "no database URL"),
        ("sqlite://", "needs a file"),
        ("oracle+oracledb://x/y", "kept in sqlite or postgresql"),
    ],
)
def test_a_url_that_cannot_be_used_is_told(bad, said) -> None:
    with pytest.raises(StoreError, match=said):
        Store(bad)


def test_a_folder_that_cannot_be_made_is_named(tmp_path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match="folder"):
        Store(f"sqlite:///{tmp_path}/file/below/state.db")


# runs


def test_a_run_that_is_not_done_goes_on_under_its_own_id(store) -> None:
    first = store.start_run(DAY, NOW)
    store.finish_run(first.id, Status.HELD, {"a": 1}, NOW)
    assert store.unfinished_run(DAY).id == first.id
    store.resume_run(first.id)
    assert store.run(first.id).status is Status.RUNNING
    store.finish_run(first.id, Status.DONE, {"a": [0, False, ""]}, NOW)
    assert store.unfinished_run(DAY) is None
    assert store.last_run().report == {"a": [0, False, ""]}
    assert store.start_run(DAY, NOW).id == f"{DAY}-2"


def test_of_the_runs_of_one_moment_the_last_is_the_newest(store) -> None:
    made = [store.start_run(DAY, NOW).id for _ in range(11)]
    assert store.last_run().id == made[-1] == f"{DAY}-11"


def test_a_step_is_what_was_last_said_of_it(store) -> None:
    run = store.start_run(DAY, NOW)
    store.step(run.id, "ingest", NOW)
    store.step(run.id, "ingest", NOW, NOW, 0.5, {"orders": 0})
    (step,) = store.steps(run.id)
    assert (step.seconds, step.result) == (0.5, {"orders": 0})
    with pytest.raises(IntegrityError):
        store.step("no such run", "ingest", NOW)


# parts


def test_a_part_and_its_cursor_are_one_fact(store) -> None:
    part = store.save_part("shop", "a.parquet", 3, NOW, cursor="c1")
    assert (store.cursor("shop"), store.cursor("other")) == ("c1", None)
    assert store.parts("shop") == [part]
    assert store.lake_version() == part.seq


def test_a_later_part_of_a_unit_stands_in_the_place_of_the_earlier(store) -> None:
    one = store.save_part("shop", "1", 3, NOW, unit="a.csv")
    two = store.save_part("shop", "2", 3, NOW, unit="b.csv")
    other = store.save_part("else", "3", 3, NOW, unit="a.csv")
    new = store.save_part("shop", "4", 0, NOW, unit="a.csv")
    assert [p.seq for p in store.parts("shop")] == [two.seq, new.seq]
    assert [p.seq for p in store.parts()] == [two.seq, other.seq, new.seq]
    # and as it was before
    assert [p.seq for p in store.parts("shop", up_to=other.seq)] == [one.seq, two.seq]


def test_a_merged_part_replaces_those_it_names(store) -> None:
    old = [store.save_part("shop", str(n), 1, NOW).seq for n in range(3)]
    merged = store.save_part("shop", "all", 3, NOW, replaces=old)
    assert store.parts() == [merged]
    assert len(store.parts(up_to=old[-1])) == 3


# versions


def test_models_and_thresholds_come_back_word_for_word(store) -> None:
    assert (store.latest_model(), store.latest_thresholds()) == (None, None)
    body = '{"a": 0.1000, "b":1e-07}'
    one = store.save_model(DAY, body, NOW)
    two = store.save_model(DAY, "second", NOW)
    assert store.model(one).body == body
    assert (store.latest_model().version, store.latest_model().made_on) == (two, DAY)
    three = store.save_thresholds("{}", "maria", NOW)
    assert store.thresholds(three) == store.latest_thresholds()
    assert store.latest_thresholds().made_by == "maria"


# publishing


def new(run_id) -> NewSnapshot:
    return NewSnapshot(run_id, DAY, "p.parquet", 2, None, 1, 0, {"schemes": ["rfm"]}, NOW)


def moves(*rows) -> pa.Table:
    names = ["customer_id", "scheme", "from_segment", "to_segment", "cause"]
    return pa.table({n: pa.array([r[i] for r in rows], pa.string()) for i, n in enumerate(names)})


EVENT = OutboxEvent("e1", "klaviyo", "1", "name", "{}", NOW)


def test_those_first_seen_in_a_first_load_are_no_transitions(store) -> None:
    run = store.start_run(DAY, NOW)
    store.publish(new(run.id), moves(["1", "rfm", None, "B", "first seen"]), [])
    assert store.transitions_of(run.id) == []
    run = store.start_run(DAY, NOW)
    rows = [
        ["2", "rfm", None, "B", "first seen"],
        ["1", "rfm", "B", "C", "purchase"],
        ["3", "rfm", "B", "C", "purchase"],
    ]
    store.publish(new(run.id), moves(*rows), [])
    assert store.transitions_of(run.id) == [
        Moved("rfm", "B", "C", "purchase", 2),
        Moved("rfm", None, "B", "first seen", 1),
    ]
    (move,) = store.history("1")
    assert (move.from_segment, move.run_id, move.as_of) == ("B", run.id, DAY)


def test_a_run_publishes_once(store) -> None:
    run = store.start_run(DAY, NOW)
    one = store.publish(new(run.id), moves(), [EVENT])
    again = store.publish(new(run.id), moves(["1", "rfm", "A", "B", "x"]), [])
    assert one == again == store.latest_snapshot() == store.snapshot_of(run.id)
    assert store.transitions_of(run.id) == []
    assert store.snapshot_before(one) is None


def test_an_event_is_put_to_the_outbox_once(store) -> None:
    for _ in range(2):
        run = store.start_run(DAY, NOW)
        store.publish(new(run.id), moves(), [EVENT])
    with store.read() as connection:
        assert connection.execute(sa.select(sa.func.count()).select_from(outbox)).scalar() == 1


def test_publishing_is_all_or_nothing(store) -> None:
    run = store.start_run(DAY, NOW)

    def failing():
        yield EVENT
        raise OSError("gone")

    with pytest.raises(OSError, match="gone"):
        store.publish(new(run.id), moves(["1", "rfm", "A", "B", "x"]), failing())
    assert store.latest_snapshot() is None
    assert store.history("1") == []


# the lease


def test_only_one_holds_the_lease_until_it_expires(state_url) -> None:
    one, two = Store(state_url), Store(state_url)
    token = one.acquire("run", "one", NOW, 60)
    assert two.acquire("run", "two", NOW + timedelta(seconds=59), 60) is None
    assert one.renew("run", token, NOW + timedelta(seconds=59), 60)
    assert two.acquire("run", "two", NOW + timedelta(seconds=100), 60) is None
    assert two.holder("run", NOW + timedelta(seconds=100)) == "one"
    taken = two.acquire("run", "two", NOW + timedelta(seconds=120), 60)
    assert taken > token
    assert not one.renew("run", token, NOW + timedelta(seconds=121), 60)
    one.close()
    two.close()


def test_a_holder_that_was_paused_past_its_lease_writes_nothing(state_url) -> None:
    one, two = Store(state_url), Store(state_url)
    one.acquire("run", "one", NOW, 60)
    run = one.start_run(DAY, NOW)
    two.acquire("run", "two", NOW + timedelta(seconds=61), 60)
    for write in (
        lambda: one.start_run(DAY, NOW),
        lambda: one.finish_run(run.id, Status.DONE, None, NOW),
        lambda: one.save_part("shop", "p", 1, NOW, cursor="c"),
        lambda: one.publish(new(run.id), moves(), []),
    ):
        with pytest.raises(LeaseLost, match="lost to two"):
            write()
    assert (two.cursor("shop"), two.latest_snapshot()) == (None, None)
    assert two.run(run.id).status is Status.RUNNING
    one.close()
    two.close()


def test_a_lease_that_was_given_back_can_be_taken_at_once(state_url) -> None:
    one, two = Store(state_url), Store(state_url)
    token = one.acquire("run", "one", NOW, 60)
    one.release("run", token, NOW)
    assert two.holder("run", NOW) is None
    assert two.acquire("run", "two", NOW, 60) == token + 1
    one.start_run(DAY, NOW)  # without a lease, as a command that only writes down an approval
    one.close()
    two.close()


def test_a_copy_of_the_file_is_a_whole_store(tmp_path) -> None:
    store = Store(sqlite_url(tmp_path))
    run = store.start_run(DAY, NOW)
    store.close()
    shutil.copy(tmp_path / "state.db", tmp_path / "copy.db")
    copy = Store(f"sqlite:///{tmp_path}/copy.db")
    assert copy.run(run.id) == run
    copy.close()
