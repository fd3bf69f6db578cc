"""One source on its way into the lake: page after page, and begun anew where it broke off.

Each page is safe in the lake, with its cursor, before the next one is asked for. A source keeps no
state, so after a wait it is simply asked again from the last stored cursor.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from functools import partial
from typing import TYPE_CHECKING

from connectors.types import Coverage, Fault, Page
from sync.door import Door
from sync.failpoints import reach
from sync.feeds import EVENTS, FEEDS, ORDERS, Feed
from sync.progress import Progress
from sync.reading import home_of, published
from sync.wire import Pace, Stop, Stopping, Wire

if TYPE_CHECKING:
    from sync.app import App

#: More attempts than a delivery has, as a source that is left out keeps the whole day waiting.
PACE = Pace(attempts=8)


class Intake:
    """Brings what is new at one source into the lake; ``rows`` counts it by stream, with what was
    before.

    ``faults`` and ``aside`` (whether rows were set aside) tell of the pages that were stored.
    """

    def __init__(self, app: App, name: str, run_id: str, progress: Progress, stop: Stop) -> None:
        self.app, self.name, self.run_id = app, name, run_id
        self.progress, self.stop = progress, stop
        self.rows = {feed.name: app.store.rows_of(name, run_id, feed.name) for feed in FEEDS}
        self.faults: list[Fault] = []
        self.aside = False
        self.transport = app.transport()
        self.transport.stop = stop
        self.transport.on_wait = partial(progress.wait, name)
        self.source = app.source(name, self.transport)
        told = self.source.secrets()
        self.wire = Wire(PACE, app.clock, stop, secrets=told, on_wait=self._waits)
        self._lake = app.lake()
        self._feed = ORDERS
        self._door = self._a_door()
        self._pages: AsyncIterator[Page] | None = None
        # hashes alone: the cursors of a folder with many files are long
        self._seen: set[int] = set()

    async def probe(self) -> Coverage | None:
        """How much of the shop the source can see; None if asked to stop before it answered."""
        self._tell()
        try:
            return await self.wire.again(self.source.probe)
        except Stopping:
            return None

    async def to_the_end(self, feed: Feed = ORDERS) -> bool:
        """Store page after page; False if asked to stop before the source came to its end.

        Goes on by itself after Throttled and NotReady, which cost nothing, and after Unavailable
        as often in a row as ``PACE`` has it: a stored page renews that if its cursor is one that
        this pull has not seen. Raises all else.
        """
        self._feed, self._door = feed, self._a_door()
        self._seen = {hash(self.app.store.cursor(self.name, stream=feed.name))}
        try:
            while await self.wire.again(self._onward):
                if self.stop.is_set():
                    return False
        except Stopping:
            return False
        finally:
            await self._begin_anew()
        return True

    async def aclose(self) -> None:
        """Give back connections."""
        await self.source.aclose()

    async def _onward(self) -> bool:
        """Store pages up to the first with a new cursor; False at the end.

        A source that begins some way behind its cursor brings the same pages after each failure.
        """
        while (cursor := await self._page()) is not None:
            if hash(cursor) not in self._seen or self.stop.is_set():
                self._seen.add(hash(cursor))
                return True
        return False

    async def _page(self) -> str | None:
        """Ask for one page and store it; its cursor, or None at the end."""
        try:
            page = await self._next()
            if page is None:
                return None
            self._store(page)
        except BaseException:
            await self._begin_anew()
            raise
        return page.cursor

    async def _next(self) -> Page | None:
        pages = self._pages
        if pages is None:
            since = self.app.store.cursor(self.name, stream=self._feed.name)
            bring = self.source.events if self._feed is EVENTS else self.source.orders
            pages = self._pages = bring(since)
        return await anext(pages, None)

    def _store(self, page: Page) -> None:
        now = self.app.clock.now()
        # of a page that broke off before; it is counted when it comes again
        self._door.faults()
        page = self._door.admitted(page)
        unread = sum(fault.count for fault in page.faults if fault.unread)
        if unread and self._feed is ORDERS:
            # before the page, as no recheck may end without it
            self.app.store.could_not_read(self.name, unread)
        part = self._lake.write(self.name, page, self.run_id, now, self._feed)
        reach("ingest.page")
        self.rows[self._feed.name] += 0 if part is None else part.rows
        self.faults += (*page.faults, *self._door.faults())
        self.aside = self.aside or page.set_aside is not None
        self._tell()

    async def _begin_anew(self) -> None:
        """Close what is open at once: a generator left open is closed at some other time."""
        pages, self._pages = self._pages, None
        close = getattr(pages, "aclose", None)
        if close is not None:
            await close()

    def _tell(self) -> None:
        stream = self._feed.name
        self.progress.advance(self.name, self.rows[stream], None, f"{stream} pulled")

    def _a_door(self) -> Door:
        shown = self._feed is EVENTS and self.name not in self.app.store.brought(ORDERS.name)
        home = home_of(self.app, published(self.app)) if shown else None
        return Door(self.app.store, self.name, self.app.reading().phone_region, home)

    def _waits(self, seconds: float) -> None:
        self.progress.wait(self.name, seconds, self.wire.reason)
