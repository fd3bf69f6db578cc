"""Laws of records that the vendor will not take: only they are rejected, whatever its manners."""

from __future__ import annotations

import math
from collections.abc import Collection
from typing import Final

from hypothesis import strategies as st

from connectors.errors import Refused
from connectors.testing import wire
from connectors.testing.bench import Bench, Sent, failing
from connectors.testing.changes import changes
from connectors.testing.law import Can, Laws, for_all, law, require, same
from connectors.types import Change

#: Which of the first 24 are bad.
subsets: Final = st.sets(st.integers(0, 23), max_size=24)


class PoisonLaws(Laws):
    """``Rejected`` is for one change, and takes no other with it."""

    @law(Can.REJECT)
    async def test_one_bad_change_is_rejected_alone(self, bench: Bench) -> None:
        """Of many changes the bad one in the middle is rejected, and the others arrive."""
        for kind in bench.kinds:
            count = bench.many(kind)
            await self._rejects(kind, count, {count // 2})

    @law(Can.REJECT)
    async def test_the_first_may_be_bad(self, bench: Bench) -> None:
        """The bad one stands first: index 0 is an index."""
        for kind in bench.kinds:
            await self._rejects(kind, bench.many(kind, 40), {0})

    @law(Can.REJECT)
    async def test_the_last_may_be_bad(self, bench: Bench) -> None:
        """The bad one stands last."""
        for kind in bench.kinds:
            count = bench.many(kind, 40)
            await self._rejects(kind, count, {count - 1})

    @law(Can.REJECT)
    async def test_neighbours_may_be_bad(self, bench: Bench) -> None:
        """Two bad ones side by side, and at both ends."""
        for kind in bench.kinds:
            count = bench.many(kind, 40)
            await self._rejects(kind, count, {0, count // 2, max(0, count // 2 - 1), count - 1})

    @law(Can.REJECT)
    async def test_all_may_be_bad(self, bench: Bench) -> None:
        """All are bad: all are rejected, one by one, and none is delivered."""
        for kind in bench.kinds:
            count = bench.many(kind, 40)
            await self._rejects(kind, count, set(range(count)))

    @law(Can.REJECT)
    async def test_more_bad_ones_than_a_page_holds(self, bench: Bench) -> None:
        """The vendor tells its errors by pages: all of them are read."""
        for kind in bench.kinds:
            count = bench.many(kind)
            await self._rejects(kind, count, set(range(count)) - set(range(0, count, 10)))

    @for_all(subsets, Can.REJECT, examples=10)
    async def test_any_bad_ones_are_rejected_and_no_others(
        self, bench: Bench, bad: set[int]
    ) -> None:
        """Whichever are bad: they are rejected, and only they."""
        for kind in bench.kinds:
            count = bench.many(kind, 24)
            await self._rejects(kind, count, {number for number in bad if number < count})

    @law(Can.REJECT, Can.HTTP)
    async def test_bad_changes_cost_few_requests(self, bench: Bench) -> None:
        """k bad among n take at most 2·k·log2(n) further requests that write."""
        for kind in bench.kinds:
            count = bench.many(kind)
            for bad in ({count // 3}, {1 % count, count // 2, count - 1}):
                clean, spoilt = await self._writes(kind, count, bad)
                most = 2 * len(bad) * max(1, math.ceil(math.log2(count)))
                extra = spoilt - clean
                require(extra <= most, f"{kind.__name__}: {extra} more requests, not {most}")

    @law(Can.REJECT)
    async def test_a_rejected_change_is_delivered_once_it_is_good(self, bench: Bench) -> None:
        """What was rejected goes through when the vendor takes it."""
        for kind in bench.kinds:
            sent = changes(kind, bench.many(kind, 5))
            await bench.prepare(sent)
            bench.poison([sent[0].person])
            await bench.send(sent)
            bench.poison([])
            await bench.deliver(sent[0])
            require(bench.arrived(sent[0]), f"{kind.__name__} did not arrive")

    @law(Can.REJECT)
    async def test_what_was_done_in_part_is_not_called_untouched(self, bench: Bench) -> None:
        """An error about a request of which a part was done says so: ``maybe_applied``."""
        for kind in bench.kinds:
            sent = changes(kind, bench.many(kind, 8))
            await bench.prepare(sent)
            lacking = [one for one in sent if not bench.arrived(one)]
            bench.poison([sent[-1].person])
            error = await failing(bench.once, sent)
            bench.poison([])
            if error is None or error.maybe_applied:
                continue
            told = error.outcomes if isinstance(error, Refused) else {}
            done = [one.id for one in lacking if one.id not in told and bench.arrived(one)]
            require(not done, f"{kind.__name__}: called untouched, and yet done: {done[:3]}")

    @law(Can.REJECT, Can.IDENTIFY, Can.HTTP)
    async def test_a_lost_answer_about_bad_ones_changes_no_outcome(self, bench: Bench) -> None:
        """The batch is sent again after a lost answer: the same are rejected."""
        kind = bench.kinds[0]
        sent = changes(kind, bench.many(kind, 9))
        bench.poison([sent[-1].person])
        bench.wire.suffer(wire.lost(), times=1)
        await failing(bench.send, sent)
        told = await bench.send(sent)
        _judge(bench, sent, {len(sent) - 1}, told)

    async def _rejects(self, kind: type[Change], count: int, bad: Collection[int]) -> None:
        async with Bench(self) as own:
            sent = changes(kind, count)
            await own.prepare(sent)
            own.poison([sent[number].person for number in sorted(bad)])
            _judge(own, sent, bad, await own.send(sent))

    async def _writes(
        self, kind: type[Change], count: int, bad: Collection[int]
    ) -> tuple[int, int]:
        """Requests that write, without and with the bad ones."""
        found: list[int] = []
        for poisoned in (set[int](), bad):
            async with Bench(self) as own:
                sent = changes(kind, count)
                await own.prepare(sent)
                own.poison([sent[number].person for number in sorted(poisoned)])
                before = own.wire.writes
                await own.send(sent)
                found.append(own.wire.writes - before)
        return found[0], found[1]


def _judge(bench: Bench, sent: list[Change], bad: Collection[int], told: Sent) -> None:
    name = type(sent[0]).__name__
    same(set(told.outcomes), {one.id for one in sent}, f"{name}: outcomes")
    same(told.rejected, {sent[number].id for number in bad}, f"{name}: rejected")
    same(told.unsure, set[str](), f"{name}: unsure")
    late = [one.id for i, one in enumerate(sent) if i not in bad and not bench.arrived(one)]
    require(not late, f"{name}: good ones that did not arrive: {late[:3]}")
