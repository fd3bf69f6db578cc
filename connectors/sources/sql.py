"""Orders or events from a database: one query, whose rows are read as those of a file.

With a cursor column a pull brings what has changed since the last one, with an overlap. Without
one each pull is a whole: it replaces the last one, so that what was deleted goes. The rows of a
pull are as of one moment. No row is used before all were looked at: rows without a key, and keys
that stand twice, are counted and told, set aside or refused.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from functools import partial

from connectors.base import Source
from connectors.sources.rows_events import RowEvents
from connectors.sources.rows_orders import RowOrders
from connectors.sources.sql_options import SqlEventsOptions, SqlOptions
from connectors.sources.sql_pull import look, pulled
from connectors.types import Page

__all__ = ["Sql", "SqlEvents", "SqlEventsOptions", "SqlOptions"]


class Sql(Source[SqlOptions]):
    """A query on a database behind an SQLAlchemy URL, or on a SQLite or DuckDB file."""

    options_class = SqlOptions

    async def check(self) -> None:
        """Send the query for its columns alone; raises with what is missing."""
        await asyncio.to_thread(look, self.options)

    def orders(self, since: str | None) -> AsyncIterator[Page]:
        """One page of all that is new, or of all there is; none if that is what was brought last.

        A page's tables are streams that end with the next page. Raises Misconfigured if a column
        is missing, if too many rows cannot be read, or if there is no order at all.
        """
        read = partial(RowOrders, options=self.options)
        return pulled(self.options, since, read, needed=True)


class SqlEvents(Source[SqlEventsOptions]):
    """Events by a query, one a row: the tables of Segment, RudderStack or GA4, or of one's own."""

    options_class = SqlEventsOptions

    async def check(self) -> None:
        """Send the query for its columns alone; raises with what is missing."""
        await asyncio.to_thread(look, self.options)

    def events(self, since: str | None) -> AsyncIterator[Page]:
        """One page of all that is new, or of all there is. Raises as ``Sql``."""
        read = partial(RowEvents, options=self.options)
        return pulled(self.options, since, read, needed=False)
