"""What all adapters that ship have in common: how requests fail, and what never leaks."""

from __future__ import annotations

import asyncio

import httpx
import pytest

from connectors.destinations.braze import Braze
from connectors.destinations.iterable import Iterable
from connectors.destinations.klaviyo import Klaviyo
from connectors.destinations.webhook import Webhook
from connectors.errors import (
    ConnectorError,
    Misconfigured,
    Refused,
    Throttled,
    Unauthorized,
    Unavailable,
)
from connectors.exchange import ENVELOPE, cut, exchange
from connectors.http import encode
from connectors.types import Change, Enter, Exit, Identify, Track

KEY = "key_canary_0123456789"
OPTIONS = {
    Klaviyo: {"api_key": KEY},
    Iterable: {"api_key": KEY},
    Braze: {"api_key": KEY, "base_url": "https://rest.iad-03.braze.com"},
    Webhook: {"url": "http://127.0.0.1:1/x", "secret": KEY, "allow_private": True},
}


@pytest.fixture(params=OPTIONS, ids=lambda cls: cls.__name__)
def adapter(request, connect):
    return connect(request.param, **OPTIONS[request.param])


@pytest.fixture(params=["identify", "track", "check"])
def call(request, adapter, identify, track, batch):
    """One call of the adapter, without its answer."""
    if request.param == "check":
        return adapter.check
    change = identify(1) if request.param == "identify" else track(1)
    return lambda: getattr(adapter, request.param)(batch(change))


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (302, Misconfigured),
        (401, Unauthorized),
        (403, Unauthorized),
        (404, Misconfigured),
        (405, Misconfigured),
        (408, Unavailable),
        (413, Refused),
        (422, Refused),
        (429, Throttled),
        (500, Unavailable),
        (502, Unavailable),
        (503, Unavailable),
        (504, Unavailable),
        (524, Unavailable),
        (599, Unavailable),
    ],
)
def test_a_status_means_the_same_everywhere(call, vendor, status, error):
    said = f"a1@example.com may not, says {KEY}"
    vendor.route().respond(status, text=said, headers={"Retry-After": "7"})
    with pytest.raises(error) as caught:
        asyncio.run(call())
    assert KEY not in f"{caught.value}{caught.value!r}"
    assert "a1@example.com" not in str(caught.value)
    if error is Throttled:
        assert caught.value.retry_after == 7
    if error is Unavailable:
        assert caught.value.maybe_applied is True


@pytest.mark.parametrize(
    ("error", "maybe_applied"),
    [
        (httpx.ConnectError("refused"), False),
        (httpx.ConnectTimeout("slow"), False),
        (httpx.PoolTimeout("busy"), False),
        (httpx.ReadTimeout("slow"), True),
        (httpx.WriteTimeout("slow"), True),
        (httpx.ReadError("reset by a1@example.com"), True),
        (httpx.RemoteProtocolError("cut"), True),
        (httpx.DecodingError("bad gzip"), True),
    ],
)
def test_no_answer_tells_whether_there_may_be_an_effect(call, vendor, error, maybe_applied):
    vendor.route().mock(side_effect=error)
    with pytest.raises(Unavailable) as caught:
        asyncio.run(call())
    assert caught.value.maybe_applied is maybe_applied
    assert "a1@example.com" not in str(caught.value)


@pytest.mark.parametrize("content", [b"", b"{", b"<html>", b"[]", b'"x"', b"\xff", b"null"])
@pytest.mark.parametrize("cls", [Klaviyo, Iterable, Braze])
def test_a_success_that_cannot_be_read_is_not_taken_for_one(
    connect, vendor, identify, batch, cls, content
):
    vendor.route().respond(200, content=content)
    with pytest.raises(Unavailable) as caught:
        asyncio.run(connect(cls, **OPTIONS[cls]).identify(batch(identify(1))))
    assert caught.value.maybe_applied is True


def test_secrets_stand_in_no_repr(adapter):
    assert KEY not in f"{adapter.options!r}{adapter.options}{adapter!r}"


def test_every_option_is_described(adapter):
    fields = type(adapter.options).model_fields
    assert [name for name, field in fields.items() if not field.description] == []


def test_properties_and_events_are_taken_and_audiences_where_there_are_lists(adapter):
    lists = isinstance(adapter, Iterable | Klaviyo)
    kinds = [Identify, Track, Enter, Exit]
    assert [adapter.delivery(kind) is not None for kind in kinds] == [True, True, lists, lists]


@pytest.mark.parametrize("kind", [Identify, Track])
def test_a_cut_request_is_within_count_and_bytes(adapter, vendor, identify, track, kind):
    sizes = []

    def answer(request):
        sizes.append(len(request.content))
        return httpx.Response(500)

    vendor.route().mock(side_effect=answer)
    delivery = adapter.delivery(kind)
    text = "ü" * 250
    changes: list[Change] = [
        identify(n, note=text) if kind is Identify else track(n) for n in range(3 * delivery.size)
    ]
    small = type(delivery)(delivery.method, delivery.size, 40_000, delivery.idempotent)
    parts = list(cut(adapter, small, changes))
    assert [c for part in parts for c in part] == changes
    for part in parts:
        assert len(part) <= delivery.size
        with pytest.raises(Unavailable):
            asyncio.run(getattr(adapter, delivery.method)(part))
    assert max(sizes) <= 40_000
    assert max(sizes) > 10_000
    weight = len(encode(adapter.wire(changes[0])))
    assert weight < 40_000 - ENVELOPE


def test_a_vendor_that_refuses_all_for_one_gets_all_the_others(adapter, vendor, identify, batch):
    """Halving through the real adapter: the poison record alone is rejected."""
    poison = b"a13@example.com" if not isinstance(adapter, Braze) else b'"external_id":"13"'

    def answer(request):
        if poison in request.content:
            return httpx.Response(400, text="one of them is bad")
        count = request.content.count(b"lifecycle_segment")
        return httpx.Response(
            202 if isinstance(adapter, Klaviyo) else 200,
            json={
                "data": {"id": "job"},
                "message": "success",
                "successCount": count,
                "failCount": 0,
            },
        )

    vendor.route().mock(side_effect=answer)
    whole = batch(*[identify(n) for n in range(40)])

    async def through():
        return [(part, receipt) async for part, receipt in exchange(whole, adapter.identify)]

    told = asyncio.run(through())
    refused = [
        change.id
        for part, receipt in told
        for change in part
        if "bad" in str(receipt.outcomes.get(change.id))
    ]
    assert refused == ["c0013"]
    assert sorted(c.id for part, _ in told for c in part) == [c.id for c in whole]


def test_every_error_of_ours_is_one(call, vendor):
    vendor.route().respond(418)
    with pytest.raises(ConnectorError):
        asyncio.run(call())
