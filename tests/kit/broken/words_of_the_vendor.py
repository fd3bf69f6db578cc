"""Gives the vendor's words as the reason, with the customer's address in them."""

from good import Good


class Broken(Good):
    breaks = "test_reasons_hold_no_key_and_no_address"

    def told(self, batch, failed, _stored):
        emails = {change.id: change.person.email for change in batch}
        return batch.delivered({one["id"]: f"{emails[one['id']]} failed" for one in failed})
