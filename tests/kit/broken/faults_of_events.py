"""Faults of events."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from good import Good

from connectors.base import delivers
from connectors.errors import Refused
from connectors.types import Batch, Identify, Track


class Slug(Good):
    breaks = "test_an_event_bears_its_name"

    def event(self, change):
        return {**super().event(change), "name": change.name.lower().replace(" ", "_")}


class Texts(Good):
    breaks = "test_an_event_bears_its_properties"

    def event(self, change):
        told = super().event(change)
        return {**told, "set": {name: str(v) for name, v in told["set"].items()}}


class Truthy(Good):
    breaks = "test_an_event_keeps_zero_false_and_empty_text"

    def event(self, change):
        told = super().event(change)
        return {**told, "set": {name: v for name, v in told["set"].items() if v}}


class Ascii(Good):
    breaks = "test_an_event_keeps_texts_of_all_scripts"

    def event(self, change):
        told = super().event(change)
        told["set"] = {
            name: v.encode("ascii", "ignore").decode() if isinstance(v, str) else v
            for name, v in told["set"].items()
        }
        return told


class TheWordNone(Good):
    breaks = "test_a_none_in_an_event_is_no_text"

    def event(self, change):
        told = super().event(change)
        return {**told, "set": {n: "None" if v is None else v for n, v in told["set"].items()}}


class DoneAndCalledRefused(Good):
    breaks = "test_what_was_done_in_part_is_not_called_untouched"

    def told(self, batch, failed, stored):
        if failed and len(batch) > 1:
            raise Refused("somebody among them")
        return super().told(batch, failed, stored)


class OneAPerson(Good):
    breaks = "test_two_events_of_one_person_both_arrive"

    @delivers(Track, size=10, bytes=200_000)
    async def track(self, batch):
        one_each = {change.person.id: change for change in batch}
        told = await super().track(Batch(tuple(one_each.values())))
        by_person = {one_each[c.person.id].id: c.id for c in batch}
        rejected = {by_person[i]: "bad" for i, o in told.outcomes.items() if hasattr(o, "reason")}
        return batch.delivered(rejected)


class OneASecond(Good):
    breaks = "test_two_events_in_one_second_are_two"

    def event(self, change):
        at = change.occurred_at.replace(microsecond=0)
        return {**super().event(change), "id": f"{change.person.id}-{change.name}-{at}"}

    def told(self, batch, failed, stored):
        ours = {self.event(change)["id"]: change.id for change in batch}
        return super().told(batch, [{**one, "id": ours[one["id"]]} for one in failed], stored)


class SendsTheGoodOnesAgain(Good):
    breaks = "test_an_event_is_stored_once"

    @delivers(Track, size=10, bytes=200_000)
    async def track(self, batch):
        told = await super().track(batch)
        bad = {i for i, outcome in told.outcomes.items() if hasattr(outcome, "reason")}
        good = [replace(c, id=f"{c.id}-again") for c in batch if c.id not in bad]
        if bad and good:
            await super().track(Batch(tuple(good)))
        return told


class AllQuiet(Good):
    breaks = "test_a_backfill_does_not_silence_its_neighbours"

    @delivers(Track, size=10, bytes=200_000)
    async def track(self, batch):
        quiet = any(change.backfill for change in batch)
        return await super().track(Batch(tuple(replace(c, backfill=quiet) for c in batch)))


class NotSoOld(Good):
    breaks = "test_the_latest_and_the_oldest_event_arrive"

    def event(self, change):
        at = max(change.occurred_at, datetime(2020, 1, 1, tzinfo=UTC))
        return {**super().event(change), "at": at}


class WritesTheEventOnThePerson(Good):
    breaks = "test_an_event_changes_no_property"

    @delivers(Track, size=10, bytes=200_000)
    async def track(self, batch):
        notes: Any = [Identify(c.id, c.person, {"last_event": c.name}) for c in batch]
        receipt = await self.identify(Batch(tuple(notes)))
        await self.settle(receipt.ticket, Batch(tuple(notes)))
        return await super().track(batch)
