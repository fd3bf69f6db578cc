"""Braze: what is sent, errors by index, and the dresses of its rate limits."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import UTC, date, datetime

import httpx
import pytest
from pydantic import ValidationError

from connectors.base import Rate
from connectors.destinations.braze import Braze, BrazeOptions
from connectors.errors import Misconfigured, Refused, Throttled, Unauthorized, Unavailable
from connectors.types import Delivered, Identify, Rejected, Track, Unsure

BASE = "https://rest.iad-03.braze.com"
TRACK = "/users/track"


@pytest.fixture
def braze(connect):
    return connect(Braze, base_url=BASE, api_key="br_canary_1234")


def success(**more):
    return httpx.Response(201, json={"message": "success", **more})


def test_attributes_are_sent_under_our_id_and_create_nobody(braze, vendor, identify, batch, body):
    route = vendor.post(path=TRACK).mock(return_value=success(attributes_processed=1))
    change = identify(
        1,
        lifecycle_segment="Lost",
        clv_3y=0.0,
        vip=False,
        note="",
        since=date(2024, 2, 29),
        seen=datetime(2024, 2, 29, 1, tzinfo=UTC),
        intervention_date=None,
    )
    receipt = asyncio.run(braze.identify(batch(change)))
    assert receipt.outcomes == {"c0001": Delivered()}
    assert body(route) == {
        "attributes": [
            {
                "external_id": "1",
                "_update_existing_only": True,
                "lifecycle_segment": "Lost",
                "clv_3y": 0.0,
                "vip": False,
                "note": "",
                "since": "2024-02-29",
                "seen": "2024-02-29T01:00:00+00:00",
                "intervention_date": None,
            }
        ]
    }
    assert route.calls.last.request.headers["Authorization"] == "Bearer br_canary_1234"


def test_only_changed_attributes_are_sent_as_each_may_be_billed(
    braze, vendor, identify, batch, body
):
    route = vendor.post(path=TRACK).mock(return_value=success())
    changed = replace(identify(1, a=0, b="x", c=None), known={"a": None, "b": "x", "c": 5})
    same = replace(identify(2, a=0), known={"a": 0})
    receipt = asyncio.run(braze.identify(batch(same, changed)))
    assert receipt.outcomes == {"c0001": Delivered(), "c0002": Delivered()}
    (sent,) = body(route)["attributes"]
    assert sent == {"external_id": "1", "_update_existing_only": True, "a": 0, "c": None}


def test_nothing_new_is_no_request(braze, vendor, identify, batch):
    same = replace(identify(1, a=0), known={"a": 0})
    assert asyncio.run(braze.identify(batch(same))).outcomes == {"c0001": Delivered()}
    assert not vendor.calls


@pytest.mark.parametrize(("by", "who"), [("email", "email"), ("auto", "email")])
def test_by_email_everything_is_sent_as_it_may_be_another_profile(
    connect, vendor, identify, batch, body, by, who
):
    route = vendor.post(path=TRACK).mock(return_value=success())
    adapter = connect(Braze, base_url=BASE, api_key="br_canary_1234", identifier=by)
    change = replace(identify(1, a=0), known={"a": 0})
    asyncio.run(adapter.identify(batch(change)))
    assert body(route)["attributes"] == [
        {who: "a1@example.com", "_update_existing_only": True, "a": 0}
    ]


def test_users_are_created_if_the_operator_says_so(connect, vendor, identify, batch, body):
    route = vendor.post(path=TRACK).mock(return_value=success())
    adapter = connect(Braze, base_url=BASE, api_key="br_canary_1234", update_existing_only=False)
    asyncio.run(adapter.identify(batch(identify(1))))
    assert body(route)["attributes"][0]["_update_existing_only"] is False


def test_errors_by_index_are_given_to_the_changes_that_were_sent(braze, vendor, identify, batch):
    errors = [
        {"type": "a1@example.com is bad", "input_array": "attributes", "index": 0},
        {"type": "EXTERNAL_USER_ID_TOO_LARGE", "input_array": "attributes", "index": 2},
    ]
    vendor.post(path=TRACK).mock(return_value=success(attributes_processed=1, errors=errors))
    same = replace(identify(9, a=0), known={"a": 0})
    whole = batch(same, identify(1), identify(2), identify(3))
    receipt = asyncio.run(braze.identify(whole))
    # the first of the batch was not sent: index 0 is the second
    assert receipt.outcomes == {
        "c0009": Delivered(),
        "c0001": Rejected("[address] is bad"),
        "c0002": Delivered(),
        "c0003": Rejected("EXTERNAL_USER_ID_TOO_LARGE"),
    }


@pytest.mark.parametrize(
    "error",
    [
        {"type": "something"},
        {"type": "something", "input_array": "attributes"},
        {"type": "something", "input_array": "attributes", "index": 3},
        {"type": "something", "input_array": "attributes", "index": -1},
        {"type": "something", "input_array": "attributes", "index": "1"},
        {"type": "something", "input_array": "events", "index": 1},
        "a sentence",
        None,
    ],
)
def test_an_error_that_is_nobodys_leaves_the_batch_unsure(braze, vendor, identify, batch, error):
    named = {"type": "bad", "input_array": "attributes", "index": 0}
    vendor.post(path=TRACK).mock(return_value=success(errors=[named, error]))
    receipt = asyncio.run(braze.identify(batch(identify(1), identify(2), identify(3))))
    assert receipt.outcomes["c0001"] == Rejected("bad")
    assert {type(receipt.outcomes[i]) for i in ("c0002", "c0003")} == {Unsure}


@pytest.mark.parametrize(
    "answer",
    [
        httpx.Response(202, json={"message": "queued"}),
        httpx.Response(201, json={}),
        httpx.Response(201, json={"message": "failure"}),
        success(attributes_processed=1),
        success(attributes_processed=0),
    ],
)
def test_what_is_not_said_to_be_done_is_unsure(braze, vendor, identify, batch, answer):
    vendor.post(path=TRACK).mock(return_value=answer)
    receipt = asyncio.run(braze.identify(batch(identify(1), identify(2))))
    assert {type(outcome) for outcome in receipt.outcomes.values()} == {Unsure}


def test_a_whole_refusal_names_its_culprits(braze, vendor, identify, batch):
    error = {"type": "bad", "input_array": "attributes", "index": 1}
    vendor.post(path=TRACK).respond(400, json={"message": "no", "errors": [error]})
    with pytest.raises(Refused) as caught:
        asyncio.run(braze.identify(batch(identify(1), identify(2))))
    assert caught.value.outcomes == {"c0002": Rejected("bad")}


@pytest.mark.parametrize(
    ("status", "content"),
    [
        (400, '{"message": "Max Input Length Exceeded"}'),
        (400, '{"message": "no", "errors": "odd"}'),
        (400, "[]"),
        (413, "<html>"),
    ],
)
def test_a_refusal_that_names_nobody_is_for_halving(
    braze, vendor, identify, batch, status, content
):
    vendor.post(path=TRACK).respond(status, text=content)
    with pytest.raises(Refused) as caught:
        asyncio.run(braze.identify(batch(identify(1), identify(2))))
    assert caught.value.outcomes == {}


NOW = {"Date": "Fri, 01 Mar 2024 12:00:00 GMT"}
EPOCH = int(datetime(2024, 3, 1, 12, 0, 30, tzinfo=UTC).timestamp())


@pytest.mark.parametrize(
    ("headers", "wait"),
    [
        ({"X-Ratelimit-Retry-After": "17"}, 17),
        ({"X-Ratelimit-Retry-After": "0"}, 0),
        ({"X-Ratelimit-Retry-After": "17", "X-RateLimit-Reset": "99"}, 17),
        ({"X-RateLimit-Reset": "42"}, 42),
        ({"X-RateLimit-Reset": str(EPOCH), **NOW}, 30),
        ({"X-RateLimit-Reset": str(EPOCH - 90), **NOW}, 0),
        ({"X-RateLimit-Reset": str(EPOCH)}, None),
        ({"x-ratelimit-reset": "soon"}, None),
        ({"Retry-After": "5"}, 5),
        ({}, None),
    ],
)
def test_a_429_in_each_of_its_dresses(braze, vendor, identify, batch, headers, wait):
    vendor.post(path=TRACK).respond(429, json={"message": "slow"}, headers=headers)
    with pytest.raises(Throttled) as caught:
        asyncio.run(braze.identify(batch(identify(1))))
    assert caught.value.retry_after == wait


def test_events_are_sent_and_cannot_be_told_apart(braze, vendor, track, batch, body):
    route = vendor.post(path=TRACK).mock(return_value=success(events_processed=1))
    receipt = asyncio.run(braze.track(batch(track(1))))
    assert receipt.outcomes == {"e0001": Delivered()}
    assert body(route) == {
        "events": [
            {
                "external_id": "1",
                "_update_existing_only": True,
                "name": "Lifecycle Segment Changed",
                "time": "2024-03-01T12:30:15.900000+00:00",
                "properties": {"from": "Champions", "to": "At Risk", "score": 0},
            }
        ]
    }
    assert braze.delivery(Track).idempotent is False
    assert braze.delivery(Identify).idempotent is True


def test_an_event_that_must_trigger_nothing_is_not_sent(braze, track, batch):
    with pytest.raises(Refused) as caught:
        asyncio.run(braze.track(batch(track(1, backfill=True), track(2))))
    assert list(caught.value.outcomes) == ["e0001"]


@pytest.mark.parametrize(
    "name", ["email_subscribe", "push_subscribe", "subscription_groups", "Email", "external_id"]
)
def test_consent_and_identity_are_never_written(braze, identify, batch, name):
    with pytest.raises(Misconfigured, match=name):
        asyncio.run(braze.identify(batch(identify(1, **{name: "x"}))))


@pytest.mark.parametrize("status", [201, 400])
def test_check_sends_no_object(braze, vendor, body, status):
    route = vendor.post(path=TRACK).respond(status, json={"message": "no objects"})
    asyncio.run(braze.check())
    assert body(route) == {"attributes": []}


def test_check_tells_a_wrong_key(braze, vendor):
    vendor.post(path=TRACK).respond(401, json={"message": "Invalid API key: br_canary_1234"})
    with pytest.raises(Unauthorized) as caught:
        asyncio.run(braze.check())
    assert "br_canary_1234" not in str(caught.value)


def test_the_contract_decides_size_and_rates(connect, braze):
    assert braze.limits() == (Rate(3_000, 3),)
    assert braze.delivery(Identify).size == braze.delivery(Track).size == 75
    rates = [{"calls": 250_000, "seconds": 3_600}, {"calls": 50, "seconds": 3}]
    own = connect(Braze, base_url=BASE, api_key="br_canary_1234", batch_size=50, rates=rates)
    assert own.limits() == (Rate(250_000, 3_600), Rate(50, 3))
    assert own.delivery(Identify).size == own.delivery(Track).size == 50


def test_there_is_no_default_instance():
    with pytest.raises(ValidationError, match="base_url"):
        BrazeOptions(api_key="br_canary_1234")


def test_it_says_what_delivered_leaves_open(connect, braze):
    assert "does not tell whom it passed over" in braze.unconfirmed(Identify)
    for known in ({"update_existing_only": False}, {"look_up_users": True}):
        assert connect(Braze, base_url=BASE, api_key="x", **known).unconfirmed(Track) is None


def test_users_can_be_looked_up_before_they_are_first_sent(connect, vendor, identify, batch, body):
    braze = connect(Braze, base_url=BASE, api_key="br_canary_1234", look_up_users=True)
    export = vendor.post(path="/users/export/ids").respond(
        201, json={"message": "success", "users": [{"external_id": "1"}]}
    )
    track = vendor.post(path=TRACK).mock(return_value=success())
    accepted = replace(identify(3, a=1), known={"a": 0})
    with pytest.raises(Refused) as caught:
        asyncio.run(braze.identify(batch(identify(1), identify(2), accepted)))
    assert list(caught.value.outcomes) == ["c0002"]
    assert "does not know" in caught.value.outcomes["c0002"].reason
    assert body(export)["external_ids"] == ["1", "2"]
    assert not track.called
    asyncio.run(braze.identify(batch(identify(1), accepted)))
    assert track.called
    # who was accepted before is known
    asked = export.call_count
    asyncio.run(braze.identify(batch(accepted)))
    assert (export.call_count, track.call_count) == (asked, 2)


def test_a_look_up_without_an_answer_had_no_effect(connect, vendor, identify, batch):
    braze = connect(Braze, base_url=BASE, api_key="br_canary_1234", look_up_users=True)
    vendor.post(path="/users/export/ids").respond(503)
    with pytest.raises(Unavailable) as caught:
        asyncio.run(braze.identify(batch(identify(1))))
    assert caught.value.maybe_applied is False
