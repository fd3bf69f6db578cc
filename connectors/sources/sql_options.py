"""What the operator sets for a source that is a query."""

from __future__ import annotations

from hashlib import sha256
from typing import Self

from pydantic import Field, SecretStr, field_validator, model_validator

from connectors.base import Options
from connectors.sources.rows_events import EventRowOptions
from connectors.sources.rows_options import RowOptions
from connectors.sources.sql_database import Place
from connectors.sources.sql_select import LONGEST, reading


class QueryOptions(Options):
    """Options of a query. The database is a ``url`` or the ``path`` of a SQLite or DuckDB file.

    Without a ``cursor`` each pull brings all rows and takes the place of the last one.
    """

    url: SecretStr | None = Field(
        None,
        description="An SQLAlchemy URL, such as postgresql://user:password@host:5432/shop.",
    )
    path: str | None = Field(None, description="A SQLite or DuckDB file, in the place of url.")
    query: str = Field(
        max_length=LONGEST,
        description="One SELECT without LIMIT; it is sent in a transaction that cannot write.",
    )
    cursor: str | tuple[str, ...] = Field(
        (),
        description="The column that tells when a row changed, or several; left out, each pull"
        " brings all rows, so that it also shows what was deleted.",
    )
    overlap_hours: float = Field(
        48,
        ge=0,
        le=8784,
        description="How far behind the newest row a pull begins, for rows that come in late.",
    )
    overlap_steps: int = Field(
        1000, ge=0, description="The same where the cursor column holds numbers."
    )

    @field_validator("query")
    @classmethod
    def _reads(cls, value: str) -> str:
        return reading(value)

    @model_validator(mode="after")
    def _one_place(self) -> Self:
        if (self.url is None) == (self.path is None):
            raise ValueError("needs either url or path, to say where the database is")
        return self

    def place(self) -> Place:
        """Where the database is."""
        return Place(None if self.url is None else self.url.get_secret_value(), self.path)

    def cursors(self) -> tuple[str, ...]:
        """The cursor columns, also if there is only one."""
        return (self.cursor,) if isinstance(self.cursor, str) else self.cursor

    def meaning(self) -> str:
        """A digest of all that decides which rows come and how they are read."""
        elsewhere = {"url", "path", "overlap_hours", "overlap_steps"}
        return sha256(self.model_dump_json(exclude=elsewhere).encode()).hexdigest()[:16]


class SqlOptions(RowOptions, QueryOptions):
    """Options of a query for orders."""

    def whole(self) -> str | None:
        """The column whose rows are one thing, to be brought together; None: each is alone."""
        return self.columns.order_id if self.lines else None


class SqlEventsOptions(EventRowOptions, QueryOptions):
    """Options of a query for events."""

    def whole(self) -> str | None:
        """Each row is an event of its own."""
        return None
