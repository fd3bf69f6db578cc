"""Puts the vendor's words, the key and the address among them, into the error as they are."""

from good import Good

from connectors.errors import Unauthorized


class Broken(Good):
    breaks = "test_errors_hold_no_key_and_no_address"

    def failure(self, response):
        if response.status_code == 401:
            return Unauthorized(f"the key {self.options.api_key.get_secret_value()} was refused")
        return super().failure(response)
