"""Takes a wrong key for bad records, and goes on with the next batch."""

from good import Good

from connectors.errors import Refused


class Broken(Good):
    breaks = "test_401_is_unauthorized"
    also = (
        "test_a_wrong_key_delivers_nothing",
        "test_asking_for_a_job_fails_like_any_request",
    )

    def failure(self, response):
        error = super().failure(response)
        return Refused(str(error)) if response.status_code == 401 else error
