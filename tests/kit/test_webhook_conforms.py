"""The webhook adapter keeps every law but those that its own contract does not have."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any, ClassVar

import httpx

from connectors.destinations.webhook import SIGNATURE, Webhook
from connectors.testing import ADDRESS, DestinationSuite, Recorded
from connectors.types import Person


class Receiver:
    """A server as the webhook's text asks for; names what it rejects beside what it does."""

    def __init__(self, key: str) -> None:
        self.key = key.encode()
        self.held: dict[str, dict[str, Any]] = {}
        self.stored: dict[str, dict[str, Any]] = {}
        self.bad: set[str] = set()

    def options(self, key: str) -> Mapping[str, object]:
        return {"url": f"{ADDRESS}/hook", "secret": key, "allow_private": True}

    def transport(self) -> httpx.AsyncBaseTransport:
        return httpx.MockTransport(self.receive)

    def receive(self, request: httpx.Request) -> httpx.Response:
        signed = hmac.new(self.key, request.content, hashlib.sha256).hexdigest()
        if request.headers[SIGNATURE] != f"sha256={signed}":
            return httpx.Response(401, json={"error": "the signature is wrong"})
        if len(request.content) > 1_000_000:
            return httpx.Response(413)
        body = json.loads(request.content)
        bad = [change for change in body["changes"] if change["person"]["id"] in self.bad]
        rejected = [
            {"id": change["id"], "reason": f"no {change['person']['email']}"} for change in bad
        ]
        return self.answer(body, rejected)

    def answer(self, body: Any, rejected: list[Any]) -> httpx.Response:
        named = {one["id"] for one in rejected}
        self.take([change for change in body["changes"] if change["id"] not in named])
        return httpx.Response(200, json={"rejected": rejected})

    def take(self, changes: list[Any]) -> None:
        for change in changes:
            held = self.held.setdefault(change["person"]["id"], {})
            if "name" in change:
                self.stored.setdefault(change["id"], change)
                continue
            for name, value in change["properties"].items():
                held[name] = value
                if value is None:
                    del held[name]

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
                datetime.fromisoformat(one["occurred_at"]),
                one["properties"],
                triggers=not one["backfill"],
            )
            for one in self.stored.values()
            if one["person"]["id"] == person.id
        ]


class NamingReceiver(Receiver):
    """Does all or nothing, and names the culprits."""

    def answer(self, body: Any, rejected: list[Any]) -> httpx.Response:
        if rejected:
            return httpx.Response(422, json={"rejected": rejected})
        return super().answer(body, rejected)


class SilentReceiver(Receiver):
    """Does all or nothing, and never says a word."""

    def answer(self, body: Any, rejected: list[Any]) -> httpx.Response:
        if rejected:
            return httpx.Response(422)
        super().answer(body, rejected)
        return httpx.Response(204)


class TestWebhook(DestinationSuite):
    destination = Webhook
    vendor = Receiver
    departs: ClassVar[Mapping[str, str]] = {
        "test_an_empty_object_is_no_delivery": "by the contract a 2xx means that all is done, "
        "but for what its body rejects"
    }


class TestWebhookThatNames(TestWebhook):
    vendor = NamingReceiver


class TestWebhookThatIsSilent(TestWebhook):
    vendor = SilentReceiver
