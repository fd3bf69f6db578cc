"""Laws of batches: as many as fit, no matter in which order, no matter who else sends."""

from __future__ import annotations

import asyncio
import itertools
import random
from typing import Final

from hypothesis import strategies as st

from connectors.exchange import cut
from connectors.testing.bench import Bench, failing
from connectors.testing.changes import change, changes, identify, track
from connectors.testing.law import Can, Laws, for_all, law, require, same
from connectors.testing.vendor import KEY
from connectors.testing.wire import READS
from connectors.types import Change, Identify, Track, Value

#: A text of 2 and one of 4 bytes a character: bytes are not characters.
HEAVY: Final = ("é", "👩")
#: How full requests are, and of what.
loads: Final = st.tuples(st.floats(0.9, 1.2), st.sampled_from(HEAVY))
NEW: Final = itertools.count(20_000, 10)
OTHER_KEY: Final = "other_key_canary_fedcba9876543210"


class BatchLaws(Laws):
    """What a request may hold, and what becomes of it."""

    @law()
    async def test_one_change_is_delivered(self, bench: Bench) -> None:
        """A batch of one arrives."""
        for kind in bench.kinds:
            one = change(kind, 1)
            await bench.prepare([one])
            await bench.deliver(one)
            require(bench.arrived(one), f"{kind.__name__} did not arrive")

    @law()
    async def test_a_full_batch_is_taken_at_once(self, bench: Bench) -> None:
        """As many changes as ``size`` says go in one attempt, and all arrive."""
        for kind in bench.kinds:
            await self._takes(bench, kind, bench.delivery(kind).size, attempts=1)

    @law()
    async def test_one_more_than_a_full_batch_takes_a_second(self, bench: Bench) -> None:
        """One more than ``size`` takes a second attempt, and it arrives as well."""
        for kind in bench.kinds:
            await self._takes(bench, kind, bench.delivery(kind).size + 1, attempts=2)

    @for_all(loads, Can.HTTP, examples=4)
    async def test_no_request_is_larger_than_declared(
        self, bench: Bench, load: tuple[float, str]
    ) -> None:
        """No body has more bytes than ``bytes`` says, whatever the texts, and none is refused."""
        share, sign = load
        for kind in (Identify, Track):
            delivery = bench.it.delivery(kind)
            if delivery is None or delivery.bytes is None:
                continue
            count = int(share * delivery.bytes / self.largest_change) + 1
            fields = _fields(self.largest_change, sign, self.longest_text)
            make = identify if kind is Identify else track
            bench.wire.requests.clear()
            for batch in cut(bench.it, delivery, [make(n, fields) for n in range(count)]):
                refusal = await failing(bench.once, batch.changes)
                require(refusal is None, f"{kind.__name__}: a batch that fits: {refusal}")
            largest = max(len(request.content) for request in bench.wire.requests)
            require(largest <= delivery.bytes, f"{kind.__name__}: {largest} bytes in a request")

    @law()
    async def test_a_change_too_large_for_any_request_harms_nobody(self, bench: Bench) -> None:
        """A change that no request can hold is rejected alone; those beside it arrive."""
        for kind in (Identify, Track):
            delivery = bench.it.delivery(kind)
            if delivery is None or delivery.bytes is None:
                continue
            fields = _fields(delivery.bytes + 10_000, "x", self.longest_text)
            make = identify if kind is Identify else track
            small = [make(1), make(3)]
            sent = await bench.send([small[0], make(2, fields), small[1]])
            same(
                sent.delivered & {one.id for one in small}, {one.id for one in small}, "small ones"
            )
            require(not sent.unsure, f"{kind.__name__}: unsure {sent.unsure}")

    @law()
    async def test_a_receipt_accounts_for_each_change(self, bench: Bench) -> None:
        """One outcome for each change id, none missing, none invented."""
        for kind in bench.kinds:
            sent = changes(kind, min(7, bench.delivery(kind).size))
            await bench.prepare(sent)
            batch, receipt = await bench.once(sent)
            if receipt.ticket is not None:
                same(dict(receipt.outcomes), {}, f"{kind.__name__}: outcomes beside a ticket")
            receipt = await bench.settled(batch, receipt)
            same(set(receipt.outcomes), {one.id for one in sent}, f"{kind.__name__}: change ids")

    @law()
    async def test_the_order_in_a_batch_does_not_matter(self, bench: Bench) -> None:
        """The same changes in another order have the same outcomes and the same effect."""
        for kind in bench.kinds:
            sent = changes(kind, min(9, bench.delivery(kind).size))
            mixed = random.Random(1).sample(sent, len(sent))  # noqa: S311 - no secret
            bad = [sent[len(sent) // 3].person]
            found: list[object] = []
            for order in (sent, mixed):
                async with Bench(self) as own:
                    await own.prepare(order)
                    own.poison(bad)
                    told = await own.send(order)
                    found.append((told.delivered, told.rejected, own.state(c.person for c in sent)))
            same(found[1], found[0], f"{kind.__name__}: outcomes and state")

    @law()
    async def test_two_batches_at_once_do_not_mix(self, bench: Bench) -> None:
        """Two batches on the wire at the same time keep their own outcomes."""
        for kind in bench.kinds:
            count = min(4, bench.delivery(kind).size)
            first, second = changes(kind, count), changes(kind, count, start=100)
            await bench.prepare(first + second)
            choosy = bench.poison([first[0].person, second[-1].person])
            one, two = await asyncio.gather(bench.send(first), bench.send(second))
            bench.poison([])
            for told, sent, bad in ((one, first, first[0]), (two, second, second[-1])):
                same(set(told.outcomes), {c.id for c in sent}, f"{kind.__name__}: outcomes")
                same(
                    told.rejected, {bad.id} if choosy else set[str](), f"{kind.__name__}: rejected"
                )
                good = [c for c in sent if c.id != bad.id]
                require(all(bench.arrived(c) for c in good), f"{kind.__name__}: good ones")

    @law()
    async def test_a_batch_leaves_nothing_for_the_next(self, bench: Bench) -> None:
        """A batch that failed or was rejected has no part in the one after it."""
        for kind in bench.kinds:
            count = min(4, bench.delivery(kind).size)
            bad, good = changes(kind, count), changes(kind, count, start=50)
            await bench.prepare(bad + good)
            bench.poison([one.person for one in bad])
            await bench.send(bad)
            told = await bench.deliver(*good)
            same(set(told.outcomes), {one.id for one in good}, f"{kind.__name__}: outcomes")
            bench.poison([])

    @law(Can.HTTP, Can.KEY)
    async def test_two_instances_do_not_mix(self, bench: Bench) -> None:
        """Two accounts at once: each key and each customer goes to its own vendor only."""
        async with Bench(self, OTHER_KEY) as other:
            for kind in bench.kinds:
                count = min(3, bench.delivery(kind).size)
                ours, theirs = changes(kind, count), changes(kind, count, start=100)
                await bench.prepare(ours)
                await other.prepare(theirs)
                await asyncio.gather(bench.deliver(*ours), other.deliver(*theirs))
                for where, foreign in ((bench, theirs), (other, ours)):
                    if kind in {Identify, Track}:
                        came = any(where.arrived(one) for one in foreign)
                        require(not came, f"{kind.__name__} went to the other account")
            for where, foreign_key in ((bench, OTHER_KEY), (other, KEY)):
                said = repr([(dict(r.headers), r.url, r.content) for r in where.wire.requests])
                require(foreign_key not in said, "a key went to the other account")

    @law()
    async def test_nothing_is_kept_on_the_class(self, bench: Bench) -> None:
        """Sending leaves the class as it was: what one instance saw is not another's."""
        before = _classes(bench)
        for kind in bench.kinds:
            # people of whom the class cannot have heard in an earlier law
            sent = changes(kind, min(3, bench.delivery(kind).size), start=next(NEW))
            await bench.prepare(sent)
            await bench.deliver(*sent)
        same(_classes(bench), before, "attributes of the class")

    @law(Can.HTTP)
    async def test_a_batch_is_not_sent_record_by_record(self, bench: Bench) -> None:
        """Writes do not grow with the number of changes in a batch."""
        for kind in bench.kinds:
            size = bench.delivery(kind).size
            if size < 8:
                continue
            bench.wire.requests.clear()
            await bench.once(changes(kind, 8))
            writes = [r for r in bench.wire.requests if r.method not in READS]
            require(len(writes) < 8, f"{kind.__name__}: {len(writes)} requests for 8 changes")

    async def _takes(self, bench: Bench, kind: type[Change], count: int, *, attempts: int) -> None:
        sent = changes(kind, count)
        await bench.prepare(sent)
        told = await bench.deliver(*sent)
        same(told.attempts, attempts, f"{kind.__name__}: attempts for {count} changes")
        looked_at = {0, 1, count // 2, count - 1} & set(range(count))
        missing = [number for number in looked_at if not bench.arrived(sent[number])]
        require(not missing, f"{kind.__name__}: of {count}, numbers {missing} did not arrive")


def _fields(weight: int, sign: str, longest: int) -> dict[str, Value]:
    """Properties that weigh nearly so many bytes as JSON."""
    text = sign * min(longest, 5_000)
    each = len(text.encode()) + len('"text_00000":"",')
    return {f"text_{number:05}": text for number in range((weight - 1_000) // each)}


def _classes(bench: Bench) -> dict[str, str]:
    """The plain values on the class and its parents, as text."""
    return {
        f"{cls.__name__}.{name}": repr(value)
        for cls in type(bench.it).__mro__
        for name, value in vars(cls).items()
        if not name.startswith("__") and not callable(value) and name != "_abc_impl"
    }
