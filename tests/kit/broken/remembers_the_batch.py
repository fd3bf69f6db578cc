"""Keeps the batch of a job in memory: after a restart nobody knows who was who."""

from good import Good

from connectors.base import delivers
from connectors.types import Identify


class Broken(Good):
    breaks = "test_a_ticket_outlives_a_restart"
    also = ("test_a_ticket_of_nobody_is_lost",)

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.jobs = {}

    @delivers(Identify, size=20, bytes=300_000)
    async def identify(self, batch):
        receipt = await super().identify(batch)
        self.jobs[receipt.ticket] = batch
        return receipt

    async def settle(self, ticket, batch):
        if ticket not in self.jobs:
            return batch.delivered()
        return await super().settle(ticket, batch)
