"""Keeps the batch that is on the wire on itself: two at once get each other's outcomes."""

from good import Good

from connectors.base import delivers
from connectors.types import Track


class Broken(Good):
    breaks = "test_two_batches_at_once_do_not_mix"

    @delivers(Track, size=10, bytes=200_000)
    async def track(self, batch):
        self.batch = batch
        return await super().track(batch)

    def told(self, _batch, failed, stored):
        return super().told(self.batch, failed, stored)
