"""The tables. The migrations make them; a test holds the two against each other."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeDecorator, TypeEngine

metadata = sa.MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)


def moment_text(value: datetime) -> str:
    """A moment as SQLite keeps it: ISO 8601 in UTC, microseconds always, so that text sorts."""
    if value.tzinfo is None:
        raise ValueError(f"{value.isoformat()} has no time zone; moments are kept in UTC")
    return value.astimezone(UTC).isoformat(timespec="microseconds")


class Moment(TypeDecorator[datetime]):
    """An aware moment: text in UTC on SQLite, ``timestamptz`` on PostgreSQL. Refuses naive ones."""

    impl = sa.String
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """Text where the database has no moments with a zone."""
        if dialect.name == "sqlite":
            return dialect.type_descriptor(sa.String())
        return dialect.type_descriptor(sa.DateTime(timezone=True))

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> str | datetime | None:
        """To the database, in UTC."""
        if value is None:
            return None
        text = moment_text(value)
        return text if dialect.name == "sqlite" else value.astimezone(UTC)

    def process_result_value(
        self,
        value: str | datetime | None,
        dialect: Dialect,  # noqa: ARG002
    ) -> datetime | None:
        """From the database, aware."""
        if value is None:
            return None
        moment = datetime.fromisoformat(value) if isinstance(value, str) else value
        return moment.astimezone(UTC)


JSON = sa.JSON(none_as_null=True)
#: A counter that never gives a number twice; SQLite counts only in plain INTEGER columns.
SERIAL = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


Kind = TypeEngine[Any] | type[TypeEngine[Any]]


def _required(name: str, kind: Kind) -> sa.Column[Any]:
    return sa.Column(name, kind, nullable=False)


runs = sa.Table(
    "runs",
    metadata,
    sa.Column("id", sa.String, primary_key=True),
    _required("as_of", sa.Date),
    _required("started_at", Moment),
    sa.Column("finished_at", Moment),
    _required("status", sa.String),
    sa.Column("report", JSON),
)

steps = sa.Table(
    "steps",
    metadata,
    sa.Column("run_id", sa.ForeignKey("runs.id"), primary_key=True),
    sa.Column("name", sa.String, primary_key=True),
    _required("started_at", Moment),
    sa.Column("finished_at", Moment),
    sa.Column("seconds", sa.Float),
    sa.Column("result", JSON),
)

approvals = sa.Table(
    "approvals",
    metadata,
    sa.Column("id", SERIAL, primary_key=True),
    sa.Column("run_id", sa.ForeignKey("runs.id"), nullable=False, index=True),
    _required("up_to", sa.Integer),
    _required("approved_by", sa.String),
    _required("approved_at", Moment),
)

cursors = sa.Table(
    "cursors",
    metadata,
    sa.Column("source", sa.String, primary_key=True),
    _required("cursor", sa.String),
    _required("updated_at", Moment),
    sa.Column("stream", sa.String, primary_key=True),
)

#: ``began_*`` are of a full recheck that is under way, ``began_history`` in days; the counts are of
#: the last one that came to its end.
pulls = sa.Table(
    "pulls",
    metadata,
    sa.Column("source", sa.String, primary_key=True),
    sa.Column("pulled_at", Moment),
    sa.Column("began_at", Moment),
    sa.Column("began_version", sa.BigInteger),
    sa.Column("began_history", sa.Float),
    sa.Column("rechecked_at", Moment),
    sa.Column("gone", sa.BigInteger),
    sa.Column("changed", sa.BigInteger),
    sa.Column("found", sa.BigInteger),
    sa.Column("began_unread", sa.BigInteger),
)

parts = sa.Table(
    "parts",
    metadata,
    sa.Column("seq", SERIAL, primary_key=True),
    _required("source", sa.String),
    sa.Column("unit", sa.String),
    _required("path", sa.String),
    _required("rows", sa.BigInteger),
    sa.Column("run_id", sa.String),
    _required("written_at", Moment),
    sa.Column("replaced_by", sa.BigInteger),
    _required("stream", sa.String),
    sa.Index(None, "source", "unit"),
    sqlite_autoincrement=True,
)

models = sa.Table(
    "models",
    metadata,
    sa.Column("version", SERIAL, primary_key=True),
    _required("fitted_on", sa.Date),
    _required("created_at", Moment),
    _required("body", sa.String),
    sqlite_autoincrement=True,
)

#: In force is what was accepted last; what is only proposed has no ``accepted_at``.
thresholds = sa.Table(
    "thresholds",
    metadata,
    sa.Column("version", SERIAL, primary_key=True),
    sa.Column("accepted_at", Moment),
    sa.Column("accepted_by", sa.String),
    _required("body", sa.String),
    _required("proposed_at", Moment),
    _required("proposed_by", sa.String),
    sqlite_autoincrement=True,
)

snapshots = sa.Table(
    "snapshots",
    metadata,
    sa.Column("id", SERIAL, primary_key=True),
    sa.Column("run_id", sa.ForeignKey("runs.id"), nullable=False, unique=True),
    _required("as_of", sa.Date),
    _required("path", sa.String),
    _required("customers", sa.BigInteger),
    sa.Column("model_version", sa.BigInteger),
    sa.Column("thresholds_version", sa.BigInteger),
    _required("lake_version", sa.BigInteger),
    _required("settings", JSON),
    _required("created_at", Moment),
    sa.Column("reading", JSON),
    sqlite_autoincrement=True,
)

transitions = sa.Table(
    "transitions",
    metadata,
    sa.Column("id", SERIAL, primary_key=True),
    sa.Column("run_id", sa.ForeignKey("runs.id"), nullable=False, index=True),
    _required("as_of", sa.Date),
    sa.Column("customer_id", sa.String, nullable=False, index=True),
    _required("scheme", sa.String),
    sa.Column("from_segment", sa.String),
    _required("to_segment", sa.String),
    _required("cause", sa.String),
)

#: ``value`` is what was put on the wire; once acknowledged it moves to ``accepted``.
ledger = sa.Table(
    "ledger",
    metadata,
    sa.Column("destination", sa.String, primary_key=True),
    sa.Column("channel", sa.String, primary_key=True),
    sa.Column("customer_id", sa.String, primary_key=True),
    _required("wanted", sa.String),
    sa.Column("value", sa.String),
    _required("mark", sa.String),
    sa.Column("accepted", sa.String),
    sa.Column("reason", sa.String),
    sa.Column("ticket", sa.String),
    _required("run_id", sa.String),
    _required("updated_at", Moment),
    sqlite_with_rowid=False,
)

outbox = sa.Table(
    "outbox",
    metadata,
    sa.Column("id", sa.String, primary_key=True),
    _required("destination", sa.String),
    _required("customer_id", sa.String),
    _required("name", sa.String),
    _required("payload", sa.String),
    _required("occurred_at", Moment),
    _required("backfill", sa.Boolean),
    _required("mark", sa.String),
    sa.Column("reason", sa.String),
    sa.Column("ticket", sa.String),
    _required("run_id", sa.String),
    _required("updated_at", Moment),
    sa.Index(None, "destination", "mark"),
    sa.Index(None, "destination", "run_id"),
)

jobs = sa.Table(
    "jobs",
    metadata,
    sa.Column("destination", sa.String, primary_key=True),
    sa.Column("ticket", sa.String, primary_key=True),
    _required("kind", sa.String),
    _required("channel", sa.String),
    _required("submitted_at", Moment),
    _required("polls", sa.Integer),
    _required("next_poll_at", Moment),
)

#: ``told_at`` is null while a channel is yet to be told; what it knows to have ended has no row.
alerts = sa.Table(
    "alerts",
    metadata,
    sa.Column("channel", sa.String, primary_key=True),
    sa.Column("condition", sa.String, primary_key=True),
    _required("says", sa.String),
    _required("since", Moment),
    sa.Column("told_at", Moment),
    sa.Column("failure", sa.String),
)

lease = sa.Table(
    "lease",
    metadata,
    sa.Column("name", sa.String, primary_key=True),
    _required("owner", sa.String),
    _required("token", sa.BigInteger),
    _required("expires_at", Moment),
)

#: Salted hashes of ids, e-mail addresses and phone numbers whose orders are dropped at the pull.
forgotten = sa.Table(
    "forgotten",
    metadata,
    sa.Column("digest", sa.String, primary_key=True),
    _required("forgotten_at", Moment),
)

#: Who is being forgotten, in clear, until all of it is done.
forgetting = sa.Table(
    "forgetting",
    metadata,
    sa.Column("digest", sa.String, primary_key=True),
    _required("body", sa.String),
    _required("begun_at", Moment),
)

salt = sa.Table("salt", metadata, sa.Column("value", sa.String, primary_key=True))

#: A row without ``vendor_id``: nothing bore that name when we looked, and we were about to make it.
#: ``opened_at`` is when its first load was let go.
audiences = sa.Table(
    "audiences",
    metadata,
    sa.Column("destination", sa.String, primary_key=True),
    sa.Column("name", sa.String, primary_key=True),
    sa.Column("vendor_id", sa.String),
    _required("begun_at", Moment),
    sa.Column("opened_at", Moment),
)
