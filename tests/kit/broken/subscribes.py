"""Subscribes whomever it identifies."""

from good import Good


class Broken(Good):
    breaks = "test_nothing_speaks_of_consent"

    def imported(self, change):
        return {**super().imported(change), "email_opt_in": True}
