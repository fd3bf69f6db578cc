"""Takes the 202 of a job for the delivery, and never asks what became of it."""

from good import Good

from connectors.base import delivers
from connectors.types import Identify


class Broken(Good):
    breaks = "test_accepted_is_not_delivered"

    @delivers(Identify, size=20, bytes=300_000)
    async def identify(self, batch):
        await super().identify(batch)
        return batch.delivered()
