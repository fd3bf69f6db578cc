"""Klaviyo: properties by bulk import job, events by bulk create job.

Limits and shapes are those of Klaviyo's OpenAPI description, revision 2026-07-15, and of the
official ``klaviyo-api`` package 25.0.0, revision 2026-10-15. No call that subscribes, unsubscribes
or suppresses anyone exists here, and an import neither subscribes a profile nor lifts a
suppression. Klaviyo's documents leave open what is marked "not documented" below.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import parse_qs, quote, urlsplit

import httpx
from pydantic import Field, SecretStr

from connectors.base import Destination, Rate, SharedOptions, delivers
from connectors.destinations import klaviyo_errors as errors
from connectors.destinations import klaviyo_lists as lists
from connectors.destinations.guards import (
    Identifier,
    audience_of,
    distinct,
    identified,
    identify,
    unreserved,
)
from connectors.destinations.klaviyo_read import PROFILES, found, identifiers, query
from connectors.destinations.limits import Limits
from connectors.errors import TicketLost, Unavailable
from connectors.http import Rejection, dig, only, read
from connectors.types import Audience, Batch, Change, Enter, Exit, Identify, Person, Receipt, Track

JOBS = "/api/profile-bulk-import-jobs"
EVENTS = "/api/event-bulk-create-jobs"
PROFILE = Limits("Klaviyo", ids=255, record_bytes=100_000)
EVENT = Limits("Klaviyo", ids=255, text_bytes=100_000, event_name=127, properties=400)
MEDIA_TYPE = "application/vnd.api+json"
CONTENT = {"Content-Type": MEDIA_TYPE}
PAGE = {"page[size]": "100"}
UNCONFIRMED = "Klaviyo takes events without telling whether it could use them"


class KlaviyoOptions(SharedOptions):
    """A private key with the scopes profiles:write, profiles:read, lists:write, lists:read and,
    if events are sent, events:write.
    """

    base_url: str = Field("https://a.klaviyo.com", description="Where Klaviyo's API is.")
    api_key: SecretStr = Field(description="A private API key of the account.")
    revision: str = Field("2026-10-15", description="The revision of the API that is asked for.")
    identifier: Identifier = Field(
        "auto", description="Know people by email, by our external_id, or by email where known."
    )


class Klaviyo(Destination[KlaviyoOptions]):
    """Profiles and events of one Klaviyo account.

    One identifier is sent for a person: Klaviyo writes a second one onto the profile that the
    first has found, and refuses the record if the two point at two profiles.
    """

    options_class = KlaviyoOptions
    #: Legacy names by which a profile's consent can be set from its properties.
    reserved = frozenset({"$consent", "$consent_method", "$consent_timestamp"})
    # limits are documented by endpoint; the reads of a job share one here, which is the safe side
    rates = (
        Rate(10, 1, JOBS, ("POST",)),
        Rate(150, 60, JOBS, ("POST",)),
        Rate(10, 1, JOBS, ("GET",)),
        Rate(150, 60, JOBS, ("GET",)),
        Rate(10, 1, EVENTS),
        Rate(150, 60, EVENTS),
        *lists.RATES,
    )
    # one page: how many values a filter takes is not documented
    reads = 100
    read_rates = (Rate(75, 1, PROFILES, ("GET",)), Rate(750, 60, PROFILES, ("GET",)))

    def authorize(self, request: httpx.Request) -> httpx.Request:
        """Add the key and the revision, which every call needs."""
        key = self.options.api_key.get_secret_value()
        request.headers["Authorization"] = f"Klaviyo-API-Key {key}"
        request.headers["revision"] = self.options.revision
        request.headers["Accept"] = MEDIA_TYPE
        return request

    async def check(self) -> None:
        """Read one import job: harmless, and asks for the very scopes that polling needs."""
        await self.call("GET", JOBS, params={"page[size]": "1"})

    def unconfirmed(self, kind: type[Change]) -> str | None:
        """Of events there is no job to ask for: a 202 is all that is ever told."""
        return UNCONFIRMED if kind is Track else None

    def wire(self, change: Change) -> Mapping[str, Any]:
        """A profile of an import, or an event together with its profile."""
        if isinstance(change, Identify):
            return self._imported(change)
        if isinstance(change, Track):
            return self._recorded([change])
        return self._profile(change.person)

    @delivers(Identify, size=10_000, bytes=5_000_000)
    async def identify(self, batch: Batch[Identify]) -> Receipt:
        """Create or update profiles by an import job; the receipt is always pending.

        Null does not clear a property in an import, so a property without a value is named under
        ``meta.patch_properties.unset``. A text such as "none" would be certain to arrive, but it
        would turn dates and numbers into text and match conditions such as "is not blank". The
        description of the import offers ``unset``; what it does there is not documented further.
        """
        identified(batch, self.options.identifier)
        PROFILE.within(batch, self.options.identifier, self.wire)
        distinct(batch, self._key)
        sent = in_order(batch)
        unreserved(batch, self)
        return await self._import(batch, sent, {})

    async def settle(self, ticket: str, batch: Batch[Any]) -> Receipt:
        """Ask for the job, and when it is complete read its errors to the last page.

        Raises TicketLost when the job was cancelled or is no longer known.
        """
        path = f"{JOBS}/{quote(ticket, safe='')}"
        job = dig(await self._get(path, ticket), "data", "attributes")
        status = job.get("status")
        if status in {"queued", "processing"}:
            return batch.pending(ticket)
        if status == "cancelled":
            raise TicketLost(f"Klaviyo cancelled import job {ticket}")
        if status != "complete":
            raise Unavailable(f"Klaviyo told no known status of import job {ticket}: {status}")
        failed = job.get("failed_count")
        keys = {self._key(change.person): change.id for change in batch}
        receipt = batch.delivered()
        if failed != 0:
            found = await self._pages(f"{path}/import-errors", PAGE, job=ticket)
            receipt = errors.settled(batch, found, failed, keys, in_order(batch))
        if not isinstance(batch.changes[0], Exit):
            return receipt
        rows = await self._pages(f"{path}/profiles", PAGE, job=ticket)
        found_ids = lists.ids_of(rows, keys)
        if found_ids:
            off = lists.path(audience_of(batch))
            body = lists.members(found_ids.values())
            await self.call("DELETE", off, json=body, headers=CONTENT)
        return lists.taken_off(batch, receipt, found_ids)

    @delivers(Track, size=1_000, bytes=5_000_000)
    async def track(self, batch: Batch[Track]) -> Receipt:
        """Record events, grouped by profile, each with its change id as ``unique_id``.

        A 202 is all that Klaviyo ever tells of events: there is no job to ask for. A ``unique_id``
        that it has seen before makes the whole request fail; such events count as delivered.
        """
        identified(batch, self.options.identifier)
        EVENT.within(batch, self.options.identifier, self.wire)
        groups: dict[str, list[Track]] = {}
        for change in batch:
            groups.setdefault(self._key(change.person), []).append(change)
        sent = list(groups.values())
        entries = {"data": [self._recorded(group) for group in sent]}
        job = {"type": "event-bulk-create-job", "attributes": {"events-bulk-create": entries}}
        try:
            await self._post(EVENTS, {"data": job})
        except Rejection as refusal:
            raise errors.events_refused(refusal, sent) from refusal
        return batch.delivered()

    async def read(
        self, people: Sequence[Person], names: Sequence[str]
    ) -> Mapping[str, Mapping[str, object]]:
        """Ask for profiles by filter. An address stands in the query: Klaviyo has no other way."""
        known: dict[str, Mapping[str, object]] = {}
        for field, ids in identifiers(people, self.options.identifier).items():
            rows = await self._pages(PROFILES, query(field, ids))
            known |= found(field, ids, rows, names)
        return known

    async def find(self, name: str) -> Audience | None:
        """Find the list of that name."""
        return lists.oldest(await self._pages(lists.LISTS, lists.named(name)), name)

    async def ensure(self, name: str) -> Audience:
        """Find the list of that name, or make it."""
        found = await self.find(name)
        if found is not None:
            return found
        made = await self.call("POST", lists.LISTS, json=lists.new(name), headers=CONTENT)
        return Audience(str(dig(made, "data", "id")), name)

    @delivers(Enter, size=10_000, bytes=5_000_000)
    async def enter(self, batch: Batch[Enter]) -> Receipt:
        """Put people on a list by an import job that bears nothing else of them."""
        identified(batch, self.options.identifier)
        distinct(batch, self._key)
        into = {"relationships": lists.into(audience_of(batch))}
        return await self._import(batch, in_order(batch), into)

    @delivers(Exit, size=1_000, bytes=5_000_000)
    async def leave(self, batch: Batch[Exit]) -> Receipt:
        """Take people off a list, which Klaviyo does by its own ids only.

        An import job that bears nothing but who they are tells these ids when it is complete, and
        no address has to stand in a URL; ``settle`` then takes them off.
        """
        identified(batch, self.options.identifier)
        distinct(batch, self._key)
        audience_of(batch)
        return await self._import(batch, in_order(batch), {})

    def _key(self, person: Person) -> str:
        return errors.key(*(identify(person, self.options.identifier) or ("external_id", "")))

    def _profile(self, person: Person) -> dict[str, Any]:
        known_by = identify(person, self.options.identifier)
        return {"type": "profile", "attributes": dict([known_by] if known_by else [])}

    async def _import(self, batch: Batch[Any], sent: list[Any], more: Mapping[str, Any]) -> Receipt:
        profiles = {"data": [self.wire(change) for change in sent]}
        job = {"type": "profile-bulk-import-job", "attributes": {"profiles": profiles}, **more}
        try:
            response = await self._post(JOBS, {"data": job})
        except Rejection as refusal:
            raise errors.import_refused(refusal, sent) from refusal
        return batch.pending(str(dig(response, "data", "id")))

    def _imported(self, change: Identify) -> dict[str, Any]:
        profile = self._profile(change.person)
        properties = change.standing()
        unset = [name for name, value in properties.items() if value is None]
        if unset:
            properties = {name: v for name, v in properties.items() if v is not None}
            profile["meta"] = {"patch_properties": {"unset": unset}}
        profile["attributes"]["properties"] = properties
        return profile

    def _recorded(self, changes: list[Track]) -> dict[str, Any]:
        profile = {"data": self._profile(changes[0].person)}
        events = {"data": [_event(change) for change in changes]}
        return {"type": "event-bulk-create", "attributes": {"profile": profile, "events": events}}

    async def _post(self, path: str, body: object) -> httpx.Response:
        response = await self.call("POST", path, json=body, headers=CONTENT)
        return only(response, 202)

    async def _get(
        self, path: str, ticket: str, params: Mapping[str, str] | None = None
    ) -> httpx.Response:
        response = await self.call("GET", path, params=params, accept=(404,))
        if response.status_code == 404:
            raise TicketLost(f"Klaviyo no longer knows import job {ticket}")
        return response

    async def _pages(
        self, path: str, query: Mapping[str, str], *, job: str | None = None
    ) -> list[dict[str, Any]]:
        """All objects of a listing, to its last page; ``job`` if it is one that may be gone."""
        found: list[dict[str, Any]] = []
        seen: set[str] = set()
        cursor: str | None = None
        while cursor not in seen:
            page = dict(query)
            if cursor is not None:
                seen.add(cursor)
                page["page[cursor]"] = cursor
            ask = self.call("GET", path, params=page) if job is None else self._get(path, job, page)
            response = await ask
            found.extend(errors.listed(dig(response, "data")))
            # only the cursor is taken from the link: nothing but base_url is ever spoken to
            link = (read(response).get("links") or {}).get("next")
            if link is None:
                return found
            cursor = next(iter(parse_qs(urlsplit(link).query).get("page[cursor]", [])), None)
            if cursor is None:
                break
        raise Unavailable(f"Klaviyo's pages of {path} do not come to an end")


def in_order(batch: Batch[Any]) -> list[Any]:
    """The changes by their id: an index in an error means the same after a restart."""
    return sorted(batch, key=lambda change: change.id)


def _event(change: Track) -> dict[str, Any]:
    attributes: dict[str, Any] = {
        "properties": {name: v for name, v in change.properties.items() if v is not None},
        "time": change.occurred_at,
        "unique_id": change.id,
        "metric": {"data": {"type": "metric", "attributes": {"name": change.name}}},
    }
    if change.backfill:
        attributes["backfill"] = True
    return {"type": "event", "attributes": attributes}
