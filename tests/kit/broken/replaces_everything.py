"""Clears all that a change does not name, once it has seen a person."""

from good import Good


class Broken(Good):
    breaks = "test_other_properties_are_untouched"
    also = ("test_none_leaves_the_others",)

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.names = set()

    def imported(self, change):
        told = super().imported(change)
        told["set"] = {**dict.fromkeys(self.names), **told["set"]}
        self.names |= change.properties.keys()
        return told
