"""Faults of properties and audiences."""

from datetime import date, timedelta
from typing import Any

from good import Good

from connectors.base import delivers
from connectors.types import Batch, Enter, Exit, Identify


class Remembers(Good):
    """Keeps what it has seen; what for, the others say."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.seen: dict[str, Any] = {}
        self.count = 0


class NeverClears(Good):
    breaks = "test_none_clears_or_leaves_as_documented"

    def imported(self, change):
        told = super().imported(change)
        told["set"] = {name: v for name, v in told["set"].items() if v is not None}
        return told


class OneForAll(Remembers):
    breaks = "test_other_people_are_untouched"

    @delivers(Identify, size=20, bytes=300_000)
    async def identify(self, batch):
        self.seen |= {change.person.id: change for change in batch}
        return await super().identify(batch)

    async def call(self, method, path, **kwargs):
        body = kwargs.get("json")
        if path == "/imports":
            sets = body["people"][-1]["set"]
            others = self.seen.keys() - {one["person"] for one in body["people"]}
            body["people"] += [{"person": name, "set": sets} for name in sorted(others)]
        return await super().call(method, path, **kwargs)


class Counts(Remembers):
    breaks = "test_twice_is_the_same_as_once"

    def imported(self, change):
        self.count += 1
        told = super().imported(change)
        return {**told, "set": {**told["set"], "times": self.count}}


class ByAddress(Good):
    breaks = "test_two_customers_with_one_address_are_accounted_for"

    @delivers(Identify, size=20, bytes=300_000)
    async def identify(self, batch):
        one_each = {change.person.email: change for change in batch}
        receipt = await super().identify(Batch(tuple(one_each.values())))
        return await self.settle(receipt.ticket, Batch(tuple(one_each.values())))


class NeedsAnAddress(Good):
    breaks = "test_somebody_without_an_address_is_accounted_for"

    def imported(self, change):
        return {**super().imported(change), "email": change.person.email.lower()}


class WritesConsent(Good):
    breaks = "test_a_property_named_like_consent_is_refused"

    @delivers(Identify, size=20, bytes=300_000)
    async def identify(self, batch):
        people = [self.imported(change) for change in self.in_order(batch)]
        return batch.pending((await self.call("POST", "/imports", json={"people": people})).text)


class DenyingStrangers(Remembers):
    breaks = "test_who_was_never_in_may_exit"

    @delivers(Exit, size=16)
    async def leave(self, batch):
        return batch.delivered({c.id: "not in it" for c in batch if c.person.id not in self.seen})


class NotesEntries(Counts):
    breaks = "test_to_enter_twice_is_to_enter_once"

    @delivers(Enter, size=16)
    async def enter(self, batch):
        notes = [Identify(c.id, c.person, {"entered": True}) for c in batch]
        receipt = await self.identify(Batch(tuple(notes)))
        await self.settle(receipt.ticket, Batch(tuple(notes)))
        return await super().enter(batch)


class EmptiesTheAudience(Remembers):
    breaks = "test_to_exit_touches_nobody_else"

    async def move(self, verb, batch):
        self.seen |= {change.person.id: change for change in batch}
        receipt = await super().move(verb, batch)
        if verb == "remove":
            await super().move(verb, Batch(tuple(self.seen.values())))
        return receipt


class FirstAudienceForAll(Good):
    breaks = "test_audiences_do_not_mix"

    async def move(self, verb, batch):
        first = batch.changes[0]
        await super().move(
            verb, Batch(tuple(type(first)(c.id, c.person, first.audience) for c in batch))
        )
        return batch.delivered()


class AsciiTexts(Good):
    breaks = "test_texts_of_all_scripts_arrive"

    def imported(self, change):
        told = super().imported(change)
        told["set"] = {
            name: v.encode("ascii", "replace").decode() if isinstance(v, str) else v
            for name, v in told["set"].items()
        }
        return told


class AllFloats(Good):
    breaks = "test_a_whole_number_stays_whole"

    def imported(self, change):
        told = super().imported(change)
        told["set"] = {n: float(v) if type(v) is int else v for n, v in told["set"].items()}
        return told


class DayBefore(Good):
    breaks = "test_a_day_arrives"
    also = ("test_a_moment_arrives",)

    def imported(self, change):
        told = super().imported(change)
        told["set"] = {
            n: v - timedelta(hours=24) if isinstance(v, date) else v for n, v in told["set"].items()
        }
        return told


class FirstWins(Remembers):
    breaks = "test_the_later_change_wins"
    also = ("test_without_known_everything_is_sent",)

    def imported(self, change):
        told = super().imported(change)
        seen = self.seen.setdefault(change.person.id, {})
        told["set"] = {name: v for name, v in told["set"].items() if name not in seen}
        seen |= told["set"]
        return told


class OnlyNews(Good):
    breaks = "test_nothing_new_is_delivered"

    @delivers(Identify, size=20, bytes=300_000)
    async def identify(self, batch):
        news = Batch(tuple(change for change in batch if change.delta()))
        return await self.settle((await super().identify(news)).ticket, news)


class NobodyMoves(Good):
    breaks = "test_who_enters_is_in"
    also = ("test_who_exits_is_out", "test_one_change_is_delivered")

    async def move(self, _verb, batch):
        return batch.delivered()
