"""Knows how many failed and not who: the first ones will do."""

from good import Good


class Broken(Good):
    breaks = "test_the_last_may_be_bad"
    also = (
        "test_the_order_in_a_batch_does_not_matter",
        "test_neighbours_may_be_bad",
        "test_any_bad_ones_are_rejected_and_no_others",
    )

    def told(self, batch, failed, _stored):
        first = batch.changes[: len(failed)]
        return batch.delivered({change.id: "one of them failed" for change in first})
