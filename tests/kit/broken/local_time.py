"""Writes the hour of its own clock and calls it UTC."""

from datetime import timedelta, timezone

from good import Good


class Broken(Good):
    breaks = "test_an_event_bears_its_time_to_the_second"

    def event(self, change):
        there = change.occurred_at.astimezone(timezone(timedelta(hours=2)))
        return {**super().event(change), "at": f"{there:%Y-%m-%dT%H:%M:%S}+00:00"}
