"""Makes a request for every record."""

from good import Good

from connectors.base import delivers
from connectors.types import Batch, Track


class Broken(Good):
    breaks = "test_a_batch_is_not_sent_record_by_record"

    @delivers(Track, size=10, bytes=200_000)
    async def track(self, batch):
        outcomes = {}
        for change in batch:
            outcomes |= (await super().track(Batch((change,)))).outcomes
        told = batch.delivered()
        return type(told)(outcomes)
