"""Customer.io: attributes and events of people by the Track API's batch call (v2).

Documented are requests below 500 kB with at most 32 kB for each item, a 207 that lists the items
which failed by their index, and an event's ``id`` by which repeats are known. The official
description allows 1,000 requests a second by fair use, another source 100, which is the default. At
most 1,000 items are sent in a request, as connectors do. Not verified: whether kB is 1,000 or 1,024
bytes (1,000 is taken), whether an ``id`` must be a ULID (one is sent), and whether null clears an
attribute, as is assumed here.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from typing import Any, Final

from httpx import Request, Response
from pydantic import Field, SecretStr

from connectors.base import Destination, HttpOptions, Rate, delivers
from connectors.destinations.guards import (
    Identifier,
    identified,
    identify,
    refuse_backfill,
    unreserved,
)
from connectors.http import dig, mask, only, read
from connectors.types import Batch, Change, Identify, Receipt, Track

BATCH = "/api/v2/batch"
#: The letters of a ULID (Crockford's base 32).
LETTERS: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


class CustomerioOptions(HttpOptions):
    """The Track API's credentials of one workspace, which lives in one region (US or EU)."""

    base_url: str = Field(
        "https://track.customer.io",
        description="Where the Track API is; https://track-eu.customer.io for the EU.",
    )
    site_id: str = Field(description="The site id of the workspace.")
    api_key: SecretStr = Field(description="The Track API key that goes with the site id.")
    identifier: Identifier = Field(
        "auto",
        description="Know people by email, by our id as id (external_id), or by email where known.",
    )
    rates: tuple[Rate, ...] = Field(
        (Rate(100, 1),), description="The most requests (calls) in so many seconds."
    )


class Customerio(Destination[CustomerioOptions]):
    """People of one Customer.io workspace; unknown ones are made."""

    options_class = CustomerioOptions
    #: Attributes that hold identity or what a person agreed to.
    reserved = frozenset(
        {"cio_id", "cio_subscription_preferences*", "email", "id", "phone", "unsubscribed"}
    )

    def limits(self) -> tuple[Rate, ...]:
        """The rates that the options name."""
        return self.options.rates

    def authorize(self, request: Request) -> Request:
        """Add site id and key."""
        request.headers["Authorization"] = f"Basic {self._basic()}"
        return request

    def secrets(self) -> tuple[str, ...]:
        """The key, and the form in which it is sent."""
        return (*super().secrets(), self._basic())

    async def check(self) -> None:
        """Ask for the region of the workspace, which needs the same credentials."""
        await self.call("GET", "/api/v1/accounts/region")

    def wire(self, change: Change) -> Mapping[str, Any]:
        """An item of the batch."""
        known_by = identify(change.person, self.options.identifier)
        field, value = known_by or ("external_id", "")
        who = {"email": value} if field == "email" else {"id": value}
        item: dict[str, Any] = {"type": "person", "identifiers": who}
        if isinstance(change, Identify):
            return {**item, "action": "identify", "attributes": dict(change.properties)}
        if isinstance(change, Track):
            known = {name: v for name, v in change.properties.items() if v is not None}
            return {
                **item,
                "action": "event",
                "id": ulid(change),
                "name": change.name,
                "timestamp": int(change.occurred_at.timestamp()),
                "attributes": known,
            }
        return super().wire(change)

    @delivers(Identify, size=1_000, bytes=500_000)
    async def identify(self, batch: Batch[Identify]) -> Receipt:
        """Create or update people."""
        identified(batch, self.options.identifier)
        unreserved(batch, self)
        return await self._send(batch)

    @delivers(Track, size=1_000, bytes=500_000)
    async def track(self, batch: Batch[Track]) -> Receipt:
        """Record events; a repeat is known by its id.

        Customer.io cannot record an event without starting the campaigns that wait for it, so an
        event marked ``backfill`` is rejected.
        """
        identified(batch, self.options.identifier)
        refuse_backfill(batch, "Customer.io")
        return await self._send(batch)

    async def _send(self, batch: Batch[Any]) -> Receipt:
        items = [self.wire(change) for change in batch]
        response = await self.call("POST", BATCH, json={"batch": items})
        return self._receipt(batch, response)

    def _receipt(self, batch: Batch[Any], response: Response) -> Receipt:
        """Indexes are those of this very request, whose answer this is."""
        if response.status_code != 207:
            read(only(response, 200))
            return batch.delivered()
        rejected: dict[str, str] = {}
        stray = 0
        for error in dig(response, "errors"):
            index = error.get("batch_index")
            if type(index) is int and 0 <= index < len(batch):
                told = error.get("message") or error.get("reason") or "no reason was given"
                rejected[batch.changes[index].id] = mask(str(told), self.secrets())
            else:
                stray += 1
        doubt = f"{stray} errors of Customer.io name no item"
        unsure = {c.id: doubt for c in batch if stray and c.id not in rejected}
        return batch.delivered(rejected, unsure)

    def _basic(self) -> str:
        pair = f"{self.options.site_id}:{self.options.api_key.get_secret_value()}"
        return base64.b64encode(pair.encode()).decode()


def ulid(change: Track) -> str:
    """The same ULID for the same event: its millisecond, and 80 bits of the hash of its id."""
    moment = int(change.occurred_at.timestamp() * 1_000)
    digest = int.from_bytes(hashlib.sha256(change.id.encode()).digest()[:10])
    number = (moment << 80) | digest
    return "".join(LETTERS[(number >> shift) & 31] for shift in range(125, -5, -5))
