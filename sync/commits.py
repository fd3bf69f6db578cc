"""Marks of several requests in one transaction: a commit costs the same for one as for all."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from sync.store import Store

Work = Callable[[], None]


class Commits:
    """Whoever has to write waits for the others that have to write in the same turn of the loop.

    All of them are one transaction, and nobody goes on before it is committed: no request begins
    before its mark stands. A kill before the commit undoes them together.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._waiting: list[tuple[Work, asyncio.Future[None]]] = []

    async def write(self, work: Work) -> None:
        """Have it written and committed. Raises what the transaction raised, to all in it."""
        loop = asyncio.get_running_loop()
        if not self._waiting:
            loop.call_soon(self._commit)
        written: asyncio.Future[None] = loop.create_future()
        self._waiting.append((work, written))
        await written

    def _commit(self) -> None:
        together, self._waiting = self._waiting, []
        try:
            with self._store.together():
                for work, _ in together:
                    work()
        # it is raised where each of them waits
        except BaseException as error:  # noqa: BLE001
            for _, written in together:
                if not written.done():
                    written.set_exception(error)
            return
        for _, written in together:
            if not written.done():
                written.set_result(None)
