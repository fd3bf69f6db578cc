"""Counts the vendor's errors from one where the vendor counts from zero."""

from good import Good


class Broken(Good):
    breaks = "test_one_bad_change_is_rejected_alone"
    also = (
        "test_a_lost_answer_about_bad_ones_changes_no_outcome",
        "test_a_ticket_settles_twice_the_same",
    )

    def in_order(self, batch):
        sent = super().in_order(batch)
        return [*sent[-1:], *sent[:-1]] if self.settling else sent

    settling = False

    async def settle(self, ticket, batch):
        self.settling = True
        try:
            return await super().settle(ticket, batch)
        finally:
            self.settling = False
