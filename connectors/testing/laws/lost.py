"""Laws of lost answers: the vendor did it, and nobody heard; the engine sends again."""

from __future__ import annotations

from connectors.errors import Unavailable
from connectors.testing import wire
from connectors.testing.bench import Bench, failing
from connectors.testing.changes import changes, track
from connectors.testing.law import Can, Laws, law, require, same
from connectors.types import Change, Track


class LostLaws(Laws):
    """What a second sending may and may not do."""

    @law(Can.HTTP)
    async def test_a_lost_answer_is_unavailable(self, bench: Bench) -> None:
        """A connection that breaks after the request may have had its effect: it says so."""
        for kind in bench.kinds:
            bench.wire.suffer(wire.lost(), times=1)
            error = await failing(bench.once, changes(kind, 1))
            maybe = isinstance(error, Unavailable) and error.maybe_applied
            require(maybe, f"{kind.__name__}: it must be maybe_applied: {error!r}")

    @law(Can.HTTP)
    async def test_sending_again_after_a_lost_answer_ends_the_same(self, bench: Bench) -> None:
        """Once with a lost answer and once more is the same as once."""
        for kind in bench.kinds:
            if kind is Track and not bench.delivery(Track).idempotent:
                continue
            plain = await self._state(kind, lost=False)
            same(await self._state(kind, lost=True), plain, f"{kind.__name__}: state")

    @law(Can.REPEAT, Can.HTTP)
    async def test_an_event_is_stored_once_after_a_lost_answer(self, bench: Bench) -> None:
        """``idempotent=True`` is a promise: the vendor knows the repeat by the change's id."""
        sent = [track(number) for number in range(bench.many(Track, 5))]
        bench.wire.suffer(wire.lost(), times=1)
        await failing(bench.send, sent)
        await bench.deliver(*sent)
        for one in sent:
            same(len(bench.events(one.person)), 1, f"events of {one.id}")

    @law(Can.REPEAT, Can.HTTP)
    async def test_an_old_event_among_new_ones_harms_nobody(self, bench: Bench) -> None:
        """A batch that holds events of an earlier one stores the new ones and no old one twice."""
        sent = [track(number) for number in range(bench.many(Track, 8))]
        bench.wire.suffer(wire.lost(), times=1)
        await failing(bench.once, sent[: len(sent) // 2 or 1])
        await bench.deliver(*sent)
        for one in sent:
            same(len(bench.events(one.person)), 1, f"events of {one.id}")

    async def _state(self, kind: type[Change], *, lost: bool) -> object:
        async with Bench(self) as own:
            sent = changes(kind, own.many(kind, 5))
            await own.prepare(sent)
            if lost:
                own.wire.suffer(wire.lost(), times=1)
                await failing(own.send, sent)
            await own.deliver(*sent)
            return own.state(one.person for one in sent)
