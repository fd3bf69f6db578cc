"""Logs what went wrong and goes on, as if all had been done."""

import logging

from good import Good

from connectors.base import delivers
from connectors.errors import ConnectorError
from connectors.types import Track


class Broken(Good):
    breaks = "test_5xx_may_have_been_applied"
    also = (
        "test_403_is_unauthorized",
        "test_408_is_unavailable",
        "test_no_connection_is_surely_not_applied",
        "test_a_wrong_address_is_misconfigured",
        "test_a_refused_request_is_refused",
        "test_a_broken_answer_is_no_delivery",
        "test_an_answer_of_another_shape_is_no_delivery",
        "test_an_empty_object_is_no_delivery",
        "test_a_lost_answer_is_unavailable",
    )

    @delivers(Track, size=10, bytes=200_000)
    async def track(self, batch):
        try:
            return await super().track(batch)
        except ConnectorError as error:
            logging.getLogger("broken").warning("went wrong: %s", error)
            return batch.delivered()
