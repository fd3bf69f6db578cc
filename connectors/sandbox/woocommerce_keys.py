"""How the WooCommerce look-alike knows a key: Basic auth over TLS, OAuth 1.0a over plain HTTP.

The signature is reckoned as ``WC_REST_Authentication`` reckons it, from the parts of RFC 5849.
"""

from __future__ import annotations

import base64
import hmac
from collections.abc import Collection
from datetime import datetime
from typing import Final
from urllib.parse import quote

from connectors.sandbox.wire import Call

#: Seconds that the time of a signature may be off, and in which no nonce may come twice.
WINDOW: Final = 15 * 60


class Keys:
    """``key:secret`` of those that are let in; None lets in all that are well-formed."""

    def __init__(self, known: Collection[str] | None) -> None:
        self._secrets = None if known is None else dict(one.split(":", 1) for one in known)
        self._nonces: dict[str, float] = {}

    def basic(self, call: Call) -> str | None:
        """What is wrong with the key in the header, as over TLS; None if nothing is."""
        scheme, _, word = call.headers.get("authorization", "").partition(" ")
        if scheme != "Basic":
            return "Sorry, you cannot list resources."
        key, _, secret = base64.b64decode(word).decode().partition(":")
        if self._secrets is None:
            return None if key and secret else "Consumer key is invalid."
        known = self._secrets.get(key)
        if known is None:
            return "Sorry, you cannot list resources."
        return None if hmac.compare_digest(known, secret) else "Consumer secret is invalid."

    def signed(self, call: Call, now: datetime) -> str | None:
        """What is wrong with the signature in the query; None if nothing is."""
        given = dict(call.query)
        wanted = ("consumer_key", "timestamp", "nonce", "signature", "signature_method")
        missing = [f"oauth_{name}" for name in wanted if not given.get(f"oauth_{name}")]
        if len(missing) == len(wanted):
            return "Sorry, you cannot list resources."
        if missing:
            return f"Missing OAuth parameters {', '.join(missing)}"
        signature = given.pop("oauth_signature")
        if self._secrets is not None:
            secret = self._secrets.get(given["oauth_consumer_key"])
            if secret is None:
                return "Consumer key is invalid."
            if not hmac.compare_digest(self._reckoned(call, given, secret), signature):
                return "Invalid signature - provided signature does not match."
        return self._fresh(float(given["oauth_timestamp"]), given["oauth_nonce"], now.timestamp())

    def _fresh(self, at: float, nonce: str, now: float) -> str | None:
        if abs(at - now) > WINDOW:
            return "Invalid timestamp."
        if nonce in self._nonces:
            return "Invalid nonce - nonce has already been used."
        self._nonces = {one: t for one, t in self._nonces.items() if t >= now - WINDOW}
        self._nonces[nonce] = at
        return None

    def _reckoned(self, call: Call, given: dict[str, str], secret: str) -> str:
        pairs = (f"{_escaped(k)}={_escaped(v)}" for k, v in sorted(given.items()))
        parts = (call.method, call.base + call.path, "&".join(pairs))
        text = "&".join(map(_escaped, parts))
        digest = hmac.new(f"{secret}&".encode(), text.encode(), "sha256").digest()
        return base64.b64encode(digest).decode()


def _escaped(text: str) -> str:
    return quote(text, safe="")
