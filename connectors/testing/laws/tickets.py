"""Laws of tickets: a job that was accepted is not delivered, and is asked for until it is."""

from __future__ import annotations

from collections.abc import Collection

from connectors.errors import Throttled, TicketLost, Unauthorized, Unavailable
from connectors.testing import wire
from connectors.testing.bench import Bench, failing
from connectors.testing.changes import changes
from connectors.testing.law import Can, Laws, law, require, same
from connectors.testing.vendor import Jobs
from connectors.types import Batch, Change, Receipt

#: More polls than any of these laws makes.
LONG = 1_000


class TicketLaws(Laws):
    """What ``settle`` tells of a job."""

    @law(Can.TICKETS)
    async def test_accepted_is_not_delivered(self, bench: Bench) -> None:
        """While the job runs, nothing is told as delivered."""
        _jobs(bench).slow(LONG)
        _, receipt = await _ticket(bench)
        same(dict(receipt.outcomes), {}, "outcomes of a job that has only been accepted")

    @law(Can.TICKETS)
    async def test_an_unfinished_job_is_pending_again(self, bench: Bench) -> None:
        """A job that is not done gives its ticket back, time after time, and no outcome."""
        _jobs(bench).slow(LONG)
        batch, receipt = await _ticket(bench)
        for _ in range(3):
            receipt = await bench.it.settle(receipt.ticket or "", batch)
            require(receipt.ticket is not None, "an unfinished job gave no ticket back")
            same(dict(receipt.outcomes), {}, "outcomes of an unfinished job")

    @law(Can.TICKETS)
    async def test_a_job_that_finishes_late_settles(self, bench: Bench) -> None:
        """After some polls the job is done, and each change has its outcome."""
        _jobs(bench).slow(4)
        batch, receipt = await _ticket(bench)
        told = await bench.settled(batch, receipt)
        same(set(told.outcomes), {one.id for one in batch}, "outcomes")
        require(all(bench.arrived(one) for one in batch), "not all arrived")

    @law(Can.TICKETS)
    async def test_a_cancelled_job_is_lost(self, bench: Bench) -> None:
        """A job that the vendor gave up raises TicketLost, so that its batch is sent again."""
        _jobs(bench).cancel()
        await _lost(bench)

    @law(Can.TICKETS)
    async def test_a_job_that_is_gone_is_lost(self, bench: Bench) -> None:
        """A job that the vendor no longer knows raises TicketLost."""
        _jobs(bench).lose()
        await _lost(bench)

    @law(Can.TICKETS)
    async def test_a_ticket_of_nobody_is_lost(self, bench: Bench) -> None:
        """A ticket that the vendor never gave, strange signs in it, raises TicketLost."""
        batch, _ = await _ticket(bench)
        for ticket in ("never-given", "../odd?a=b&c#d ü"):
            error = await failing(bench.it.settle, ticket, batch)
            require(isinstance(error, TicketLost), f"ticket {ticket!r}: {error!r}")

    @law(Can.TICKETS)
    async def test_a_lost_job_is_made_good_by_sending_again(self, bench: Bench) -> None:
        """After TicketLost the batch goes out again, and arrives."""
        _jobs(bench).cancel()
        batch, receipt = await _ticket(bench)
        await failing(bench.settled, batch, receipt)
        await bench.deliver(*batch)
        require(all(bench.arrived(one) for one in batch), "not all arrived")

    @law(Can.TICKETS)
    async def test_a_ticket_outlives_a_restart(self, bench: Bench) -> None:
        """A new instance settles the ticket of an old one, bad changes included."""
        batch, receipt, bad = await _poisoned(bench)
        await bench.it.aclose()
        told = await bench.settled(batch, receipt, bench.connect())
        _rejected(told, bad)

    @law(Can.TICKETS)
    async def test_a_ticket_settles_in_any_order(self, bench: Bench) -> None:
        """The changes of a job come back from the store in another order: the same outcomes."""
        batch, receipt, bad = await _poisoned(bench)
        turned: Batch[Change] = Batch(tuple(reversed(batch.changes)))
        told = await bench.settled(turned, receipt, bench.connect())
        _rejected(told, bad)

    @law(Can.TICKETS)
    async def test_a_ticket_settles_twice_the_same(self, bench: Bench) -> None:
        """To ask again for a job that is done tells the same and does nothing."""
        batch, receipt, bad = await _poisoned(bench)
        first = await bench.settled(batch, receipt)
        before = bench.state(one.person for one in batch)
        _rejected(await bench.settled(batch, receipt), bad)
        same(set(first.outcomes), {one.id for one in batch}, "outcomes")
        same(bench.state(one.person for one in batch), before, "state after asking twice")

    @law(Can.TICKETS, Can.HTTP)
    async def test_two_jobs_do_not_mix(self, bench: Bench) -> None:
        """Two jobs that are settled crosswise keep their own outcomes."""
        first, one, bad = await _poisoned(bench)
        second, two = await bench.once(changes(type(first.changes[0]), len(first), start=100))
        told = await bench.settled(second, two)
        same({o for o in told.outcomes if o in bad}, set[str](), "outcomes of the other job")
        _rejected(await bench.settled(first, one), bad)

    @law(Can.TICKETS, Can.HTTP)
    async def test_asking_for_a_job_fails_like_any_request(self, bench: Bench) -> None:
        """401, 429, 5xx and broken JSON mean the same while polling, and lose no ticket."""
        batch, receipt = await _ticket(bench)
        ticket = receipt.ticket or ""
        for mishap, expected in (
            (wire.answer(401), Unauthorized),
            (wire.answer(429), Throttled),
            (wire.answer(503), Unavailable),
            (wire.rewritten(wire.halved), Unavailable),
            (wire.rewritten(lambda _: b"[]"), Unavailable),
            (wire.rewritten(lambda _: b"{}"), Unavailable),
        ):
            bench.wire.suffer(mishap)
            error = await failing(bench.it.settle, ticket, batch)
            require(isinstance(error, expected), f"settle must raise {expected}: {error!r}")
        bench.wire.recover()
        told = await bench.settled(batch, receipt)
        same(set(told.outcomes), {one.id for one in batch}, "outcomes")

    @law(Can.TICKETS, Can.HTTP)
    async def test_asking_for_a_job_only_reads(self, bench: Bench) -> None:
        """To poll changes nothing: it may happen any number of times."""
        batch, receipt = await _ticket(bench)
        before = bench.wire.writes
        await bench.settled(batch, receipt)
        same(bench.wire.writes - before, 0, "requests that write")


def _jobs(bench: Bench) -> Jobs:
    if not isinstance(bench.vendor, Jobs):
        raise TypeError("the vendor has no jobs")
    return bench.vendor


async def _ticket(bench: Bench, bad: Collection[int] = ()) -> tuple[Batch[Change], Receipt]:
    """The largest part of a batch whose receipt is a ticket, of the first kind that gives one."""
    for kind in bench.kinds:
        sent = changes(kind, bench.many(kind, 9))
        await bench.prepare(sent)
        if bad:
            bench.poison([sent[number].person for number in bad if number < len(sent)])
        parts = [part async for part in bench.parts(sent) if part[1].ticket is not None]
        if parts:
            return max(parts, key=lambda part: len(part[0]))
    raise AssertionError("it can settle tickets, but no call returned one")


async def _poisoned(bench: Bench) -> tuple[Batch[Change], Receipt, set[str]]:
    """A ticket, and which changes of its batch are bad: none if the vendor refused them before."""
    bad = (1, 2, 5)
    batch, receipt = await _ticket(bench, bad)
    named = {one.id for one in changes(type(batch.changes[0]), 9) if _index(one) in bad}
    return batch, receipt, {one.id for one in batch} & named


def _index(change: Change) -> int:
    return int(change.id.rpartition("-")[2])


def _rejected(receipt: Receipt, bad: set[str]) -> None:
    rejected = {i for i, one in receipt.outcomes.items() if type(one).__name__ == "Rejected"}
    same(rejected, bad, "rejected")


async def _lost(bench: Bench) -> None:
    batch, receipt = await _ticket(bench)
    error = await failing(bench.settled, batch, receipt)
    require(isinstance(error, TicketLost), f"it must be TicketLost: {error!r}")
