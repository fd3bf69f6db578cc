"""Declares twice the number that the vendor takes, and lets halving hide it."""

from good import Good

from connectors.base import delivers
from connectors.types import Identify


class Broken(Good):
    breaks = "test_a_full_batch_is_taken_at_once"
    also = ("test_one_more_than_a_full_batch_takes_a_second",)

    @delivers(Identify, size=40, bytes=300_000)
    async def identify(self, batch):
        return await super().identify(batch)
