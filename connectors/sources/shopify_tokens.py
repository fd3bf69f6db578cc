"""Where the token comes from: fixed, asked for with the app's secret, or read from a file.

Expiring tokens of public apps are renewed with a refresh token that changes each time. Where the
new one gets lost between Shopify's answer and the disk, the shop must be connected by hand again,
and two programs that renew the same one shut each other out. So this connector does not renew them:
the app that got them does, and writes the present one to ``token_file``.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path

import httpx

from connectors.errors import Misconfigured, Refused, Unauthorized
from connectors.http import dig
from connectors.sources.shopify_options import ShopifyOptions

#: Where a shop gives out tokens.
PATH = "/admin/oauth/access_token"

Post = Callable[[object], Awaitable[httpx.Response]]


class Tokens:
    """The token at hand. ``post`` sends a JSON body to ``PATH`` and returns a success."""

    def __init__(self, options: ShopifyOptions, post: Post) -> None:
        self._options, self._post = options, post
        fixed = options.access_token
        self.present: str | None = None if fixed is None else fixed.get_secret_value()

    @property
    def renewable(self) -> bool:
        """Whether there may be another one than that at hand."""
        return self._options.access_token is None

    async def renew(self) -> None:
        """Fetch one.

        Raises Misconfigured where the file has none, Unauthorized where the app gets none, or what
        else ``post`` raises.
        """
        options = self._options
        if options.token_file is not None:
            self.present = _read(options.token_file)
        elif options.client_secret is not None:
            # good for a day, and given without a refresh token
            asked = {
                "grant_type": "client_credentials",
                "client_id": options.client_id,
                "client_secret": options.client_secret.get_secret_value(),
            }
            try:
                answer = await self._post(asked)
            except (Refused, Unauthorized) as refused:
                raise Unauthorized(
                    f"Shopify gives this client_id no token ({refused}): check client_id and "
                    "client_secret, that the app is installed in the shop, and that both belong "
                    "to one organisation"
                ) from refused
            self.present = str(dig(answer, "access_token"))


def _read(file: Path) -> str:
    try:
        token = file.expanduser().read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        what = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        raise Misconfigured(f"token_file {file} cannot be read: {what}") from error
    if not token:
        raise Misconfigured(f"token_file {file} is empty")
    return token
