"""HubSpot, Mailchimp and Customer.io: what each says in its own way."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Iterator

import httpx
import pytest

from connectors import sandbox
from connectors.destinations.customerio import LETTERS, Customerio, ulid
from connectors.destinations.hubspot import Hubspot
from connectors.destinations.mailchimp import Mailchimp
from connectors.errors import Misconfigured, Refused, Throttled, Unauthorized, Unavailable
from connectors.types import Delivered, Rejected, Unsure

KEY = "key_canary_0123456789"
MAILCHIMP = {"base_url": "https://us6.api.example", "api_key": KEY, "audience": "a1b2c3d4e5"}


@pytest.fixture
def hubspot(connect):
    return connect(Hubspot, access_token=KEY)


@pytest.fixture
def mailchimp(connect):
    return connect(Mailchimp, **MAILCHIMP)


@pytest.fixture
def customerio(connect):
    return connect(Customerio, site_id="site", api_key=KEY)


def texts(part: object) -> Iterator[str]:
    """Every name in JSON, at any depth."""
    if isinstance(part, dict):
        yield from part
    for one in part.values() if isinstance(part, dict) else part if isinstance(part, list) else ():
        yield from texts(one)


def to(cls, app, **options):
    return cls(cls.options_class(**options), transport=httpx.ASGITransport(app))


# -- HubSpot


def test_hubspot_takes_texts_and_our_change_id_as_trace(hubspot, vendor, identify, batch, body):
    route = vendor.post(path="/crm/v3/objects/contacts/batch/upsert")
    route.respond(200, json={"status": "COMPLETE", "results": [{"id": "1"}]})
    change = identify(1, clv_3y=0.0, orders=0, vip=False, tier="", gone=None)
    assert asyncio.run(hubspot.identify(batch(change))).outcomes == {"c0001": Delivered()}
    assert body(route) == {
        "inputs": [
            {
                "idProperty": "email",
                "id": "a1@example.com",
                "objectWriteTraceId": "c0001",
                "properties": {
                    "clv_3y": "0.0", "orders": "0", "vip": "false", "tier": "", "gone": ""
                },
            }
        ]
    }  # fmt: skip


@pytest.mark.parametrize(
    "context", [{"objectWriteTraceId": ["c0002"]}, {"ids": ["A2@Example.com"]}]
)
def test_hubspot_names_who_failed_by_trace_or_by_identifier(
    hubspot, vendor, identify, batch, context
):
    error = {"message": "a2@example.com is wrong", "context": context}
    told = {"status": "COMPLETE", "results": [{}, {}], "numErrors": 1, "errors": [error]}
    vendor.route().respond(207, json=told)
    receipt = asyncio.run(hubspot.identify(batch(identify(1), identify(2), identify(3))))
    assert receipt.outcomes == {
        "c0001": Delivered(),
        "c0002": Rejected("[address] is wrong"),
        "c0003": Delivered(),
    }


def test_hubspot_that_names_nobody_is_halved(hubspot, vendor, identify, batch):
    told = {"status": "COMPLETE", "results": [{}], "errors": [{"message": "no"}]}
    vendor.route().respond(207, json=told)
    with pytest.raises(Refused, match="does not say whom") as caught:
        asyncio.run(hubspot.identify(batch(identify(1), identify(2))))
    assert caught.value.outcomes == {}
    assert caught.value.maybe_applied


def test_hubspot_that_lacks_a_property_may_have_taken_the_others(hubspot, vendor, identify, batch):
    error = {"message": "PROPERTY_DOESNT_EXIST"}
    vendor.route().respond(207, json={"status": "COMPLETE", "results": [{}], "errors": [error]})
    with pytest.raises(Misconfigured, match="make it under Settings") as caught:
        asyncio.run(hubspot.identify(batch(identify(1), identify(2))))
    assert caught.value.maybe_applied


@pytest.mark.parametrize("told", [{"status": "PROCESSING"}, {"status": "COMPLETE", "results": []}])
def test_hubspot_that_has_not_said_done_leaves_it_open(hubspot, vendor, identify, batch, told):
    vendor.route().respond(200, json=told)
    (outcome,) = asyncio.run(hubspot.identify(batch(identify(1)))).outcomes.values()
    assert isinstance(outcome, Unsure)


def test_a_property_that_hubspot_lacks_stops_it_at_once(identify, batch):
    app = sandbox.Hubspot(lacks=["lifecycle_segment"], limits=False)
    adapter = to(Hubspot, app, access_token=KEY)
    with pytest.raises(Misconfigured, match="make it under Settings, Properties"):
        asyncio.run(adapter.identify(batch(identify(1), identify(2))))
    assert app.requests.total() == 1


def test_hubspot_by_our_id_never_writes_that_property(connect, identify, batch):
    adapter = connect(Hubspot, access_token=KEY, id_property="shop_id")
    with pytest.raises(Misconfigured, match="shop_id is the property by which"):
        asyncio.run(adapter.identify(batch(identify(1, shop_id="x"))))


# -- Mailchimp


def test_mailchimp_is_never_sent_a_status(mailchimp, vendor, identify, batch, body):
    route = vendor.post(path="/3.0/lists/a1b2c3d4e5")
    route.respond(
        json={
            "new_members": [],
            "updated_members": [{"email_address": "A1@example.com"}],
            "errors": [],
        }
    )
    receipt = asyncio.run(mailchimp.identify(batch(identify(1, SEGMENT="Lost", GONE=None))))
    assert receipt.outcomes == {"c0001": Delivered()}
    sent = body(route)
    assert sent["update_existing"] is True
    assert sent["members"] == [
        {"email_address": "a1@example.com", "merge_fields": {"SEGMENT": "Lost", "GONE": ""}}
    ]
    assert not {name for name in texts(sent) if "status" in name or "tag" in name}


def test_who_is_no_member_is_rejected_and_not_made(identify, batch):
    app = sandbox.Mailchimp(limits=False)
    app.preload(["a1@example.com"])
    adapter = to(Mailchimp, app, **MAILCHIMP)
    told = asyncio.run(adapter.identify(batch(identify(1), identify(2)))).outcomes
    assert told["c0001"] == Delivered()
    assert told["c0002"] == Rejected("[address] is no member, and a new one needs a status")
    assert (list(app.held), app.consent_writes) == (["a1@example.com"], 0)


def test_a_member_of_whom_mailchimp_is_silent_stays_open(mailchimp, vendor, identify, batch):
    vendor.route().respond(json={"new_members": [], "updated_members": [], "errors": []})
    (outcome,) = asyncio.run(mailchimp.identify(batch(identify(1)))).outcomes.values()
    assert isinstance(outcome, Unsure)


def test_a_bare_403_of_mailchimp_is_an_overload(mailchimp, vendor, identify, batch):
    vendor.route().respond(403, text="<html>Forbidden</html>")
    with pytest.raises(Unavailable, match="too much to do"):
        asyncio.run(mailchimp.identify(batch(identify(1))))
    vendor.route().respond(403, json={"title": "Forbidden", "status": 403})
    with pytest.raises(Unauthorized):
        asyncio.run(mailchimp.identify(batch(identify(1))))


def test_mailchimp_is_given_its_two_minutes(mailchimp):
    assert mailchimp.client.timeout.read > 120


# -- Customer.io


def test_customerio_records_an_event_under_a_ulid_that_stays(customerio, vendor, track, batch):
    route = vendor.post(path="/api/v2/batch")
    route.respond(json={})
    for _ in range(2):
        assert asyncio.run(customerio.track(batch(track(1)))).outcomes == {"e0001": Delivered()}
    first, second = (json.loads(call.request.content)["batch"] for call in route.calls)
    assert first == second
    assert re.fullmatch(r"[0-7][0-9A-HJKMNP-TV-Z]{25}", first[0]["id"])
    assert first[0]["identifiers"] == {"email": "a1@example.com"}
    assert first[0]["timestamp"] == 1709296215
    assert first[0]["attributes"] == {"from": "Champions", "to": "At Risk", "score": 0}


@pytest.mark.parametrize("status", [202, 204])
def test_customerio_answers_with_200_or_207_and_nothing_else(
    customerio, vendor, identify, batch, status
):
    vendor.route().respond(status, json={})
    with pytest.raises(Unavailable, match="was it taken") as caught:
        asyncio.run(customerio.identify(batch(identify(1))))
    assert caught.value.maybe_applied


def test_ulids_sort_by_time_and_differ_by_id(track):
    ids = [ulid(track(number)) for number in range(200)]
    assert len(set(ids)) == 200
    digits = str.maketrans(LETTERS, "0123456789abcdefghijklmnopqrstuv")
    # 2024-03-01T12:30:15.900Z in milliseconds
    assert {int(one[:10].translate(digits), 32) for one in ids} == {1_709_296_215_900}


@pytest.mark.parametrize("index", [None, -1, 2, True, "0"])
def test_an_error_of_customerio_that_names_no_item_leaves_all_open(
    customerio, vendor, identify, batch, index
):
    vendor.route().respond(207, json={"errors": [{"batch_index": index, "reason": "x"}]})
    told = asyncio.run(customerio.identify(batch(identify(1), identify(2)))).outcomes
    assert {type(one) for one in told.values()} == {Unsure}


def test_an_item_that_is_too_large_is_rejected_alone(identify, batch):
    app = sandbox.Customerio(limits=False)
    adapter = to(Customerio, app, site_id="site", api_key=KEY)
    told = asyncio.run(
        adapter.identify(batch(identify(1), identify(2, note="x" * 33_000)))
    ).outcomes
    assert told["c0001"] == Delivered()
    assert told["c0002"] == Rejected("an item may have 32000 bytes")


# -- limits


def test_the_look_alikes_keep_the_documented_limits(identify, batch):
    async def refused(adapter, count):
        with pytest.raises(Refused):
            await adapter.identify(batch(*[identify(n) for n in range(count)]))

    for adapter, most in (
        (to(Hubspot, sandbox.Hubspot(limits=False), access_token=KEY), 100),
        (to(Mailchimp, sandbox.Mailchimp(limits=False), **MAILCHIMP), 500),
    ):
        assert adapter.delivery(type(identify(1))).size == most
        asyncio.run(refused(adapter, most + 1))
    fast = sandbox.Hubspot(clock=lambda: 1_000.0)

    async def often():
        adapter = to(Hubspot, fast, access_token=KEY)
        for _ in range(101):
            await adapter.check()

    with pytest.raises(Throttled) as caught:
        asyncio.run(often())
    assert caught.value.retry_after is None
    assert fast.requests.total() == 101


@pytest.mark.parametrize(
    ("cls", "options"),
    [(Hubspot, {"access_token": KEY}), (Customerio, {"site_id": "s", "api_key": KEY})],
)
def test_the_rates_of_a_contract_are_an_option(connect, cls, options):
    own = connect(cls, **options, rates=[{"calls": 7, "seconds": 2}])
    assert [(rate.calls, rate.seconds) for rate in own.limits()] == [(7, 2)]
    assert connect(cls, **options).limits()[0].calls == 100
