"""A state database of the first schema keeps its thresholds in force."""

import sqlite3
from datetime import UTC, datetime

import pytest
from alembic import command
from alembic.config import Config

from sync.store import Store, StoreError
from sync.store.dialect import open_engine

THEN, NOW = datetime(2026, 1, 2, 5, tzinfo=UTC), datetime(2026, 3, 1, 9, tzinfo=UTC)


@pytest.fixture
def old(tmp_path):
    """A database as the first version left it, with two thresholds that were accepted."""
    url = f"sqlite:///{tmp_path}/state.db"
    engine = open_engine(url, read_only=False)
    config = Config()
    config.set_main_option("script_location", "sync:migrations")
    config.set_main_option("path_separator", "os")
    with engine.connect() as plain:
        connection = plain.execution_options(writes=True)
        with connection.begin():
            config.attributes["connection"] = connection
            command.upgrade(config, "0001")
    engine.dispose()
    with sqlite3.connect(tmp_path / "state.db") as state:
        state.executemany(
            "INSERT INTO thresholds (accepted_at, accepted_by, body) VALUES (?, ?, ?)",
            [(THEN.isoformat(timespec="microseconds"), by, by) for by in ("maria", "jan")],
        )
        state.execute("DELETE FROM thresholds WHERE version = 1")
    return url


def test_what_was_accepted_stays_in_force(old):
    store = Store(old)
    (kept,) = store.thresholds_history()
    assert (kept.version, kept.body) == (2, "jan")
    assert (kept.proposed_at, kept.proposed_by) == (kept.accepted_at, kept.accepted_by)
    assert (kept.accepted_at, kept.accepted_by) == (THEN, "jan")
    assert store.latest_thresholds().version == 2
    assert store.propose_thresholds("{}", "eva", NOW) == 3, "a number is never given twice"
    assert store.latest_thresholds().version == 2
    store.close()


def test_looking_only_does_not_change_an_old_database(old):
    with pytest.raises(StoreError, match="older version"):
        Store(old, read_only=True)


def test_the_one_accepted_last_is_in_force_whatever_its_number(old):
    store = Store(old)
    one, two = (store.propose_thresholds(body, "eva", THEN) for body in ("one", "two"))
    assert store.accept_thresholds(two, "jan", NOW) == two
    later = NOW.replace(hour=10)
    assert store.accept_thresholds(one, "jan", later) == one
    assert store.latest_thresholds().body == "one"
    with pytest.raises(StoreError, match="no thresholds of version 99"):
        store.accept_thresholds(99, "jan", later)
    store.close()
