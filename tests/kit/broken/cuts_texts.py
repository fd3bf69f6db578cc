"""Cuts long texts without a word."""

from good import Good


class Broken(Good):
    breaks = "test_a_long_text_arrives_whole"

    def imported(self, change):
        told = super().imported(change)
        told["set"] = {n: v[:255] if isinstance(v, str) else v for n, v in told["set"].items()}
        return told
