"""The webhook: signature, key, answers, and the addresses that it does not speak to."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import socket
from datetime import date

import httpx
import pytest
from pydantic import ValidationError

from connectors.destinations.webhook import Webhook, WebhookOptions
from connectors.errors import Misconfigured, Refused, Unavailable
from connectors.types import Delivered, Identify, Rejected, Track

SECRET = "a canary of a secret"
URL = "https://hooks.example.com/T000/token-canary?key=query-canary"


@pytest.fixture(autouse=True)
def names(monkeypatch):
    """What host names lead to; by default to a public address."""
    table = {}

    async def look_up(_loop, host, port, **_):
        address = table.get(host, "93.184.216.34")
        if address is None:
            raise socket.gaierror(-2, "Name or service not known")
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port))]

    monkeypatch.setattr(asyncio.base_events.BaseEventLoop, "getaddrinfo", look_up)
    return table


@pytest.fixture
def webhook(connect):
    return connect(Webhook, url=URL, secret=SECRET)


def test_the_body_is_signed_and_the_same_batch_bears_the_same_key(
    webhook, vendor, identify, track, batch, body
):
    route = vendor.post(URL).respond(200)
    whole = batch(identify(1, a=0, b=False, c=None, d=date(2024, 2, 29)), identify(2, email=None))
    asyncio.run(webhook.identify(whole))
    first = route.calls.last.request
    expected = hmac.new(SECRET.encode(), first.content, hashlib.sha256).hexdigest()
    assert first.headers["Tidesman-Signature"] == f"sha256={expected}"
    assert body(route) == {
        "kind": "identify",
        "changes": [
            {
                "id": "c0001",
                "person": {"id": "1", "email": "a1@example.com", "phone": None},
                "properties": {"a": 0, "b": False, "c": None, "d": "2024-02-29"},
            },
            {
                "id": "c0002",
                "person": {"id": "2", "email": None, "phone": None},
                "properties": {"lifecycle_segment": "Lost"},
            },
        ],
    }
    asyncio.run(webhook.identify(whole))
    again = route.calls.last.request
    asyncio.run(webhook.track(batch(track(1, backfill=True))))
    other = route.calls.last.request
    assert again.headers["Idempotency-Key"] == first.headers["Idempotency-Key"]
    assert other.headers["Idempotency-Key"] != first.headers["Idempotency-Key"]
    (event,) = json.loads(other.content)["changes"]
    assert event["backfill"] is True
    assert event["occurred_at"] == "2024-03-01T12:30:15.900000+00:00"
    assert event["name"] == "Lifecycle Segment Changed"


@pytest.mark.parametrize(
    "answer",
    [
        httpx.Response(200),
        httpx.Response(204),
        httpx.Response(202, text="Accepted"),
        httpx.Response(200, json={}),
        httpx.Response(200, json={"rejected": []}),
        httpx.Response(200, json={"rejected": None}),
    ],
)
def test_any_success_means_done(webhook, vendor, identify, batch, answer):
    vendor.post(URL).mock(return_value=answer)
    receipt = asyncio.run(webhook.identify(batch(identify(1))))
    assert receipt.outcomes == {"c0001": Delivered()}


@pytest.mark.parametrize("status", [200, 422])
def test_rejected_changes_are_named_by_id(webhook, vendor, identify, batch, status):
    told = {"rejected": [{"id": "c0002", "reason": "a2@example.com is unknown"}, {"id": "c0003"}]}
    vendor.post(URL).respond(status, json=told)
    whole = batch(identify(1), identify(2), identify(3))
    expected = {
        "c0002": Rejected("[address] is unknown"),
        "c0003": Rejected("rejected without a reason"),
    }
    if status == 200:
        receipt = asyncio.run(webhook.identify(whole))
        assert receipt.outcomes == {"c0001": Delivered(), **expected}
    else:
        with pytest.raises(Refused) as caught:
            asyncio.run(webhook.identify(whole))
        assert caught.value.outcomes == expected


@pytest.mark.parametrize(
    "answer",
    [
        httpx.Response(200, json={"rejected": [{"id": "stranger"}]}),
        httpx.Response(200, json={"rejected": ["c0001"]}),
        httpx.Response(200, text="{broken", headers={"Content-Type": "application/json"}),
        httpx.Response(200, json=["c0001"]),
    ],
)
def test_an_answer_that_makes_no_sense_is_no_answer(webhook, vendor, identify, batch, answer):
    vendor.post(URL).mock(return_value=answer)
    with pytest.raises(Unavailable):
        asyncio.run(webhook.identify(batch(identify(1))))


def test_a_redirect_is_not_followed(webhook, vendor, identify, batch):
    vendor.post(URL).respond(307, headers={"Location": "http://169.254.169.254/"})
    with pytest.raises(Misconfigured):
        asyncio.run(webhook.identify(batch(identify(1))))
    assert len(vendor.calls) == 1


@pytest.mark.parametrize(
    "host",
    [
        "localhost",
        "LOCALHOST.",
        "shop.localhost",
        "127.0.0.1",
        "127.8.9.10",
        "127.1",
        "2130706433",
        "0x7f000001",
        "0.0.0.0",
        "169.254.169.254",
        "[::1]",
        "[::]",
        "[fe80::1]",
        "[::ffff:127.0.0.1]",
    ],
)
def test_this_machine_and_its_link_are_refused(host):
    with pytest.raises(ValidationError, match="allow_private") as caught:
        WebhookOptions(url=f"http://{host}:8080/x", secret=SECRET)
    assert SECRET not in str(caught.value)
    assert WebhookOptions(url=f"http://{host}:8080/x", secret=SECRET, allow_private=True)


@pytest.mark.parametrize("address", ["127.0.0.1", "169.254.169.254"])
def test_a_name_that_leads_there_is_refused_too(webhook, names, identify, batch, address):
    names["hooks.example.com"] = address
    with pytest.raises(Misconfigured, match="allow_private"):
        asyncio.run(webhook.identify(batch(identify(1))))


def test_an_unknown_name_had_no_effect(webhook, names, identify, batch):
    names["hooks.example.com"] = None
    with pytest.raises(Unavailable) as caught:
        asyncio.run(webhook.identify(batch(identify(1))))
    assert caught.value.maybe_applied is False


@pytest.mark.parametrize(
    "url", ["", "hooks.example.com/x", "ftp://example.com", "http://example.com:x", "x"]
)
def test_what_is_no_web_address_is_refused(url):
    with pytest.raises(ValidationError, match="must be an address such as"):
        WebhookOptions(url=url, secret=SECRET)


def test_a_short_secret_is_refused_and_not_repeated():
    with pytest.raises(ValidationError) as caught:
        WebhookOptions(url=URL, secret="short-canary")
    assert "short-canary" not in str(caught.value)
    assert "query-canary" not in str(caught.value)


@pytest.mark.parametrize("status", [400, 401, 404, 429, 500])
def test_no_error_repeats_what_may_be_a_key(webhook, vendor, identify, batch, status):
    text = f"cannot POST {URL} with {SECRET}"
    vendor.post(URL).respond(status, text=text)
    with pytest.raises(Exception, match="answered") as caught:
        asyncio.run(webhook.identify(batch(identify(1))))
    for canary in ("token-canary", "query-canary", SECRET):
        assert canary not in str(caught.value)
    assert "canary" not in repr(webhook.options)


def test_check_asks_for_nothing(webhook, vendor, body):
    route = vendor.post(URL).respond(200)
    asyncio.run(webhook.check())
    assert body(route) == {"kind": "identify", "changes": []}


def test_the_operator_decides_the_size(connect):
    adapter = connect(Webhook, url=URL, secret=SECRET, batch_size=7)
    assert adapter.delivery(Identify).size == adapter.delivery(Track).size == 7
