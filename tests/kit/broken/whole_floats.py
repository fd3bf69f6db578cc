"""Writes 4.0 as 4: the field becomes one of whole numbers, for ever."""

from good import Good


class Broken(Good):
    breaks = "test_a_float_stays_a_float"

    def imported(self, change):
        told = super().imported(change)
        told["set"] = {
            name: int(v) if isinstance(v, float) and v.is_integer() else v
            for name, v in told["set"].items()
        }
        return told
