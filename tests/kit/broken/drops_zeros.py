"""Takes 0, False and an empty text for "no value", and clears what they should have set."""

from good import Good


class Broken(Good):
    breaks = "test_zero_arrives"
    also = (
        "test_a_float_of_zero_arrives",
        "test_false_arrives",
        "test_an_empty_text_arrives",
        "test_what_is_known_is_not_lost",
        "test_any_value_arrives",
        "test_any_history_ends_with_its_last_values",
    )

    def imported(self, change):
        kept = {name: value or None for name, value in change.properties.items()}
        return {**super().imported(change), "set": kept}
