"""Laws of cutting and halving, for any changes and any bad ones among them."""

from __future__ import annotations

import asyncio
import math
from itertools import pairwise
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.base import Delivery, Destination, HttpOptions, delivers
from connectors.errors import BrokenConnector, Refused, Throttled
from connectors.exchange import ENVELOPE, cut, exchange
from connectors.http import encode
from connectors.types import Batch, Delivered, Identify, Person, Receipt, Rejected


class PlainOptions(HttpOptions):
    base_url: str = "https://plain.example"


class Plain(Destination[PlainOptions]):
    async def check(self) -> None:
        """Nothing to ask."""

    @delivers(Identify, size=100)
    async def identify(self, batch: Batch[Identify]) -> Receipt:
        return batch.delivered()


@pytest.fixture(scope="module")
def plain():
    made = Plain(PlainOptions(), transport=httpx.MockTransport(lambda _: httpx.Response(200)))
    yield made
    asyncio.run(made.aclose())


def changes(notes):
    return [Identify(f"c{n:04}", Person(str(n)), {"note": note}) for n, note in enumerate(notes)]


@given(
    notes=st.lists(st.text(max_size=300), max_size=60),
    size=st.integers(1, 20),
    room=st.integers(50, 2_000) | st.none(),
)
def test_a_cut_keeps_order_count_and_bytes(plain, notes, size, room):
    delivery = Delivery("identify", size, None if room is None else ENVELOPE + room, True)
    given_changes = changes(notes)
    parts = list(cut(plain, delivery, given_changes))
    assert [change for part in parts for change in part] == given_changes
    for part in parts:
        assert 1 <= len(part) <= size
        weight = len(encode([plain.wire(change) for change in part])) - 1
        assert room is None or len(part) == 1 or weight <= room
    # and no request is sent that the next one could have held as well
    for first, second in pairwise(parts):
        both = [*first, second.changes[0]]
        heavy = sum(len(encode(plain.wire(change))) + 1 for change in both)
        assert len(both) > size or (room is not None and heavy > room)


async def sent(batch, attempt):
    calls = 0

    async def counted(part: Batch[Any]) -> Receipt:
        nonlocal calls
        calls += 1
        return await attempt(part)

    told = [(part, receipt) async for part, receipt in exchange(batch, counted)]
    return told, calls


def vendor(bad, pointing):
    """All or nothing; names the first ``pointing`` culprits of a request that it refuses."""

    async def attempt(part: Batch[Any]) -> Receipt:
        wrong = [change.id for change in part if change.id in bad]
        if wrong:
            raise Refused("no", outcomes={i: Rejected("named") for i in wrong[:pointing]})
        return part.delivered()

    return attempt


@given(
    n=st.integers(1, 300),
    bad=st.sets(st.integers(0, 299), max_size=12),
    pointing=st.sampled_from([0, 0, 1, 3]),
)
def test_each_change_has_one_fate_and_only_the_bad_are_refused(n, bad, pointing):
    culprits = {f"c{i:04}" for i in bad if i < n}
    whole = Batch(tuple(changes([""] * n)))
    told, calls = asyncio.run(sent(whole, vendor(culprits, pointing)))
    fates = [(change.id, receipt.outcomes[change.id]) for part, receipt in told for change in part]
    assert sorted(i for i, _ in fates) == [change.id for change in whole]
    assert {i for i, fate in fates if isinstance(fate, Rejected)} == culprits
    assert all(isinstance(fate, Delivered) for i, fate in fates if i not in culprits)
    k = len(culprits)
    assert calls - 1 <= 2 * k * max(1, math.ceil(math.log2(n)))


def test_one_poison_among_75_takes_15_calls_at_most():
    for poison in range(75):
        whole = Batch(tuple(changes([""] * 75)))
        _, calls = asyncio.run(sent(whole, vendor({f"c{poison:04}"}, 0)))
        assert calls <= 15


def test_what_was_told_stands_when_a_later_part_cannot_be_sent():
    async def attempt(part: Batch[Any]) -> Receipt:
        if len(part) > 1:
            raise Refused("halve")
        if part.changes[0].id == "c0001":
            raise Throttled("slow", retry_after=1)
        return part.delivered()

    told: list[str] = []

    async def through() -> None:
        async for part, _ in exchange(Batch(tuple(changes(["", ""]))), attempt):
            told.extend(change.id for change in part)

    with pytest.raises(Throttled):
        asyncio.run(through())
    assert told == ["c0000"]


def test_a_refusal_may_name_the_delivered_too():
    async def attempt(part: Batch[Any]) -> Receipt:
        if len(part) == 2:
            raise Refused("seen before", outcomes={"c0000": Delivered()})
        return part.delivered()

    told, calls = asyncio.run(sent(Batch(tuple(changes(["", ""]))), attempt))
    fates = {i: fate for _, receipt in told for i, fate in receipt.outcomes.items()}
    assert fates == {"c0000": Delivered(), "c0001": Delivered()}
    assert calls == 2


@pytest.mark.parametrize(
    "outcomes",
    [{}, {"c0000": Delivered()}, dict.fromkeys(("c0000", "c0001", "x"), Delivered())],
)
def test_a_receipt_that_misses_or_invents_is_a_broken_connector(outcomes):
    async def attempt(_: Batch[Any]) -> Receipt:
        return Receipt(outcomes)

    with pytest.raises(BrokenConnector, match="misses"):
        asyncio.run(sent(Batch(tuple(changes(["", ""]))), attempt))


def test_a_refusal_that_invents_is_a_broken_connector():
    async def attempt(_: Batch[Any]) -> Receipt:
        raise Refused("no", outcomes={"stranger": Rejected("x")})

    with pytest.raises(BrokenConnector, match="invents"):
        asyncio.run(sent(Batch(tuple(changes(["", ""]))), attempt))


def test_a_pending_receipt_is_for_later():
    async def attempt(part: Batch[Any]) -> Receipt:
        return part.pending("job")

    ((part, receipt),), calls = asyncio.run(sent(Batch(tuple(changes(["", ""]))), attempt))
    assert (len(part), receipt.ticket, calls) == (2, "job", 1)
