"""A destination that keeps every law, and its vendor; the broken ones are made from it."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qs, quote, urlsplit

import httpx
from pydantic import Field, SecretStr

from connectors.base import Destination, HttpOptions, Rate, delivers
from connectors.errors import Misconfigured, Refused, TicketLost, Unavailable
from connectors.http import Rejection, dig, mask, read
from connectors.testing import ADDRESS, DestinationSuite, Recorded
from connectors.types import Audience, Batch, Enter, Exit, Identify, Person, Receipt, Track


class GoodOptions(HttpOptions):
    base_url: str = Field(description="Where it is.")
    api_key: SecretStr = Field(description="What opens it.")


class Good(Destination[GoodOptions]):
    """Properties by job, events with failures by id, audiences all or nothing."""

    options_class = GoodOptions
    rates = (Rate(10, 1),)
    reads = 20

    def authorize(self, request: httpx.Request) -> httpx.Request:
        request.headers["X-Key"] = self.options.api_key.get_secret_value()
        return request

    async def check(self) -> None:
        await self.call("GET", "/me")

    def wire(self, change: Any) -> Mapping[str, Any]:
        return self.imported(change) if isinstance(change, Identify) else self.event(change)

    def imported(self, change: Identify) -> dict[str, Any]:
        return {"person": change.person.id, "set": dict(change.properties)}

    def event(self, change: Track) -> dict[str, Any]:
        return {
            "id": change.id,
            "person": change.person.id,
            "name": change.name,
            "at": change.occurred_at,
            "set": dict(change.properties),
            "quiet": change.backfill,
        }

    @delivers(Identify, size=20, bytes=300_000)
    async def identify(self, batch: Batch[Identify]) -> Receipt:
        if any("agreed" in change.properties for change in batch):
            raise Misconfigured("agreed is not ours to write")
        people = [self.imported(change) for change in self.in_order(batch)]
        response = await self.call("POST", "/imports", json={"people": people})
        return batch.pending(str(dig(response, "job")))

    def in_order(self, batch: Batch[Any]) -> list[Any]:
        return sorted(batch, key=lambda change: change.id)

    async def settle(self, ticket: str, batch: Batch[Any]) -> Receipt:
        errors: list[Any] = []
        page: str | None = "1"
        while page is not None:
            told = await self.page(ticket, page)
            if told["status"] == "running":
                return batch.pending(ticket)
            if told["status"] == "cancelled":
                raise TicketLost("the import was cancelled")
            errors += told["errors"]
            page = self.following(told)
        sent = self.in_order(batch)
        return batch.delivered({sent[one["index"]].id: mask(one["why"]) for one in errors})

    async def page(self, ticket: str, page: str) -> dict[str, Any]:
        path = f"/imports/{quote(ticket, safe='')}"
        response = await self.call("GET", path, params={"page": page}, accept=(404,))
        if response.status_code == 404:
            raise TicketLost("the import is not known")
        dig(response, "status")
        return read(response)

    def following(self, told: dict[str, Any]) -> str | None:
        link = told["next"]
        return None if link is None else parse_qs(urlsplit(link).query)["page"][0]

    @delivers(Track, size=10, bytes=200_000)
    async def track(self, batch: Batch[Track]) -> Receipt:
        events = [self.event(change) for change in batch]
        response = await self.call("POST", "/events", json={"events": events})
        return self.told(batch, dig(response, "failed"), dig(response, "stored"))

    def told(self, batch: Batch[Any], failed: Any, stored: int) -> Receipt:
        rejected = {one["id"]: mask(one["why"]) for one in failed}
        if stored + len(rejected) != len(batch):
            raise Unavailable("the counts do not agree")
        return batch.delivered(rejected)

    async def find(self, name: str) -> Audience | None:
        page: str | None = "1"
        while page is not None:
            response = await self.call("GET", "/audiences", params={"page": page})
            for one in dig(response, "audiences"):
                if one["name"] == name:
                    return Audience(one["id"], name)
            page = self.following(read(response))
        return None

    async def ensure(self, name: str) -> Audience:
        return await self.find(name) or await self.make(name)

    async def make(self, name: str) -> Audience:
        response = await self.call("POST", "/audiences", json={"new": name})
        return Audience(str(dig(response, "id")), name)

    @delivers(Enter, size=16)
    async def enter(self, batch: Batch[Enter]) -> Receipt:
        return await self.move("add", batch)

    @delivers(Exit, size=16)
    async def leave(self, batch: Batch[Exit]) -> Receipt:
        return await self.move("remove", batch)

    async def read(
        self, people: Sequence[Person], names: Sequence[str]
    ) -> Mapping[str, Mapping[str, object]]:
        asked = {"read": [one.id for one in people]}
        held = dig(await self.call("POST", "/people", json=asked), "held")
        return {
            one: {name: fields[name] for name in names if fields.get(name) is not None}
            for one, fields in held.items()
        }

    async def move(self, verb: str, batch: Batch[Any]) -> Receipt:
        moves = [{"audience": c.audience, "person": c.person.id} for c in batch]
        try:
            await self.call("POST", "/audiences", json={verb: moves})
        except Rejection as refusal:
            raise Refused(str(refusal)) from refusal
        return batch.delivered()


class Account:
    """The vendor: jobs with pages of errors, limits of its own, and trouble on request."""

    page_size = 5

    def __init__(self, key: str) -> None:
        self.key = key
        self.held: dict[str, dict[str, Any]] = {}
        self.stored: dict[str, dict[str, Any]] = {}
        self.audiences: set[tuple[str, str]] = set()
        self.names: dict[str, str] = {}
        self.jobs: dict[str, dict[str, Any]] = {}
        self.bad: set[str] = set()
        self.next_job: dict[str, Any] = {}

    def options(self, key: str) -> Mapping[str, object]:
        return {"base_url": ADDRESS, "api_key": key}

    def transport(self) -> httpx.AsyncBaseTransport:
        return httpx.MockTransport(self.receive)

    def receive(self, request: httpx.Request) -> httpx.Response:
        key = request.headers.get("X-Key") or request.url.params.get("key")
        if key != self.key:
            return httpx.Response(401, json={"why": f"{key} opens nothing here"})
        path = request.url.path
        if path == "/audiences" and request.method == "GET":
            return self.named(int(request.url.params["page"]))
        if path == "/me":
            return httpx.Response(200, json={"name": "account"})
        if request.method == "GET":
            return self.job(path.rpartition("/")[2], int(request.url.params["page"]))
        if len(request.content) > 400_000:
            return httpx.Response(413)
        body = json.loads(request.content)
        return {
            "/imports": self.take,
            "/events": self.record,
            "/audiences": self.move,
            "/people": self.tell,
        }[path](body)

    def take(self, body: Any) -> httpx.Response:
        people = body["people"]
        if len(people) > 20:
            return httpx.Response(400, json={"why": "too many"})
        job = {"polls": 0, "cancelled": False, "lost": False, "people": people, **self.next_job}
        self.next_job = {}
        name = f"job-{len(self.jobs) + 1}"
        self.jobs[name] = job
        return httpx.Response(202, json={"job": name})

    def job(self, name: str, page: int) -> httpx.Response:
        job = self.jobs.get(name)
        if job is None or job["lost"]:
            return httpx.Response(404, json={"why": "no such import"})
        if job["cancelled"]:
            return httpx.Response(200, json={"status": "cancelled"})
        if job["polls"] > 0:
            job["polls"] -= 1
            return httpx.Response(200, json={"status": "running"})
        job.setdefault("errors", self.finish(job.pop("people", [])))
        start = (page - 1) * self.page_size
        shown = job["errors"][start : start + self.page_size]
        more = start + self.page_size < len(job["errors"])
        link = f"{ADDRESS}/imports/{name}?page={page + 1}" if more else None
        return httpx.Response(200, json={"status": "done", "errors": shown, "next": link})

    def finish(self, people: list[Any]) -> list[Any]:
        errors: list[Any] = []
        for index, one in enumerate(people):
            if one["person"] in self.bad:
                errors.append({"index": index, "why": f"no {one['person']}@example.com here"})
                continue
            held = self.held.setdefault(one["person"], {})
            held |= one["set"]
            for name in [name for name, value in held.items() if value is None]:
                del held[name]
        return errors

    def tell(self, body: Any) -> httpx.Response:
        known = sorted(one for one in body["read"] if one in self.held)
        return httpx.Response(200, json={"held": {one: self.held[one] for one in known}})

    def record(self, body: Any) -> httpx.Response:
        if len(body["events"]) > 10:
            return httpx.Response(400, json={"why": "too many"})
        good = [one for one in body["events"] if one["person"] not in self.bad]
        failed = [
            {"id": one["id"], "why": f"no {one['person']}@example.com here"}
            for one in body["events"]
            if one["person"] in self.bad
        ]
        for one in good:
            self.stored.setdefault(one["id"], one)
        return httpx.Response(200, json={"stored": len(good), "failed": failed})

    def named(self, page: int) -> httpx.Response:
        start = (page - 1) * self.page_size
        rows = [{"id": i, "name": name} for i, name in self.names.items()]
        more = start + self.page_size < len(rows)
        following = f"{ADDRESS}/audiences?page={page + 1}" if more else None
        some = rows[start : start + self.page_size]
        return httpx.Response(200, json={"audiences": some, "next": following})

    def move(self, body: Any) -> httpx.Response:
        ((verb, moves),) = body.items()
        if verb == "new":
            made = f"A{len(self.names)}"
            self.names[made] = moves
            return httpx.Response(201, json={"id": made})
        if len(moves) > 16 or any(one["person"] in self.bad for one in moves):
            return httpx.Response(422, json={"why": "somebody among them"})
        pairs = {(one["audience"], one["person"]) for one in moves}
        self.audiences = self.audiences | pairs if verb == "add" else self.audiences - pairs
        return httpx.Response(204)

    def people(self) -> int:
        return len(self.held)

    def poison(self, people: Collection[Person]) -> None:
        self.bad = {person.id for person in people}

    def properties(self, person: Person) -> Mapping[str, object] | None:
        return self.held.get(person.id)

    def events(self, person: Person) -> Sequence[Recorded]:
        return [
            Recorded(
                one["name"],
                datetime.fromisoformat(one["at"]).astimezone(UTC),
                one["set"],
                triggers=not one["quiet"],
            )
            for one in self.stored.values()
            if one["person"] == person.id
        ]

    def holds(self, audience: str, person: Person) -> bool:
        return any((i, person.id) in self.audiences for i, n in self.names.items() if n == audience)

    def slow(self, polls: int) -> None:
        self.next_job = {"polls": polls}

    def cancel(self) -> None:
        self.next_job = {"cancelled": True}

    def lose(self) -> None:
        self.next_job = {"lost": True}


class GoodSuite(DestinationSuite):
    destination = Good
    vendor = Account
    consent_fields = ("agreed",)
    own_waits = (({"Retry-After": "9"}, 9.0),)
