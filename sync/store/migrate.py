"""Bring the schema up to date when the store is opened."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from sync.migrations import HEAD
from sync.store.dialect import one_at_a_time
from sync.store.errors import StoreError, StoreOutdated


def migrate(connection: Connection, *, apply: bool) -> None:
    """Apply the missing migrations inside the caller's transaction, or only check that none is.

    Raises StoreError if the store was written by a newer version, StoreOutdated if it is old and
    may not be changed.
    """
    stands_at = version(connection)
    if stands_at == HEAD:
        return
    if apply:
        one_at_a_time(connection)
        stands_at = version(connection)
        if stands_at == HEAD:
            return
    # Alembic is slow to import: only when there is something to migrate
    from alembic import command  # noqa: PLC0415
    from alembic.config import Config  # noqa: PLC0415
    from alembic.script import ScriptDirectory  # noqa: PLC0415

    config = Config()
    config.set_main_option("script_location", "sync:migrations")
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    known = {script.revision for script in ScriptDirectory.from_config(config).walk_revisions()}
    if stands_at is not None and stands_at not in known:
        raise StoreError(
            f"the state database was written by a newer Tidesman (schema {stands_at}; this one "
            f"knows up to {HEAD}); install that version or a later one"
        )
    if not apply:
        raise StoreOutdated(
            "the state database is of an older version of Tidesman; a run brings it up to date"
        )
    command.upgrade(config, "head")


def version(connection: Connection) -> str | None:
    """The schema's version as it stands in the database, None if it is empty."""
    if not sa.inspect(connection).has_table("alembic_version"):
        return None
    return connection.execute(sa.text("SELECT version_num FROM alembic_version")).scalar()
