"""Takes a wait of zero seconds for no word about the wait."""

from good import Good

from connectors import http


class Broken(Good):
    breaks = "test_429_with_a_wait_of_zero_is_no_wait_unknown"

    def failure(self, response):
        wait = http.patience(response) or None
        return http.failure(response, wait=lambda _: wait, secrets=self.secrets())


class WaitsAMinute(Good):
    breaks = "test_429_without_a_wait_does_not_invent_one"
    also = (
        "test_429_tells_the_seconds_to_wait",
        "test_429_tells_the_wait_until_a_date",
        "test_429_reads_the_vendors_own_headers",
    )

    def failure(self, response):
        return http.failure(response, wait=lambda _: 60.0, secrets=self.secrets())
