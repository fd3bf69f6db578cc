"""Laws of events: what happened, when, and to whom; once, and without a stir where asked."""

from __future__ import annotations

from datetime import timedelta

from connectors.testing.bench import Bench
from connectors.testing.changes import EVENT, MOMENT, ODD_TEXTS, identify, person, track
from connectors.testing.law import Can, Laws, law, require, same
from connectors.testing.vendor import Recorded
from connectors.types import Track, Value

NEEDED = Can.TRACK


class EventLaws(Laws):
    """What ``Track`` does."""

    @law(NEEDED)
    async def test_an_event_bears_its_name(self, bench: Bench) -> None:
        """The event arrives under its name."""
        await bench.deliver(track(1))
        same(_only(bench, 1).name, EVENT, "name")

    @law(NEEDED)
    async def test_an_event_bears_its_time_to_the_second(self, bench: Bench) -> None:
        """The event arrives with the second at which it happened, in whatever time zone."""
        await bench.deliver(track(1))
        held = _only(bench, 1).occurred_at
        require(held.utcoffset() is not None, "the time that is held has no time zone")
        off = abs((held - MOMENT.replace(microsecond=0)).total_seconds())
        require(off < 1, f"the event is {off} seconds off: {held}")

    @law(NEEDED)
    async def test_an_event_bears_its_properties(self, bench: Bench) -> None:
        """Its properties arrive, with their types."""
        fields: dict[str, Value] = {"cause": "silence", "clv_3y": 4.0, "orders": 3, "vip": True}
        await self._bears(bench, fields)

    @law(NEEDED)
    async def test_an_event_keeps_zero_false_and_empty_text(self, bench: Bench) -> None:
        """0, 0.0, False and "" are values in an event too."""
        await self._bears(bench, {"orders": 0, "clv_3y": 0.0, "vip": False, "cause": ""})

    @law(NEEDED)
    async def test_an_event_keeps_texts_of_all_scripts(self, bench: Bench) -> None:
        """Quotes, markup, scripts and emoji come through as they are."""
        await self._bears(bench, {f"text_{i}": text for i, text in enumerate(ODD_TEXTS)})

    @law(NEEDED)
    async def test_a_none_in_an_event_is_no_text(self, bench: Bench) -> None:
        """A property without a value is left out or null, and not the word "None"."""
        await bench.deliver(track(1, {"previous": None}))
        held = _only(bench, 1).properties.get("previous")
        require(held in {None, ""}, f"None became {held!r}")

    @law(NEEDED)
    async def test_two_events_of_one_person_both_arrive(self, bench: Bench) -> None:
        """Two events of one person in a batch are two."""
        if bench.many(Track) < 2:
            return
        await bench.deliver(track(1, who=7), track(2, who=7))
        same(sorted(_numbers(bench, 7)), [1, 2], "events of the person")

    @law(Can.REPEAT)
    async def test_two_events_in_one_second_are_two(self, bench: Bench) -> None:
        """Two events of one person and name in the same second are known by their ids."""
        await bench.deliver(track(1, who=7))
        await bench.deliver(track(2, who=7))
        same(sorted(_numbers(bench, 7)), [1, 2], "events of the person")

    @law(Can.REPEAT)
    async def test_an_event_sent_twice_is_stored_once(self, bench: Bench) -> None:
        """``idempotent=True`` is a promise: a repeat is delivered and makes no second event."""
        sent = [track(number) for number in range(bench.many(Track, 5))]
        await bench.deliver(*sent)
        await bench.deliver(*sent, by=bench.connect())
        for one in sent:
            same(len(bench.events(one.person)), 1, f"events of {one.id}")

    @law(NEEDED)
    async def test_an_event_is_stored_once(self, bench: Bench) -> None:
        """Events that are sent once are there once, bad neighbours or not."""
        sent = [track(number) for number in range(bench.many(Track, 12))]
        bench.poison([sent[0].person])
        await bench.send(sent)
        for one in sent[1:]:
            same(len(bench.events(one.person)), 1, f"events of {one.id}")

    @law(NEEDED)
    async def test_a_backfill_triggers_nothing(self, bench: Bench) -> None:
        """An event of the past is stored without a stir, or rejected where that is impossible."""
        one = track(1, backfill=True)
        sent = await bench.send([one])
        same(sent.delivered | sent.rejected, {one.id}, "outcomes")
        loud = [event for event in bench.events(one.person) if event.triggers]
        require(not loud, "a backfill was sent as an event that triggers")
        if one.id in sent.delivered:
            same(len(bench.events(one.person)), 1, "events")

    @law(NEEDED)
    async def test_a_backfill_does_not_silence_its_neighbours(self, bench: Bench) -> None:
        """Ordinary events beside a backfill arrive and trigger."""
        if bench.many(Track) < 2:
            return
        sent = await bench.send([track(1), track(2, backfill=True), track(3)])
        require({"event-00001", "event-00003"} <= sent.delivered, f"{sent.outcomes}")
        for number in (1, 3):
            require(_only(bench, number).triggers, "an ordinary event triggers nothing")

    @law(NEEDED)
    async def test_the_latest_and_the_oldest_event_arrive(self, bench: Bench) -> None:
        """Events years apart keep their order in time."""
        old = Track("old", person(1), EVENT, MOMENT - timedelta(days=3_000), {"number": 1})
        new = Track("new", person(2), EVENT, MOMENT, {"number": 2})
        for one in (new, old):
            await bench.deliver(one)
        apart = _only(bench, 2).occurred_at - _only(bench, 1).occurred_at
        same(apart.days in {2_999, 3_000}, True, f"3,000 days became {apart}")

    @law(NEEDED, Can.IDENTIFY)
    async def test_an_event_changes_no_property(self, bench: Bench) -> None:
        """An event writes nothing onto the person."""
        await bench.deliver(identify(1))
        before = bench.properties(person(1))
        await bench.deliver(track(1))
        same(bench.properties(person(1)), before, "properties")

    async def _bears(self, bench: Bench, fields: dict[str, Value]) -> None:
        await bench.deliver(track(1, fields))
        held = _only(bench, 1).properties
        for name, value in fields.items():
            require(name in held, f"{name} did not arrive; there are {sorted(held)}")
            same(held[name], self.held(value), name)


def _only(bench: Bench, number: int) -> Recorded:
    events = bench.events(person(number))
    same(len(events), 1, f"events of person {number}")
    return events[0]


def _numbers(bench: Bench, number: int) -> list[int]:
    return [int(str(event.properties["number"])) for event in bench.events(person(number))]
