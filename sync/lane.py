"""The protocol of delivery: write it down, send it, write down what became of it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from connectors.base import Delivery
from connectors.errors import ConnectorError, TicketLost
from connectors.exchange import exchange, verified
from connectors.types import Batch, Outcome, Receipt, Unsure
from sync.books import Book
from sync.commits import Commits
from sync.failpoints import reach
from sync.jobs import polled
from sync.plan import Target
from sync.store import Store
from sync.wire import Stopping, Wire, hushed

#: Jobs whose batches stay in memory; what is in a further one is read again from the book.
HELD = 8
#: How often a batch whose job the vendor lost is sent again within one run.
RESENDS = 2


@dataclass(slots=True)
class Job:
    """A batch that the vendor works on. ``old`` ones were submitted by an earlier process.

    ``ids`` are those of its changes; a vendor may work on a million of them for an hour.
    """

    ticket: str
    ids: tuple[str, ...]
    next_at: float
    batch: Batch[Any] | None = None
    polls: int = 0
    old: bool = False


class Lane:
    """The way of one kind of change to one destination: several requests at once, and the jobs.

    ``halted`` is what stopped it, None if all batches were tried.
    """

    def __init__(
        self,
        target: Target,
        delivery: Delivery,
        book: Book,
        wire: Wire,
        store: Store,
        on_answer: Callable[[int], None],
    ) -> None:
        self.destination = target.connector
        self.name = target.name
        self.delivery = delivery
        self.book = book
        self.wire = wire
        self.store = store
        self.on_answer = on_answer
        self.halted: ConnectorError | Stopping | None = None
        #: Requests for delivery that were attempted, and changes that were put on the wire.
        self.calls = 0
        self.taken = 0
        self.jobs: list[Job] = []
        #: Changes of an earlier process whose job the vendor lost; whoever plans sends them again.
        self.lost: set[str] = set()
        self._resent: dict[str, int] = {}
        self._commits = Commits(store)
        self._news = asyncio.Event()
        self._closed = False
        self._progress_at = wire.clock.monotonic()

    def take_over(self, tickets: Sequence[str]) -> None:
        """Go on with the jobs of an earlier process; they are asked at once."""
        now = self.wire.clock.monotonic()
        for ticket in tickets:
            batch = self.book.batch_of(ticket)
            if len(batch):
                self._submit(Job(ticket, _ids(batch), now, batch, old=True))
            else:
                self.book.lost(ticket)

    async def run(self, batches: Iterator[Batch[Any]]) -> None:
        """Deliver all batches and see their jobs to the end, or stop at what halts the lane."""
        self._closed = False
        async with asyncio.TaskGroup() as group:
            group.create_task(self._poll())
            at_once = self.wire.pace.at_once(self.delivery)
            workers = [group.create_task(self._work(batches)) for _ in range(at_once)]
            await asyncio.gather(*workers)
            self._closed = True
            self._news.set()

    async def _work(self, batches: Iterator[Batch[Any]]) -> None:
        while self.halted is None and not self.wire.stop.is_set():
            batch = next(batches, None)
            if batch is None:
                return
            self.taken += len(batch)
            await self._send(batch)
            # so that jobs are asked for even where every answer comes without a wait
            await asyncio.sleep(0)

    async def _send(self, batch: Batch[Any]) -> None:
        left = {change.id for change in batch}
        doubtful: set[str] = set()
        await self._commits.write(lambda: self.book.unsure(batch))
        reach("deliver.marked")
        try:
            async for part, receipt in exchange(batch, lambda part: self._attempt(part, doubtful)):
                reach("deliver.answered")
                await self._write(part, hushed(receipt, self.wire.secrets))
                left.difference_update(change.id for change in part)
                reach("deliver.written")
        except (ConnectorError, Stopping) as error:
            if sure := left - doubtful:
                self.taken -= self.book.untouched(sure)
            self.halted = self.halted or error

    async def _attempt(self, part: Batch[Any], doubtful: set[str]) -> Receipt:
        """One request, and its repeats. What may have had an effect all the same is ``doubtful``.

        Of what cannot be repeated it is told as unsure.
        """
        method = getattr(self.destination, self.delivery.method)
        self.calls += 1

        async def once() -> Receipt:
            try:
                return verified(part, await method(part))
            except Exception as error:
                if not isinstance(error, ConnectorError) or error.maybe_applied:
                    doubtful.update(change.id for change in part)
                raise

        try:
            return await self.wire.send(once, repeatable=self.delivery.idempotent)
        except ConnectorError as error:
            if self.delivery.idempotent or not error.maybe_applied:
                raise
            self.halted = self.halted or error
            return Receipt({change.id: Unsure(str(error)) for change in part})

    async def _write(self, part: Batch[Any], receipt: Receipt) -> None:
        ticket = receipt.ticket
        if ticket is None:
            await self._commits.write(lambda: self.book.answered(receipt.outcomes))
            self.on_answer(len(part))
            return
        ids = _ids(part)
        await self._commits.write(lambda: self.book.ticketed(ids, ticket))
        reach("deliver.ticketed")
        self._submit(Job(ticket, ids, self._later(0), part))

    # jobs

    def _submit(self, job: Job) -> None:
        if sum(other.batch is not None for other in self.jobs) >= HELD:
            job.batch = None
        self.jobs.append(job)
        self._news.set()

    def _later(self, polls: int) -> float:
        pace = self.wire.pace
        wait = min(pace.longest_poll, pace.first_poll * 2.0 ** min(polls, 16))
        return self.wire.clock.monotonic() + wait

    async def _poll(self) -> None:
        """Ask for the jobs until all batches are out and no job is left."""
        try:
            while self.halted is None and (self.jobs or not self._closed):
                if not self.jobs:
                    await self._news.wait()
                    self._news.clear()
                    self._progress_at = self.wire.clock.monotonic()
                    continue
                job = min(self.jobs, key=lambda each: each.next_at)
                # while others are sent nobody waits for it
                wait = job.next_at - self.wire.clock.monotonic()
                await self.wire.pause(wait, told=self._closed)
                await self._ask(job)
                waited = self.wire.clock.monotonic() - self._progress_at
                if waited > self.wire.pace.job_patience:
                    return
        except (ConnectorError, Stopping) as error:
            self.halted = self.halted or error

    async def _ask(self, job: Job) -> None:
        batch = self.book.batch_of(job.ticket, job.ids) if job.batch is None else job.batch
        try:
            receipt = verified(
                batch,
                await self.wire.send(
                    lambda: self.destination.settle(job.ticket, batch), repeatable=True
                ),
            )
        except TicketLost as lost:
            await self._again(job, lost)
            return
        if receipt.ticket is not None:
            self._still_going(job, receipt.ticket)
            return
        reach("deliver.settled")
        told = hushed(receipt, self.wire.secrets)
        self.book.answered(told.outcomes, settles=job.ticket)
        self.on_answer(len(job.ids))
        self._done(job)

    def _still_going(self, job: Job, ticket: str) -> None:
        if ticket != job.ticket:
            self.book.ticketed(job.ids, ticket)
            self.book.lost(job.ticket)
            job.ticket = ticket
        job.polls += 1
        job.next_at = self._later(job.polls)
        for younger in self.jobs:
            # vendors work in order: while the oldest goes on, the younger need not be asked
            if younger.polls == 0:
                younger.next_at = max(younger.next_at, job.next_at)
        wait = job.next_at - self.wire.clock.monotonic()
        next_at = self.wire.clock.now() + timedelta(seconds=wait)
        polled(self.store, self.name, job.ticket, job.polls, next_at)
        reach("deliver.polled")

    def _done(self, job: Job) -> None:
        self.jobs.remove(job)
        now = self._progress_at = self.wire.clock.monotonic()
        for younger in self.jobs:
            if younger.polls == 0:
                younger.next_at = min(younger.next_at, now)

    async def _again(self, job: Job, lost: TicketLost) -> None:
        """The vendor knows the job no more. What an earlier process sent is planned anew."""
        once_more = not job.old and self.delivery.idempotent
        batch = self.book.again(job.ticket, job.ids) if once_more else None
        self.book.lost(job.ticket)
        reach("deliver.lost")
        self._done(job)
        if job.old:
            self.lost.update(job.ids)
        if batch is None:
            return
        first = job.ids[0]
        times = self._resent.get(first, 0)
        if times == RESENDS:
            reason: dict[str, Outcome] = {change_id: Unsure(str(lost)) for change_id in job.ids}
            self.book.answered(reason)
            return
        self._resent[first] = times + 1
        await self._send(batch)


def _ids(batch: Batch[Any]) -> tuple[str, ...]:
    return tuple(change.id for change in batch)
