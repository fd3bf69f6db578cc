"""Sends the key in Basic, and does not know that form for a secret."""

import base64

from good import Good


class Broken(Good):
    breaks = "test_the_key_as_it_is_sent_is_masked"

    def authorize(self, request):
        key = self.options.api_key.get_secret_value()
        request.headers["Authorization"] = (
            f"Basic {base64.b64encode(f'us:{key}'.encode()).decode()}"
        )
        return super().authorize(request)
