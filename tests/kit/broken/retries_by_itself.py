"""Tries again on its own, under the engine's feet."""

from good import Good

from connectors.errors import Throttled, Unavailable


class Broken(Good):
    breaks = "test_a_failed_request_is_not_repeated_by_the_destination"

    async def call(self, *args, **kwargs):
        try:
            return await super().call(*args, **kwargs)
        except (Throttled, Unavailable):
            return await super().call(*args, **kwargs)
