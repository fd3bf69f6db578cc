"""How a WooCommerce shop is shown its key: Basic auth over TLS, OAuth 1.0a over plain HTTP.

Over plain HTTP WooCommerce answers 401 to the key itself; a signature tells the secret to nobody
who listens. It must bear the time, to 15 minutes (``check_oauth_timestamp_and_nonce`` in
WooCommerce's source). A connector has no clock, so it is the shop's own, by the ``Date`` of its
latest answer.
"""

from __future__ import annotations

import secrets
from collections.abc import Generator
from datetime import datetime, timedelta
from typing import Final

import httpx

from connectors.errors import Misconfigured, Unavailable
from connectors.http import answered_at

#: Half of what WooCommerce allows: an answer that is so much later calls for a new signature.
STALE: Final = timedelta(minutes=7)


class OneLegged(httpx.Auth):
    """OAuth 1.0a without a token, HMAC-SHA256, in the query as WooCommerce documents it.

    Raises Misconfigured where the extra ``woocommerce`` is not installed.
    """

    def __init__(self, key: str, secret: str, dated: httpx.URL) -> None:
        """``dated`` is asked once, without the key, for the time."""
        try:
            from oauthlib.oauth1 import (  # noqa: PLC0415 - an extra, for plain http alone
                SIGNATURE_HMAC_SHA256,
                SIGNATURE_TYPE_QUERY,
                Client,
            )
        except ImportError as error:
            raise Misconfigured(
                "a WooCommerce shop over plain http needs a library more; install it with "
                "pip install 'tidesman[woocommerce]', or give the shop's https address"
            ) from error
        self._client = Client
        self._how = {
            "client_key": key,
            "client_secret": secret,
            "signature_method": SIGNATURE_HMAC_SHA256,
            "signature_type": SIGNATURE_TYPE_QUERY,
        }
        self._dated = dated
        self._now: datetime | None = None

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        """Sign the request; sign it anew, once, if it lay so long that its time is over."""
        if self._now is None:
            asked = httpx.Request("HEAD", self._dated, extensions=request.extensions)
            response = yield asked
            if response.status_code == 429 or response.is_server_error:
                return
            self._now = answered_at(response)
        if self._now is None:
            raise Unavailable(
                f"{self._dated.host} answers without a Date, by which a request is signed"
            )
        plain, signed_at = request.url, self._now
        request.url = self._signed(plain, signed_at)
        response = yield request
        self._now = answered_at(response) or signed_at
        if response.status_code == 401 and abs(self._now - signed_at) > STALE:
            request.url = self._signed(plain, self._now)
            yield request

    def _signed(self, url: httpx.URL, moment: datetime) -> httpx.URL:
        stamp = str(int(moment.timestamp()))
        client = self._client(nonce=secrets.token_hex(16), timestamp=stamp, **self._how)
        address, _headers, _body = client.sign(str(url))
        return httpx.URL(address)
