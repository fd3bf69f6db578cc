"""Takes a late answer for none: an event may then be sent twice."""

import httpx
from good import Good

from connectors.errors import Unavailable


class Broken(Good):
    breaks = "test_a_timeout_may_have_been_applied"

    async def call(self, *args, **kwargs):
        try:
            return await super().call(*args, **kwargs)
        except Unavailable as error:
            applied = not isinstance(error.__cause__, httpx.TimeoutException)
            raise Unavailable(str(error), maybe_applied=error.maybe_applied and applied) from error
