"""Any server of your own: changes by signed POST.

The request is a JSON object, in UTF-8, with these headers and keys::

    POST <url>
    Idempotency-Key: <SHA-256 of the body, in hex>
    Tidesman-Signature: sha256=<HMAC-SHA-256 of the body with your secret, in hex>

    {"kind": "identify" | "track",
     "changes": [{"id": "...",                          names the change within this request
                  "person": {"id": "...", "email": "..." | null, "phone": "..." | null},
                  "properties": {...},                  dates as ISO 8601; null means: clear it
                  "name": "...", "occurred_at": "...",  events only, whose id is used once; UTC
                  "backfill": true | false}]}           events only; true: trigger nothing by it

The same batch sent again has the same body and the same key. Keep keys for a day at most: someone
who moves away and back makes the same body again. Properties may be set twice without harm, and an
event that comes again in another batch is known by its id. What answers mean:

- 2xx: all of it is done, whatever the body says, but for the changes that a JSON body names under
  ``rejected``: ``{"rejected": [{"id": "...", "reason": "..."}]}``. Answer when it is done, not
  before: nobody asks again.
- 401, 403: the secret is wrong; nothing more is sent. 404, 405, 410, redirects: the url is wrong.
- 429, with Retry-After: the same batch later. 5xx, 408, 425, no answer: the same batch later.
- Any other 4xx: nothing was done. Those named under ``rejected`` are taken out and the rest is sent
  again; with none named, the batch is halved until the bad change stands alone.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import ipaddress
import socket
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, cast

from httpx import URL, Request, Response
from pydantic import Field, SecretStr, model_validator

from connectors.base import Delivery, Destination, Options, delivers
from connectors.errors import Misconfigured, Refused, Unavailable
from connectors.http import Rejection, mask, read, web_address
from connectors.types import Batch, Change, Identify, Outcome, Receipt, Rejected, Track

SIGNATURE = "Tidesman-Signature"


class WebhookOptions(Options):
    """Where to post, and the secret that both sides know."""

    url: SecretStr = Field(description="The whole address; it is kept secret, as it may be a key.")
    secret: SecretStr = Field(min_length=16, description="The key of the signature.")
    batch_size: int = Field(500, ge=1, le=10_000, description="The most changes of one request.")
    allow_private: bool = Field(
        False, description="Allow a url on this very machine or on its local link."
    )

    @model_validator(mode="after")
    def _is_public(self) -> WebhookOptions:
        url = web_address(self.url.get_secret_value())
        if not self.allow_private and _is_near(url.host):
            raise ValueError(_near(url.host))
        return self


class Webhook(Destination[WebhookOptions]):
    """A server that takes changes by POST, as the module's text describes."""

    options_class = WebhookOptions

    def secrets(self) -> tuple[str, ...]:
        """The secret, and what of the url may be one."""
        url = self._url
        parts = (url.path, url.query.decode(), url.raw_path.decode(), url.userinfo.decode())
        return (*super().secrets(), *(part for part in parts if part.strip("/")))

    def delivery(self, kind: type[Change]) -> Delivery | None:
        """As declared, with the batch size of the options."""
        declared = super().delivery(kind)
        return declared and replace(declared, size=self.options.batch_size)

    def authorize(self, request: Request) -> Request:
        """Sign the body."""
        key = self.options.secret.get_secret_value().encode()
        digest = hmac.new(key, request.content, hashlib.sha256).hexdigest()
        request.headers[SIGNATURE] = f"sha256={digest}"
        request.headers["Idempotency-Key"] = hashlib.sha256(request.content).hexdigest()
        return request

    async def check(self) -> None:
        """Post an empty batch, which asks for nothing."""
        await self._post({"kind": "identify", "changes": []})

    def wire(self, change: Change) -> Mapping[str, Any]:
        """A change as it stands in the body."""
        person = change.person
        who = {"id": person.id, "email": person.email, "phone": person.phone}
        told: dict[str, Any] = {"id": change.id, "person": who}
        if isinstance(change, Identify | Track):
            told["properties"] = dict(change.properties)
        if isinstance(change, Track):
            event = {"occurred_at": change.occurred_at, "backfill": change.backfill}
            told |= {"name": change.name, **event}
        return told

    @delivers(Identify, size=500, bytes=1_000_000)
    async def identify(self, batch: Batch[Identify]) -> Receipt:
        """Post a batch of properties."""
        return await self._deliver("identify", batch)

    @delivers(Track, size=500, bytes=1_000_000)
    async def track(self, batch: Batch[Track]) -> Receipt:
        """Post a batch of events; the receiver knows a repeat by the ids of the changes."""
        return await self._deliver("track", batch)

    @property
    def _url(self) -> URL:
        return URL(self.options.url.get_secret_value())

    async def _deliver(self, kind: str, batch: Batch[Any]) -> Receipt:
        body = {"kind": kind, "changes": [self.wire(change) for change in batch]}
        try:
            response = await self._post(body)
        except Rejection as refusal:
            named = _rejected(refusal.response, batch)
            outcomes: dict[str, Outcome] = {i: Rejected(reason) for i, reason in named.items()}
            raise Refused(str(refusal), outcomes=outcomes) from refusal
        return batch.delivered(_rejected(response, batch))

    async def _post(self, body: object) -> Response:
        if not self.options.allow_private:
            await _refuse_near(self._url)
        return await self.call("POST", str(self._url), json=body)


def _rejected(response: Response, batch: Batch[Any]) -> dict[str, str]:
    if "json" not in response.headers.get("Content-Type", "") or not response.content.strip():
        return {}
    sent = {change.id for change in batch}
    named: dict[str, str] = {}
    listed = read(response).get("rejected")
    for item in cast("list[object]", listed) if isinstance(listed, list) else []:
        told = cast("dict[str, Any]", item) if isinstance(item, dict) else {}
        change_id = str(told.get("id"))
        if change_id not in sent:
            raise Unavailable("the webhook rejected a change that was not sent to it")
        named[change_id] = mask(str(told.get("reason") or "rejected without a reason"))
    return named


async def _refuse_near(url: URL) -> None:
    """Raise Misconfigured if the name leads to this machine or its local link."""
    port = url.port or (443 if url.scheme == "https" else 80)
    try:
        found = await asyncio.get_running_loop().getaddrinfo(url.host, port)
    except OSError as error:
        reason = f"the address of {url.host} cannot be found"
        raise Unavailable(reason, maybe_applied=False) from error
    if any(_is_near(str(address[0])) for *_, address in found):
        raise Misconfigured(_near(url.host))


def _is_near(host: str) -> bool:
    name = host.rstrip(".").casefold()
    if name == "localhost" or name.endswith(".localhost"):
        return True
    try:
        address = ipaddress.ip_address(name.partition("%")[0])
    except ValueError:
        try:
            # the short and the odd forms too, such as 127.1 or 0x7f000001
            address = ipaddress.ip_address(socket.inet_aton(name))
        except OSError:
            return False
    plain = getattr(address, "ipv4_mapped", None) or address
    return plain.is_loopback or plain.is_link_local or plain.is_unspecified


def _near(host: str) -> str:
    return (
        f"{host} is this machine or its local link, where a webhook could reach what is not meant "
        "for it; set allow_private: true if you mean it"
    )
