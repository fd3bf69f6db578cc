"""PostgreSQL: what the operator reads when it cannot be used, and what two processes see."""

from __future__ import annotations

import socket
import sys
from datetime import UTC, date, datetime
from urllib.parse import quote

import psycopg
import pytest
import sqlalchemy as sa

from sync.store import Store, StoreError, dialect
from sync.store.dialect import MIGRATING
from sync.store.tables import cursors, lease

DAY = date(1998, 4, 1)
NOW = datetime(1998, 4, 2, 5, tzinfo=UTC)
SECRET = "hunter2-canary"


@pytest.fixture
def url(postgresql, postgresql_template):
    made = postgresql.fresh(postgresql_template)
    yield made
    postgresql.drop(made)


@pytest.fixture
def impatient(monkeypatch) -> None:
    """Whoever has to wait for another's lock gives up soon."""
    monkeypatch.setattr(dialect, "BUSY_SECONDS", 0.05)


def failing(url: str) -> str:
    with pytest.raises(StoreError) as told:
        Store(url)
    sentence = str(told.value)
    for secret in (SECRET, "a p@ss/word", quote("a p@ss/word", safe="")):
        assert secret not in sentence
    return sentence


def test_a_wrong_password_is_told_and_never_shown(url) -> None:
    wrong = sa.make_url(url).set(password=SECRET).render_as_string(hide_password=False)
    assert "refuses the password; check user and password in state_url" in failing(wrong)
    nobody = sa.make_url(url).set(username="nobody", password=SECRET)
    assert "check user and password" in failing(nobody.render_as_string(hide_password=False))


def test_a_database_that_is_not_there_is_named(url) -> None:
    told = failing(f"{url.rpartition('/')[0]}/nowhere")
    assert told.startswith("the state database nowhere at 127.0.0.1:")
    assert "does not exist on that server" in told


def test_a_server_that_cannot_be_reached_is_named() -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    told = failing(f"postgresql+psycopg://me:{SECRET}@127.0.0.1:{port}/tidesman")
    assert f"tidesman at 127.0.0.1:{port} cannot be reached: nobody listens there" in told


def test_without_its_driver_the_way_to_install_it_is_told(monkeypatch) -> None:
    monkeypatch.setitem(sys.modules, "psycopg", None)
    assert "pip install 'tidesman[postgres]'" in failing(f"postgresql://me:{SECRET}@localhost/x")


def test_a_url_that_cannot_be_read_is_not_shown() -> None:
    assert "is no database URL" in failing(f"postgresql+psycopg://me:{SECRET}@host:port:5432/x/")


@pytest.mark.parametrize("scheme", ["postgresql", "postgres", "postgresql+psycopg"])
def test_each_usual_name_of_postgresql_will_do(url, scheme) -> None:
    Store(url.replace("postgresql+psycopg", scheme, 1)).close()


def test_a_read_is_of_one_moment(url) -> None:
    reader, writer = Store(url), Store(url)
    with reader.read() as connection:
        assert connection.execute(sa.select(cursors.c.cursor)).all() == []
        writer.save_cursor("shop", "c1", NOW)
        assert connection.execute(sa.select(cursors.c.cursor)).all() == []
    assert reader.cursor("shop") == "c1"
    with pytest.raises(StoreError, match="read-only"), reader.read() as connection:
        connection.execute(sa.delete(cursors))
    reader.close()
    writer.close()


@pytest.mark.usefixtures("impatient")
def test_of_two_who_come_first_at_once_one_gets_the_lease(url) -> None:
    one, two = Store(url), Store(url)
    with one.begin() as connection:
        # the other one is in the middle of taking it
        row = {"name": "run", "owner": "one", "token": 1, "expires_at": NOW}
        connection.execute(sa.insert(lease), row)
        with pytest.raises(StoreError, match="being written by another process"):
            two.acquire("run", "two", NOW, 60)
    assert two.acquire("run", "two", NOW, 60) == 2
    one.close()
    two.close()


def test_who_is_paused_in_the_middle_of_a_write_blocks_the_others_for_a_minute(url) -> None:
    paused, other = Store(url), Store(url)
    paused.acquire("run", "paused", NOW, 0)
    with (  # noqa: PT012 - the last statement of the transaction is the one that fails
        pytest.raises(StoreError, match="was paused"),
        paused.begin() as connection,
    ):
        (told,) = connection.exec_driver_sql("SHOW idle_in_transaction_session_timeout").one()
        assert told == "1min"
        connection.exec_driver_sql("SET LOCAL idle_in_transaction_session_timeout = 50")
        connection.execute(sa.update(lease).values(owner="late"))
        # waits for the row until the server has ended the other's transaction
        assert other.acquire("run", "other", NOW, 60) == 2
        connection.execute(sa.select(lease))
    assert other.holder("run", NOW) == "other"
    paused.close()
    other.close()


@pytest.mark.usefixtures("impatient")
def test_whoever_waits_for_a_migration_is_told_so(postgresql) -> None:
    url = postgresql.fresh()
    with psycopg.connect(url.replace("+psycopg", "")) as first:
        first.execute("SELECT pg_advisory_xact_lock(%s)", (MIGRATING,))
        with pytest.raises(StoreError, match="being written by another process"):
            Store(url)
    Store(url).close()
    postgresql.drop(url)
