"""Reads indexes against the order in which the store gives the changes back."""

from good import Good


class Broken(Good):
    breaks = "test_a_ticket_settles_in_any_order"

    def in_order(self, batch):
        return list(batch)
