"""Iterable: what is sent, and what becomes of counts, failure lists and codes."""

from __future__ import annotations

import asyncio
from datetime import UTC, date, datetime, timedelta, timezone

import httpx
import pytest

from connectors.destinations.iterable import Iterable
from connectors.errors import Misconfigured, Refused, Throttled, Unauthorized
from connectors.types import Audience, Delivered, Enter, Exit, Person, Rejected, Unsure

USERS = "/api/users/bulkUpdate"
EVENTS = "/api/events/trackBulk"


@pytest.fixture
def iterable(connect):
    return connect(Iterable, api_key="it_canary_1234")


def counted(done, failed=0, **more):
    return httpx.Response(200, json={"successCount": done, "failCount": failed, **more})


def test_users_are_sent_with_the_types_that_their_fields_keep(
    iterable, vendor, identify, batch, body
):
    route = vendor.post(path=USERS).mock(return_value=counted(2))
    east = timezone(timedelta(hours=5))
    whole = batch(
        identify(
            1,
            clv_3y=120.0,
            orders=0,
            vip=False,
            note="",
            since=date(2024, 2, 29),
            seen=datetime(2024, 2, 29, 3, 4, 5, tzinfo=east),
            intervention_date=None,
        ),
        identify(2, email=None),
    )
    receipt = asyncio.run(iterable.identify(whole))
    assert set(receipt.outcomes.values()) == {Delivered()}
    assert b'"clv_3y":120.0,' in route.calls.last.request.content
    assert body(route) == {
        "users": [
            {
                "email": "a1@example.com",
                "dataFields": {
                    "clv_3y": 120.0,
                    "orders": 0,
                    "vip": False,
                    "note": "",
                    "since": "2024-02-29 00:00:00 +00:00",
                    "seen": "2024-02-28 22:04:05 +00:00",
                    "intervention_date": None,
                },
            },
            {"userId": "2", "preferUserId": True, "dataFields": {"lifecycle_segment": "Lost"}},
        ]
    }
    assert route.calls.last.request.headers["Api-Key"] == "it_canary_1234"
    assert "it_canary_1234" not in str(route.calls.last.request.url)


@pytest.mark.parametrize("create", [True, False])
def test_new_fields_are_created_as_the_operator_says(
    connect, vendor, identify, batch, body, create
):
    route = vendor.post(path=USERS).mock(return_value=counted(1))
    adapter = connect(Iterable, api_key="it_canary_1234", create_new_fields=create)
    asyncio.run(adapter.identify(batch(identify(1))))
    assert body(route)["createNewFields"] is create


@pytest.mark.parametrize(
    "name",
    [
        "invalidEmails",
        "invalidDataEmails",
        "conflictEmails",
        "forgottenEmails",
        "notFoundEmails",
    ],
)
def test_failures_are_read_by_address_whatever_its_case(iterable, vendor, identify, batch, name):
    answer = counted(1, 1, failedUpdates={name: ["A2@Example.COM"]})
    vendor.post(path=USERS).mock(return_value=answer)
    receipt = asyncio.run(iterable.identify(batch(identify(1), identify(2))))
    assert receipt.outcomes["c0001"] == Delivered()
    assert isinstance(receipt.outcomes["c0002"], Rejected)


@pytest.mark.parametrize(
    "name", ["invalidUserIds", "conflictUserIds", "forgottenUserIds", "invalidDataUserIds"]
)
def test_failures_are_read_by_user_id_in_its_very_case(connect, vendor, identify, batch, name):
    adapter = connect(Iterable, api_key="it_canary_1234", identifier="external_id")
    vendor.post(path=USERS).mock(return_value=counted(1, 1, failedUpdates={name: ["2"]}))
    receipt = asyncio.run(adapter.identify(batch(identify(1), identify(2))))
    assert receipt.outcomes["c0001"] == Delivered()
    assert isinstance(receipt.outcomes["c0002"], Rejected)


def test_a_user_id_is_not_taken_for_an_address(connect, vendor, identify, batch):
    vendor.post(path=USERS).mock(return_value=counted(1, 1, invalidUserIds=["a1@example.com"]))
    adapter = connect(Iterable, api_key="it_canary_1234")
    receipt = asyncio.run(adapter.identify(batch(identify(1), identify(2))))
    assert {type(outcome) for outcome in receipt.outcomes.values()} == {Unsure}


def test_the_same_failure_in_the_old_and_the_new_list_counts_once(
    iterable, vendor, identify, batch
):
    answer = counted(
        1,
        1,
        invalidEmails=["a1@example.com"],
        invalidUserIds=[],
        failedUpdates={"invalidEmails": ["a1@example.com"], "conflictEmails": []},
    )
    vendor.post(path=USERS).mock(return_value=answer)
    receipt = asyncio.run(iterable.identify(batch(identify(1), identify(2))))
    assert receipt.outcomes == {
        "c0001": Rejected("the e-mail address is not valid"),
        "c0002": Delivered(),
    }


def test_the_old_list_alone_will_do(iterable, vendor, identify, batch):
    vendor.post(path=USERS).mock(return_value=counted(1, 1, invalidEmails=["a1@example.com"]))
    receipt = asyncio.run(iterable.identify(batch(identify(1), identify(2))))
    assert isinstance(receipt.outcomes["c0001"], Rejected)
    assert receipt.outcomes["c0002"] == Delivered()


@pytest.mark.parametrize(
    "answer",
    [
        counted(2, 1),
        counted(1, 2, failedUpdates={"invalidEmails": ["a1@example.com"]}),
        counted(2, 1, failedUpdates={"invalidEmails": ["stranger@example.com"]}),
        counted(2, 1, failedUpdates={"newKindOfFailure": ["a1@example.com"]}),
        counted(2, 0),
        httpx.Response(200, json={}),
        httpx.Response(200, json={"successCount": 3}),
        httpx.Response(200, json={"msg": "", "code": "Success", "params": None}),
    ],
)
def test_counts_without_names_leave_the_rest_unsure(iterable, vendor, identify, batch, answer):
    vendor.post(path=USERS).mock(return_value=answer)
    whole = batch(identify(1), identify(2), identify(3))
    receipt = asyncio.run(iterable.identify(whole))
    assert {type(receipt.outcomes[i]) for i in ("c0002", "c0003")} == {Unsure}
    assert not isinstance(receipt.outcomes["c0001"], Delivered)


def test_two_changes_with_one_address_never_share_a_request(iterable, identify, batch):
    # without a route, a request would fail the test
    twins = batch(identify(1, email="Same@example.com"), identify(2, email="same@example.com"))
    with pytest.raises(Refused, match="share an identifier") as caught:
        asyncio.run(iterable.identify(twins))
    assert caught.value.outcomes == {}


def test_fields_that_the_project_does_not_have_stop_with_their_names(
    iterable, vendor, identify, batch
):
    answer = counted(1, filteredOutFields=["lifecycle_segment", "clv_3y"])
    vendor.post(path=USERS).mock(return_value=answer)
    with pytest.raises(Misconfigured, match=r"lifecycle_segment, clv_3y.*create_new_fields: true"):
        asyncio.run(iterable.identify(batch(identify(1))))


def test_a_type_clash_names_field_and_types_and_no_value(iterable, vendor, identify, batch):
    clash = {
        "incomingTypes": ["string", "keyword"],
        "expectedType": "double",
        "category": "user",
        "offendingValue": "a1@example.com",
        "_type": "UnexpectedType",
    }
    answer = {
        "msg": "Request fields types mismatched",
        "code": "RequestFieldsTypesMismatched",
        "params": {"validationErrors": {"my project:::clv_3y": clash}},
    }
    vendor.post(path=USERS).respond(400, json=answer)
    with pytest.raises(Refused) as caught:
        asyncio.run(iterable.identify(batch(identify(1), identify(2))))
    assert str(caught.value) == (
        "the type of a field does not fit: clv_3y is double in the project, "
        "string, keyword was sent"
    )
    assert caught.value.outcomes == {}


def test_a_full_project_stops(iterable, vendor, identify, batch):
    vendor.post(path=USERS).respond(
        400, json={"msg": "too many fields", "code": "UniqueFieldsLimitExceeded", "params": None}
    )
    with pytest.raises(Misconfigured, match="no room for new fields"):
        asyncio.run(iterable.identify(batch(identify(1))))


@pytest.mark.parametrize(
    ("status", "code", "error"),
    [
        (401, "Success", Unauthorized),
        (403, "Success", Unauthorized),
        (429, "RateLimitExceeded", Throttled),
        (400, "BatchTooLarge", Refused),
        (409, "ForgottenUserError", Refused),
        (413, "Success", Refused),
    ],
)
def test_the_status_decides_before_the_code(iterable, vendor, identify, batch, status, code, error):
    vendor.post(path=USERS).respond(status, json={"msg": "", "code": code, "params": {}})
    with pytest.raises(error):
        asyncio.run(iterable.identify(batch(identify(1))))


@pytest.mark.parametrize("text", ["", "<html>", "[]", '{"code":', '{"params":{"x":1},"code":1}'])
def test_a_refusal_in_no_known_shape_is_for_halving(iterable, vendor, identify, batch, text):
    vendor.post(path=USERS).respond(400, text=text)
    with pytest.raises(Refused) as caught:
        asyncio.run(iterable.identify(batch(identify(1))))
    assert caught.value.outcomes == {}


def test_events_bear_their_id_and_whole_seconds(iterable, vendor, track, batch, body):
    route = vendor.post(path=EVENTS).mock(return_value=counted(1))
    asyncio.run(iterable.track(batch(track(1))))
    assert body(route) == {
        "events": [
            {
                "email": "a1@example.com",
                "eventName": "Lifecycle Segment Changed",
                "id": "e0001",
                "createdAt": int(datetime(2024, 3, 1, 12, 30, 15, tzinfo=UTC).timestamp()),
                "dataFields": {"from": "Champions", "to": "At Risk", "score": 0},
            }
        ]
    }


def test_a_failed_person_fails_all_their_events(iterable, vendor, track, batch):
    answer = counted(1, 2, failedUpdates={"forgottenEmails": ["a7@example.com"]})
    vendor.post(path=EVENTS).mock(return_value=answer)
    whole = batch(track(1, person=7), track(2), track(3, person=7))
    receipt = asyncio.run(iterable.track(whole))
    rejected = {i for i, outcome in receipt.outcomes.items() if isinstance(outcome, Rejected)}
    assert rejected == {"e0001", "e0003"}


def test_a_name_that_the_project_does_not_allow_is_told(iterable, vendor, track, batch):
    answer = counted(0, 1, disallowedEventNames=["Lifecycle Segment Changed"])
    vendor.post(path=EVENTS).mock(return_value=answer)
    receipt = asyncio.run(iterable.track(batch(track(1))))
    assert receipt.outcomes == {"e0001": Rejected("the project does not allow events of this name")}


def test_an_event_that_must_trigger_nothing_is_not_sent(iterable, track, batch):
    with pytest.raises(Refused) as caught:
        asyncio.run(iterable.track(batch(track(1, backfill=True), track(2))))
    assert list(caught.value.outcomes) == ["e0001"]


@pytest.mark.parametrize("name", ["Email", "userId", "emailListIds", "unsubscribedChannelIds"])
def test_identity_and_subscriptions_are_never_written(iterable, identify, batch, name):
    with pytest.raises(Misconfigured, match=name):
        asyncio.run(iterable.identify(batch(identify(1, **{name: "x"}))))


def test_check_reads_the_fields(iterable, vendor):
    route = vendor.get(path="/api/users/getFields").respond(200, json={"fields": {}})
    asyncio.run(iterable.check())
    assert route.called


def test_the_documented_limits_stand_as_data(iterable):
    sizes = {kind.__name__: (d.size, d.bytes) for kind, d in iterable.deliveries.items()}
    assert sizes == dict.fromkeys(("Identify", "Track", "Enter", "Exit"), (1_000, 4_000_000))
    rates = {rate.path: (rate.calls, rate.seconds) for rate in iterable.limits()}
    assert rates[USERS] == (5, 1)
    assert rates[EVENTS] == (10, 1)


def test_a_minute_lies_between_users_and_their_events(connect):
    assert connect(Iterable, api_key="x").seconds_until_visible() == 60
    here = connect(Iterable, api_key="x", base_url="http://127.0.0.1:9002")
    assert here.seconds_until_visible() == 0
    assert connect(Iterable, api_key="x", seconds_before_events=5).seconds_until_visible() == 5


def test_a_list_is_changed_by_its_id_and_one_identifier_and_nothing_else(
    iterable, vendor, batch, body
):
    on = vendor.post(path="/api/lists/subscribe").mock(return_value=counted(2))
    off = vendor.post(path="/api/lists/unsubscribe").mock(
        return_value=counted(
            1, 2, failedUpdates={"notFoundUserIds": ["2"], "conflictEmails": ["A3@example.com"]}
        )
    )
    people = [Person("1", "a1@example.com"), Person("2"), Person("3", "a3@example.com", "+4420")]
    receipt = asyncio.run(iterable.enter(batch(*(Enter(p.id, p, "1007") for p in people[:2]))))
    assert set(receipt.outcomes.values()) == {Delivered()}
    assert body(on) == {
        "listId": 1007,
        "subscribers": [{"email": "a1@example.com"}, {"userId": "2"}],
    }
    receipt = asyncio.run(iterable.leave(batch(*(Exit(p.id, p, "1007") for p in people))))
    assert body(off).keys() == {"listId", "subscribers"}
    # who is not there has left; who belongs to two users has not
    assert [type(receipt.outcomes[p.id]) for p in people] == [Delivered, Delivered, Rejected]


def test_of_lists_with_one_name_the_first_is_found_and_none_is_made(iterable, vendor):
    rows = [
        {"id": 9, "name": "T lost", "createdAt": 1_700_000_000_000, "listType": "Standard"},
        {"id": 12, "name": "T lost", "createdAt": 1_600_000_000_000, "listType": "Standard"},
        {"id": 3, "name": "T Lost", "createdAt": 1, "listType": "Standard"},
    ]
    vendor.get(path="/api/lists").respond(200, json={"lists": rows})
    assert asyncio.run(iterable.ensure("T lost")) == Audience("12", "T lost")
    assert asyncio.run(iterable.find("nobody")) is None
