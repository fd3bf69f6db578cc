"""Faults in what a failed request or a broken answer is taken for."""

from good_source import Good

from connectors.errors import Throttled, Unavailable


class MinuteByMinute(Good):
    """Waits a minute whatever the shop says."""

    breaks = "test_429_tells_the_seconds_to_wait"
    also = (
        "test_429_tells_the_wait_until_a_date",
        "test_429_with_a_wait_of_zero_is_no_wait_unknown",
        "test_429_without_a_wait_does_not_invent_one",
        "test_429_reads_the_vendors_own_headers",
    )

    def patience(self, response):  # noqa: ARG002
        return 60.0


class NoWaitIsNoZero(Good):
    breaks = "test_429_with_a_wait_of_zero_is_no_wait_unknown"

    def patience(self, response):
        return super().patience(response) or None


class EverythingPasses(Good):
    """Whatever goes wrong is tried again for ever."""

    breaks = "test_a_wrong_address_is_misconfigured"

    def failure(self, response):
        found = super().failure(response)
        return found if isinstance(found, Throttled) else Unavailable(str(found))


class AnyAnswerWillDo(Good):
    """What cannot be read is an empty page."""

    breaks = "test_a_page_of_html_is_unavailable"
    also = ("test_a_broken_answer_is_unavailable", "test_an_answer_of_another_shape_is_unavailable")

    async def listed(self, place):
        try:
            return await super().listed(place)
        except Unavailable:
            return {"rows": [], "next": place, "more": False}


class NothingIsEmpty(Good):
    """An object without rows is a shop without orders."""

    breaks = "test_an_answer_of_another_shape_is_unavailable"

    async def listed(self, place):
        told = await self.call("GET", "/orders", params={"after": str(place), "limit": "4"})
        body = told.json() or {}
        empty = {"rows": [], "next": place, "more": False}
        return {**empty, **body} if isinstance(body, dict) else empty


class TriesAgain(Good):
    breaks = "test_a_failed_request_is_not_repeated_by_the_source"

    async def call(self, *args, **kwargs):
        try:
            return await super().call(*args, **kwargs)
        except (Unavailable, Throttled):
            return await super().call(*args, **kwargs)


class PassesOverAPage(Good):
    """A page that the shop refuses is left out."""

    breaks = "test_a_refused_request_is_an_error"

    async def listed(self, place):
        asked = {"after": str(place), "limit": "4"}
        told = await self.call("GET", "/orders", params=asked, accept=(400, 422))
        if told.status_code != 200:
            return {"rows": [], "next": place, "more": False}
        return told.json()
