"""Reads the first page of errors, and reports all others as delivered."""

from good import Good


class Broken(Good):
    breaks = "test_more_bad_ones_than_a_page_holds"

    def following(self, _told):
        return None
