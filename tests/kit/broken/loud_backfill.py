"""Sends the past like the present: every flow of the shop starts at once."""

from good import Good


class Broken(Good):
    breaks = "test_a_backfill_triggers_nothing"

    def event(self, change):
        return {**super().event(change), "quiet": False}
