"""Laws of properties: what was set is what is held."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Final

from hypothesis import strategies as st

from connectors.testing.bench import Bench
from connectors.testing.changes import ODD_TEXTS, SEGMENT, identify, person, values
from connectors.testing.law import Can, Laws, for_all, law, require, same
from connectors.types import Identify, Person, Value

NEEDED: Final = Can.IDENTIFY
#: Who is set to which segment, one after the other.
histories: Final = st.lists(
    st.tuples(st.integers(0, 3), st.sampled_from(["Lost", "At Risk", "", "Champions"])),
    min_size=1,
    max_size=8,
)


class PropertyLaws(Laws):
    """What ``Identify`` does to a person at the vendor."""

    @law(NEEDED)
    async def test_zero_arrives(self, bench: Bench) -> None:
        """0 is a value: it is neither dropped nor taken for a wish to clear."""
        await self._arrives(bench, [7, 0])

    @law(NEEDED)
    async def test_a_float_of_zero_arrives(self, bench: Bench) -> None:
        """0.0 is a value: a churn probability or a CLV of nothing."""
        await self._arrives(bench, [0.7, 0.0])

    @law(NEEDED)
    async def test_false_arrives(self, bench: Bench) -> None:
        """False is a value."""
        await self._arrives(bench, [True, False])

    @law(NEEDED)
    async def test_an_empty_text_arrives(self, bench: Bench) -> None:
        """An empty text is a value."""
        await self._arrives(bench, ["Lost", ""])

    @law(NEEDED)
    async def test_texts_of_all_scripts_arrive(self, bench: Bench) -> None:
        """Quotes, markup, scripts and emoji come through as they are."""
        await self._arrives(bench, list(ODD_TEXTS))

    @law(NEEDED)
    async def test_a_long_text_arrives_whole(self, bench: Bench) -> None:
        """A text of the longest length that the suite names is not cut."""
        await self._arrives(bench, ["ab" * (self.longest_text // 2)])

    @law(NEEDED)
    async def test_a_float_stays_a_float(self, bench: Bench) -> None:
        """4.0 does not become 4: a field's type is often settled by its first value."""
        await self._arrives(bench, [4.0, 0.1, 1234567.25, 1e-9])

    @law(NEEDED)
    async def test_a_whole_number_stays_whole(self, bench: Bench) -> None:
        """Counts stay whole numbers, large and negative ones too."""
        await self._arrives(bench, [1, -5, 2**53])

    @law(NEEDED)
    async def test_a_day_arrives(self, bench: Bench) -> None:
        """A date comes through as the same day, in the vendor's form."""
        await self._arrives(bench, [date(2024, 2, 29), date(1999, 12, 31)])

    @law(NEEDED)
    async def test_a_moment_arrives(self, bench: Bench) -> None:
        """A datetime comes through as the same second, in the vendor's form."""
        await self._arrives(bench, [datetime(2024, 3, 31, 1, 30, tzinfo=UTC)])

    @for_all(values, NEEDED)
    async def test_any_value_arrives(self, bench: Bench, value: Value) -> None:
        """Whatever a property may hold, the vendor holds just that."""
        await self._arrives(bench, [value])

    @law(NEEDED)
    async def test_none_clears_or_leaves_as_documented(self, bench: Bench) -> None:
        """None takes a value away, or leaves it where the suite says ``none_clears = False``."""
        await bench.deliver(identify(1, {"score": 5}))
        await bench.deliver(identify(1, {"score": None}))
        left = bench.properties(person(1)).get("score")
        same(left, None if self.none_clears else self.held(5), "score after None")

    @law(NEEDED)
    async def test_none_leaves_the_others(self, bench: Bench) -> None:
        """Clearing one property keeps those beside it, in the same change and before."""
        await bench.deliver(identify(1, {"score": 5, "rank": 1}))
        await bench.deliver(identify(1, {"score": None, "tier": "a"}))
        self._same(bench, person(1), {"rank": 1, "tier": "a"})

    @law(NEEDED)
    async def test_other_properties_are_untouched(self, bench: Bench) -> None:
        """What a change does not name stays as it was."""
        await bench.deliver(identify(1, {"theirs": "kept", "lifecycle_segment": "Lost"}))
        await bench.deliver(identify(1, {"lifecycle_segment": "At Risk"}))
        self._same(bench, person(1), {"theirs": "kept", SEGMENT: "At Risk"})

    @law(NEEDED)
    async def test_other_people_are_untouched(self, bench: Bench) -> None:
        """A change about one person changes nobody else."""
        await bench.deliver(identify(1, {"lifecycle_segment": "Lost"}))
        before = bench.properties(person(1))
        await bench.deliver(identify(2, {"lifecycle_segment": "At Risk"}))
        same(bench.properties(person(1)), before, "properties of the other person")

    @law(NEEDED)
    async def test_twice_is_the_same_as_once(self, bench: Bench) -> None:
        """The same changes again leave everything as it is."""
        sent = [identify(number) for number in range(3)]
        await bench.deliver(*sent)
        before = bench.state(one.person for one in sent)
        await bench.deliver(*sent)
        same(bench.state(one.person for one in sent), before, "state after the second time")

    @law(NEEDED)
    async def test_the_later_change_wins(self, bench: Bench) -> None:
        """Of two changes of a property the one that was sent later stands."""
        for segment in ("Champions", "Lost", "Champions"):
            await bench.deliver(identify(1, {"lifecycle_segment": segment}))
        self._same(bench, person(1), {SEGMENT: "Champions"})

    @for_all(histories, NEEDED)
    async def test_any_history_ends_with_its_last_values(
        self, bench: Bench, history: list[tuple[int, str]]
    ) -> None:
        """After any history, each person holds what was set last."""
        last: dict[int, str] = {}
        for number, segment in history:
            await bench.deliver(identify(number, {"lifecycle_segment": segment}))
            last[number] = segment
        for number, segment in last.items():
            self._same(bench, person(number), {SEGMENT: segment})

    @law(NEEDED)
    async def test_what_is_known_is_not_lost(self, bench: Bench) -> None:
        """With ``known``, what is news arrives and what is no news stays."""
        await bench.deliver(identify(1, {"tier": "a", "score": 1}))
        await bench.deliver(identify(1, {"tier": "a", "score": 0}, known={"tier": "a", "score": 1}))
        self._same(bench, person(1), {"tier": "a", "score": 0})

    @law(NEEDED)
    async def test_nothing_new_is_delivered(self, bench: Bench) -> None:
        """A change that holds no news is delivered, and does no harm to its batch."""
        await bench.deliver(identify(1, {"score": 1}))
        stale = identify(1, {"score": 1}, known={"score": 1})
        if bench.many(Identify) > 1:
            await bench.deliver(stale, identify(2, {"score": 2}))
            self._same(bench, person(2), {"score": 2})
        await bench.deliver(stale)
        self._same(bench, person(1), {"score": 1})

    @law(NEEDED)
    async def test_without_known_everything_is_sent(self, bench: Bench) -> None:
        """Where nobody knows what the vendor holds, all properties are written."""
        await bench.deliver(identify(1, {"tier": "a", "score": 1}))
        await bench.deliver(identify(1, {"score": 9}), by=bench.connect())
        await bench.deliver(identify(1, {"tier": "a", "score": 1}))
        self._same(bench, person(1), {"tier": "a", "score": 1})

    @law(NEEDED)
    async def test_somebody_without_an_address_is_accounted_for(self, bench: Bench) -> None:
        """Who has no e-mail address is delivered by another identifier or rejected alone."""
        nobody = Identify("no-address", person(5, email=None), {SEGMENT: "Lost"})
        sent = await bench.send([identify(1), nobody, identify(2)])
        require({"change-00001", "change-00002"} <= sent.delivered, f"others: {sent.outcomes}")
        require("no-address" in sent.delivered | sent.rejected, f"{sent.outcomes}")
        if "no-address" in sent.delivered:
            self._same(bench, nobody.person, {SEGMENT: "Lost"})

    @law(NEEDED)
    async def test_two_customers_with_one_address_are_accounted_for(self, bench: Bench) -> None:
        """Two of our customers may share an address: each change gets an outcome of its own."""
        twin = Identify("twin", Person("customer-twin", person(1).email), {SEGMENT: "Lost"})
        sent = await bench.send([identify(1), twin, identify(2)])
        same(set(sent.outcomes), {"change-00001", "twin", "change-00002"}, "outcomes")
        require(not sent.unsure, f"nobody may stay unsure: {sent.outcomes}")
        bench.poison([person(1)])
        sent = await bench.send([identify(1), twin, identify(2)])
        require(not sent.unsure, f"nobody may stay unsure, bad or not: {sent.outcomes}")
        require("change-00002" in sent.delivered, f"the other one: {sent.outcomes}")

    @law(NEEDED, Can.REJECT)
    async def test_a_rejection_finds_an_address_in_capitals(self, bench: Bench) -> None:
        """Vendors fold the case of an address; the outcome finds its change all the same."""
        loud = Identify("loud", person(1, email="CANARY1@Example.COM"), {SEGMENT: "Lost"})
        bench.poison([loud.person])
        sent = await bench.send([identify(0), loud, identify(2)])
        same(sent.rejected, {"loud"}, "rejected")
        same(sent.unsure, set[str](), "unsure")

    async def _arrives(self, bench: Bench, sent: list[Value]) -> None:
        """Each value is held after it was set; each in a property of its own type."""
        names = {type(value).__name__ for value in sent}
        name = f"a_{names.pop()}"
        for value in sent:
            await bench.deliver(identify(1, {name: value}))
            self._same(bench, person(1), {name: value})

    def _same(self, bench: Bench, who: Person, expected: dict[str, Value]) -> None:
        held = bench.properties(who)
        for name, value in expected.items():
            require(name in held, f"{name} did not arrive; there are {sorted(held)}")
            same(held[name], self.held(value), name)
