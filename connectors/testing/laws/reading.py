"""Laws of reading back: what was written is what is told, and nothing else is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Final

from connectors.errors import Throttled, Unauthorized, Unavailable
from connectors.testing import wire
from connectors.testing.bench import Bench, failing
from connectors.testing.changes import SEGMENT, identify, person
from connectors.testing.law import Can, Laws, law, require, same
from connectors.testing.laws.check import WRONG
from connectors.testing.vendor import KEY
from connectors.types import Person, Value

WRITTEN: Final[Mapping[str, Value]] = {
    SEGMENT: "At Risk",
    "zero": 0,
    "share": 0.25,
    "flag": False,
    "text": '100%25 "日本"',
    "since": date(2024, 2, 29),
    "moment": datetime(2024, 3, 31, 1, 30, tzinfo=UTC),
}
#: People that are read at once in a law, as far as one call takes them.
MANY: Final = 120


class ReadingLaws(Laws):
    """What ``read`` tells. A destination without it has none of these laws."""

    @law(Can.READ)
    async def test_what_was_written_can_be_read(self, bench: Bench) -> None:
        """Each value that was delivered is told, and ``holds`` knows it in the vendor's form."""
        await bench.deliver(identify(1, WRITTEN))
        held = (await _read(bench, [person(1)], list(WRITTEN))).get(person(1).id, {})
        for name, value in WRITTEN.items():
            require(bench.it.holds(held.get(name), value), f"{name}: {held.get(name)!r}")

    @law(Can.READ)
    async def test_another_value_is_told_from_ours(self, bench: Bench) -> None:
        """``holds`` says no to what is not the value, and to nothing at all."""
        await bench.deliver(identify(1, WRITTEN))
        held = (await _read(bench, [person(1)], list(WRITTEN))).get(person(1).id, {})
        others: dict[str, Value] = {"zero": 1, "share": 0.5, "flag": True, "text": "other"}
        days: dict[str, Value] = {"since": date(2024, 3, 1), SEGMENT: None}
        for name, value in (others | days).items():
            require(not bench.it.holds(held.get(name), value), f"{name} was taken for {value!r}")
        require(not bench.it.holds(None, 0), "nothing was taken for 0")

    @law(Can.READ)
    async def test_people_whom_the_vendor_does_not_know_are_left_out(self, bench: Bench) -> None:
        """Somebody unknown is not in the answer, and does no harm to those beside him."""
        await bench.deliver(identify(1))
        found: dict[str, Mapping[str, object]] = {}
        for some in _calls(bench, [person(7), person(1)]):
            found |= await _read(bench, some, [SEGMENT])
        same(sorted(found), [person(1).id], "people who were told of")

    @law(Can.READ)
    async def test_only_the_names_that_are_asked_for_are_told(self, bench: Bench) -> None:
        """Fields that are not ours are not even read out."""
        await bench.deliver(identify(1, {SEGMENT: "Lost", "theirs": "private"}))
        held = await _read(bench, [person(1)], [SEGMENT, "never_written"])
        same(sorted(held.get(person(1).id, {})), [SEGMENT], "names")

    @law(Can.READ)
    async def test_as_many_as_it_says_are_read_each_by_his_id(self, bench: Bench) -> None:
        """A full call tells everybody's own value, whatever order the vendor answers in."""
        require(bench.it.reads >= 1, f"reads is {bench.it.reads}")
        count = min(bench.it.reads, MANY)
        await bench.deliver(*(identify(n, {SEGMENT: f"s{n}"}) for n in range(count)))
        held = await _read(bench, [person(n) for n in reversed(range(count))], [SEGMENT])
        told = {i: one.get(SEGMENT) for i, one in held.items()}
        same(told, {person(n).id: f"s{n}" for n in range(count)}, "values")

    @law(Can.READ)
    async def test_reading_changes_nothing(self, bench: Bench) -> None:
        """To read makes nobody and touches nobody."""
        await bench.deliver(identify(1))
        before = bench.state([person(1), person(2)])
        for some in _calls(bench, [person(1), person(2)]):
            await _read(bench, some, [SEGMENT])
        same(bench.state([person(1), person(2)]), before, "state after reading")

    @law(Can.READ, Can.KEY, Can.HTTP)
    async def test_a_wrong_key_reads_nothing(self, bench: Bench) -> None:
        """With a wrong key, ``read`` raises Unauthorized."""
        error = await failing(bench.connect(WRONG).read, [person(1)], [SEGMENT])
        require(isinstance(error, Unauthorized), f"a wrong key must be Unauthorized: {error!r}")

    @law(Can.READ, Can.HTTP)
    async def test_trouble_while_reading_is_told(self, bench: Bench) -> None:
        """An answer that is none never looks like somebody who is not there."""
        await bench.deliver(identify(1))
        troubles: tuple[tuple[wire.Mishap, type[Exception]], ...] = (
            (wire.answer(429), Throttled),
            (wire.answer(503), Unavailable),
            (wire.rewritten(wire.halved), Unavailable),
        )
        for mishap, kind in troubles:
            bench.wire.suffer(mishap)
            error = await failing(bench.it.read, [person(1)], [SEGMENT])
            require(isinstance(error, kind), f"must be {kind.__name__}: {error!r}")

    @law(Can.READ, Can.HTTP)
    async def test_errors_of_reading_hold_no_key_and_no_address(self, bench: Bench) -> None:
        """Not even where the address stands in the URL, as some vendors want it."""
        for status in (400, 404, 500):
            bench.wire.suffer(wire.answer(status, text=f"{KEY} {person(1).email}"))
            error = await failing(bench.it.read, [person(1)], [SEGMENT])
            said = f"{error} {error!r}"
            require(KEY not in said and "canary1" not in said, f"{status}: {said}")

    @law(Can.READ, Can.HTTP, Can.RATES)
    async def test_rates_cover_every_reading(self, bench: Bench) -> None:
        """Each request of ``read`` falls under one of the declared limits."""
        await _read(bench, [person(1)], [SEGMENT])
        for request in bench.wire.requests:
            limits = (*bench.it.limits(), *bench.it.read_limits())
            covered = any(rate.matches(request) for rate in limits)
            require(covered, f"no rate counts {request.method} {request.url.path}")


async def _read(
    bench: Bench, people: Sequence[Person], names: Sequence[str]
) -> Mapping[str, Mapping[str, object]]:
    return await bench.it.read(people, names)


def _calls(bench: Bench, people: Sequence[Person]) -> list[Sequence[Person]]:
    """The people as the engine asks for them: never more at a time than ``reads``."""
    size = bench.it.reads
    return [people[start : start + size] for start in range(0, len(people), size)]
