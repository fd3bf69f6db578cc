"""Takes every job that no longer runs for one that is done."""

from good import Good


class Broken(Good):
    breaks = "test_a_cancelled_job_is_lost"

    async def page(self, ticket, page):
        told = await super().page(ticket, page)
        if told["status"] == "cancelled":
            return {"status": "done", "errors": [], "next": None}
        return told
