"""Faults of reading back."""

from good import Good

from connectors.base import Rate
from connectors.errors import Refused, Unauthorized, Unavailable


class OnlyTruth(Good):
    breaks = "test_what_was_written_can_be_read"

    async def read(self, people, names):
        held = await super().read(people, names)
        return {one: {k: v for k, v in fields.items() if v} for one, fields in held.items()}


class NoneForZero(Good):
    breaks = "test_another_value_is_told_from_ours"

    def holds(self, held, value):
        return super().holds(held, value) or (held is None and not value)


class MissingIsEmpty(Good):
    breaks = "test_people_whom_the_vendor_does_not_know_are_left_out"

    async def read(self, people, names):
        return {one.id: {} for one in people} | dict(await super().read(people, names))


class TellsAll(Good):
    breaks = "test_only_the_names_that_are_asked_for_are_told"

    async def read(self, people, names):
        return await super().read(people, [*names, "theirs"])


class ByPosition(Good):
    breaks = "test_as_many_as_it_says_are_read_each_by_his_id"

    async def read(self, people, names):
        held = await super().read(people, names)
        known = [one.id for one in people if one.id in held]
        return dict(zip(known, held.values(), strict=True))


class TouchesToRead(Good):
    breaks = "test_reading_changes_nothing"

    async def read(self, people, names):
        body = {"people": [{"person": one.id, "set": {"seen": True}} for one in people]}
        job = (await self.call("POST", "/imports", json=body)).json()["job"]
        await self.page(job, "1")
        return await super().read(people, names)


class NobodyThere(Good):
    breaks = "test_a_wrong_key_reads_nothing"

    async def read(self, people, names):
        try:
            return await super().read(people, names)
        except Unauthorized:
            return {}


class AbsentWhenInDoubt(Good):
    breaks = "test_trouble_while_reading_is_told"

    async def read(self, people, names):
        try:
            return await super().read(people, names)
        except Unavailable:
            return {}


class NamesWhomItAsked(Good):
    breaks = "test_errors_of_reading_hold_no_key_and_no_address"

    async def read(self, people, names):
        try:
            return await super().read(people, names)
        except Refused as refusal:
            raise Refused(f"cannot read {people[0].email}") from refusal


class ReadsWithoutLimit(Good):
    breaks = "test_rates_cover_every_reading"
    also = ("test_rates_cover_every_request",)
    rates = (Rate(10, 1, "/me"), Rate(10, 1, "/imports"))
