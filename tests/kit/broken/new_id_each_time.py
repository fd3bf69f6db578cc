"""Gives an event a new id each time that it is sent, and says that repeats are known."""

import itertools

from good import Good


class Broken(Good):
    breaks = "test_an_event_sent_twice_is_stored_once"
    also = (
        "test_sending_again_after_a_lost_answer_ends_the_same",
        "test_an_event_is_stored_once_after_a_lost_answer",
        "test_an_old_event_among_new_ones_harms_nobody",
    )

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.number = itertools.count(id(self))
        self.ids = {}

    def event(self, change):
        told = super().event(change)
        told["id"] = f"event-{next(self.number)}"
        self.ids[told["id"]] = change.id
        return told

    def told(self, batch, failed, stored):
        ours = [{**one, "id": self.ids[one["id"]]} for one in failed]
        return super().told(batch, ours, stored)
