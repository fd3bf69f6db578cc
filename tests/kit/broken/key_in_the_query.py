"""Puts the key into the URL, where every proxy logs it."""

from good import Good


class Broken(Good):
    breaks = "test_the_key_and_addresses_stand_in_no_url"

    def authorize(self, request):
        key = self.options.api_key.get_secret_value()
        request.url = request.url.copy_merge_params({"key": key})
        return request
