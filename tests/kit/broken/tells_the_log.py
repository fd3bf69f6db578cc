"""Writes customers into the log."""

import logging

from good import Good


class Broken(Good):
    breaks = "test_no_log_holds_the_key_or_an_address"

    def imported(self, change):
        logging.getLogger("broken").debug("importing %s", change.person)
        return super().imported(change)
