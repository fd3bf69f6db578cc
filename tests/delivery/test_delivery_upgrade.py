"""A store of every schema there ever was is brought up to date with all its rows."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest
import sqlalchemy as sa
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from sync.store import Store
from sync.store.dialect import open_engine
from sync.store.tables import metadata

NOW = datetime(1998, 4, 2, 5, 0, 0, 123456, tzinfo=UTC)


def alembic() -> Config:
    config = Config()
    config.set_main_option("script_location", "sync:migrations")
    config.set_main_option("path_separator", "os")
    return config


RELEASED = [script.revision for script in ScriptDirectory.from_config(alembic()).walk_revisions()]


def rows(connection: sa.Connection) -> dict[str, list[dict]]:
    """All that is kept, as the database itself describes it."""
    found = sa.MetaData()
    found.reflect(connection)
    return {
        table.name: [dict(row) for row in connection.execute(sa.select(table)).mappings()]
        for table in found.sorted_tables
        if table.name != "alembic_version"
    }


def value(column: sa.Column, number: int) -> object:
    """Something that such a column may hold."""
    kind = column.type.python_type
    if column.name == "run_id" or (column.primary_key and column.name == "id"):
        return number if kind is int else f"run {number}"
    if isinstance(column.type, sa.JSON):
        return {"zero": 0, "false": False, "empty": ""}
    if kind is str and column.name.endswith("_at"):
        return NOW.isoformat(timespec="microseconds")
    if kind is str and column.primary_key:
        return f"Zoë\u2028\U0001f600 {number}"
    plain = {int: number, float: 0.5, bool: False, date: NOW.date(), datetime: NOW, str: ""}
    return plain[kind]


def fill(connection: sa.Connection) -> None:
    """Two rows in each table."""
    found = sa.MetaData()
    found.reflect(connection)
    for table in found.sorted_tables:
        if table.name != "alembic_version":
            made = [{c.name: value(c, number) for c in table.columns} for number in (1, 2)]
            connection.execute(sa.insert(table), made)


@pytest.mark.parametrize("revision", RELEASED)
def test_every_released_schema_is_brought_up_to_date_with_its_rows(empty_url, revision) -> None:
    engine = open_engine(empty_url, read_only=False)
    with engine.begin() as connection:
        config = alembic()
        config.attributes["connection"] = connection
        command.upgrade(config, revision)
        fill(connection)
        before = rows(connection)
    engine.dispose()
    assert all(len(kept) == 2 for kept in before.values())
    store = Store(empty_url)
    with store.read() as connection:
        after = rows(connection)
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []
    for table, kept in before.items():
        known = [{name: row[name] for name in kept[0]} for row in after[table]]
        assert known == kept, table
    run = store.start_run(NOW.date(), NOW)
    store.step(run.id, "ingest", NOW)
    store.close()
