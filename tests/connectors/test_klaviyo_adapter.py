"""Klaviyo: what is sent, what its models say of it, and what becomes of each answer."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, date, datetime

import httpx
import pytest
from openapi_client.models.events_bulk_create_job import EventsBulkCreateJob
from openapi_client.models.profile_import_job_create_query import ProfileImportJobCreateQuery

from connectors.destinations.klaviyo import Klaviyo
from connectors.errors import Misconfigured, Refused, TicketLost, Unavailable
from connectors.types import Batch, Delivered, Identify, Rejected, Track, Unsure

JOBS = "/api/profile-bulk-import-jobs"
EVENTS = "/api/event-bulk-create-jobs"
PROFILES = "/data/attributes/profiles/data"
ENTRIES = "/data/attributes/events-bulk-create/data"


@pytest.fixture
def klaviyo(connect):
    return connect(Klaviyo, api_key="pk_canary_1234", revision="2026-10-15")


def taken(vendor, job="job-1"):
    answer = {"data": {"type": "profile-bulk-import-job", "id": job, "attributes": {}}}
    return vendor.post(path=JOBS).respond(202, json=answer)


def told(vendor, status="complete", failed=0, total=3):
    attributes = {"status": status, "failed_count": failed, "total_count": total}
    return vendor.get(path=f"{JOBS}/job-1").respond(200, json={"data": {"attributes": attributes}})


def import_error(payload=None, pointer=None, code="invalid", detail="Invalid email address"):
    said = {"code": code, "title": "Invalid input.", "detail": detail}
    if pointer is not None:
        said["source"] = {"pointer": pointer}
    if payload is not None:
        said["original_payload"] = payload
    return {"type": "import-error", "id": "x", "attributes": said}


def errors_of(vendor, *errors):
    route = vendor.get(path=f"{JOBS}/job-1/import-errors")
    return route.respond(200, json={"data": list(errors), "links": {"next": None}})


def refusal(*errors, status=400):
    return httpx.Response(status, json={"errors": list(errors)})


def test_an_import_is_what_the_official_models_accept(klaviyo, vendor, identify, batch, body):
    route = taken(vendor)
    whole = batch(
        identify(
            1,
            lifecycle_segment="Lost",
            clv_3y=0.0,
            orders=0,
            vip=False,
            note="",
            lifecycle_segment_since=date(2024, 2, 29),
            seen=datetime(2024, 2, 29, 1, tzinfo=UTC),
            intervention_date=None,
        ),
        identify(2, email=None),
    )
    receipt = asyncio.run(klaviyo.identify(whole))
    assert receipt.ticket == "job-1"
    sent = body(route)
    ProfileImportJobCreateQuery.model_validate(sent)
    first, second = sent["data"]["attributes"]["profiles"]["data"]
    assert first == {
        "type": "profile",
        "attributes": {
            "email": "a1@example.com",
            "properties": {
                "lifecycle_segment": "Lost",
                "clv_3y": 0.0,
                "orders": 0,
                "vip": False,
                "note": "",
                "lifecycle_segment_since": "2024-02-29",
                "seen": "2024-02-29T01:00:00+00:00",
            },
        },
        "meta": {"patch_properties": {"unset": ["intervention_date"]}},
    }
    assert second["attributes"]["external_id"] == "2"
    assert "email" not in second["attributes"]
    headers = route.calls.last.request.headers
    assert headers["Content-Type"] == "application/vnd.api+json"
    assert headers["Accept"] == "application/vnd.api+json"
    assert headers["Authorization"] == "Klaviyo-API-Key pk_canary_1234"
    assert headers["revision"] == "2026-10-15"


@pytest.mark.parametrize(
    ("by", "known", "expected"),
    [
        ("auto", "a1@example.com", {"email": "a1@example.com"}),
        ("auto", None, {"external_id": "1"}),
        ("email", "a1@example.com", {"email": "a1@example.com"}),
        ("external_id", "a1@example.com", {"external_id": "1"}),
    ],
)
def test_one_identifier_is_sent(connect, vendor, identify, by, known, expected):
    route = taken(vendor)
    adapter = connect(Klaviyo, api_key="pk_canary_1234", identifier=by)
    asyncio.run(adapter.identify(Batch((identify(1, email=known),))))
    profile = json.loads(route.calls.last.request.content)["data"]["attributes"]["profiles"][
        "data"
    ][0]
    profile["attributes"].pop("properties")
    assert profile["attributes"] == expected


def test_by_email_who_has_none_is_taken_out_before_the_wire(connect, identify, batch):
    adapter = connect(Klaviyo, api_key="pk_canary_1234", identifier="email")
    with pytest.raises(Refused, match="no e-mail address") as caught:
        asyncio.run(adapter.identify(batch(identify(1), identify(2, email=None))))
    assert list(caught.value.outcomes) == ["c0002"]


def test_two_changes_with_one_address_never_share_a_job(klaviyo, identify, batch):
    # without a route, a request would fail the test
    with pytest.raises(Refused, match="share an identifier"):
        asyncio.run(klaviyo.identify(batch(identify(1), identify(2, email="A1@example.com"))))


def test_nothing_of_a_request_speaks_of_consent(klaviyo, identify, track, batch, vendor):
    taken(vendor)
    vendor.post(path=EVENTS).respond(202)
    asyncio.run(klaviyo.identify(batch(identify(1))))
    asyncio.run(klaviyo.track(batch(track(1))))
    for call in vendor.calls:
        assert b"subscri" not in call.request.content + call.request.url.raw_path
        assert b"consent" not in call.request.content
    with pytest.raises(Misconfigured, match=r"\$consent"):
        asyncio.run(klaviyo.identify(batch(identify(1, **{"$consent": "email"}))))


def test_a_record_refused_at_once_is_named_by_its_pointer(klaviyo, vendor, identify, batch):
    wrong = {
        "code": "invalid",
        "title": "Invalid input.",
        "detail": "a2@example.com is no address, nor is +44 7911 123456",
        "source": {"pointer": f"{PROFILES}/0/attributes/email"},
    }
    vendor.post(path=JOBS).mock(return_value=refusal(wrong))
    # the changes stand in the request by their id, whatever the order of the batch
    whole = batch(identify(3), identify(2), identify(1))
    with pytest.raises(Refused) as caught:
        asyncio.run(klaviyo.identify(whole))
    outcome = caught.value.outcomes
    assert outcome == {
        "c0001": Rejected("invalid: [address] is no address, nor is [phone]"),
    }


@pytest.mark.parametrize(
    "answer",
    [
        refusal({"code": "invalid", "title": "t", "detail": "d", "source": {"pointer": "/data"}}),
        refusal({"code": "invalid", "title": "t", "source": {"pointer": f"{PROFILES}/99/id"}}),
        refusal({"code": "duplicate_profile", "title": "t"}, status=409),
        httpx.Response(413, text="too large"),
        httpx.Response(400, json={"errors": None}),
        httpx.Response(400, json=["odd"]),
    ],
)
def test_a_refusal_that_names_nobody_is_for_halving(klaviyo, vendor, identify, batch, answer):
    vendor.post(path=JOBS).mock(return_value=answer)
    with pytest.raises(Refused) as caught:
        asyncio.run(klaviyo.identify(batch(identify(1), identify(2))))
    assert caught.value.outcomes == {}


def test_a_wrong_revision_is_for_the_operator(klaviyo, vendor, identify, batch):
    wrong = {"code": "invalid", "title": "t", "detail": "d", "source": {"parameter": "revision"}}
    vendor.post(path=JOBS).mock(return_value=refusal(wrong))
    with pytest.raises(Misconfigured):
        asyncio.run(klaviyo.identify(batch(identify(1), identify(2))))


@pytest.mark.parametrize("status", ["queued", "processing"])
def test_a_job_under_way_stays_pending(klaviyo, vendor, identify, batch, status):
    told(vendor, status)
    receipt = asyncio.run(klaviyo.settle("job-1", batch(identify(1))))
    assert (receipt.ticket, dict(receipt.outcomes)) == ("job-1", {})


def test_a_complete_job_without_failures_is_delivered(klaviyo, vendor, identify, batch):
    told(vendor)
    receipt = asyncio.run(klaviyo.settle("job-1", batch(identify(1), identify(2))))
    assert receipt.outcomes == {"c0001": Delivered(), "c0002": Delivered()}


def test_import_errors_are_read_to_the_last_page(klaviyo, vendor, identify, batch):
    told(vendor, failed=3, total=5)
    pages = {
        None: ([import_error({"attributes": {"email": "A1@example.com "}})], "two"),
        "two": ([import_error({"external_id": "2"})], "three/&="),
        "three/&=": ([import_error(None, f"{PROFILES}/4/attributes/email")], None),
    }
    asked = []

    def answer(request):
        cursor = request.url.params.get("page[cursor]")
        asked.append((cursor, request.url.params["page[size]"], request.url.host))
        data, following = pages[cursor]
        # a link to another host must not lead us there
        link = following and str(
            httpx.URL("https://elsewhere.example/x", params={"page[cursor]": following})
        )
        return httpx.Response(200, json={"data": data, "links": {"self": "x", "next": link}})

    vendor.get(path=f"{JOBS}/job-1/import-errors").mock(side_effect=answer)
    whole = batch(*[identify(n, email=None if n == 2 else "") for n in (5, 4, 3, 2, 1)])
    receipt = asyncio.run(klaviyo.settle("job-1", whole))
    assert [cursor for cursor, *_ in asked] == [None, "two", "three/&="]
    assert {size for _, size, _ in asked} == {"100"}
    assert {host for *_, host in asked} == {"a.klaviyo.com"}
    rejected = {i for i, outcome in receipt.outcomes.items() if isinstance(outcome, Rejected)}
    assert rejected == {"c0001", "c0002", "c0005"}
    assert receipt.outcomes["c0003"] == receipt.outcomes["c0004"] == Delivered()


def test_two_errors_of_one_profile_are_one_failure(klaviyo, vendor, identify, batch):
    told(vendor, failed=1)
    payload = {"attributes": {"email": "a1@example.com"}}
    errors_of(vendor, import_error(payload), import_error(payload, code="other"))
    receipt = asyncio.run(klaviyo.settle("job-1", batch(identify(1), identify(2))))
    assert isinstance(receipt.outcomes["c0001"], Rejected)
    assert receipt.outcomes["c0002"] == Delivered()


def test_the_payload_counts_before_the_pointer(klaviyo, vendor, identify, batch):
    told(vendor, failed=1)
    payload = {"attributes": {"email": "a2@example.com"}}
    errors_of(vendor, import_error(payload, f"{PROFILES}/0"))
    receipt = asyncio.run(klaviyo.settle("job-1", batch(identify(1), identify(2))))
    assert receipt.outcomes["c0001"] == Delivered()
    assert receipt.outcomes["c0002"] == Rejected("invalid: Invalid email address")


@pytest.mark.parametrize(
    ("failed", "found"),
    [
        (2, [import_error({"attributes": {"email": "a1@example.com"}})]),
        (1, []),
        (1, [import_error({"attributes": {"email": "nobody@example.com"}}, f"{PROFILES}/0")]),
        (1, [import_error(None, f"{PROFILES}/77")]),
        (
            1,
            [
                import_error({"attributes": {"email": "a1@example.com"}}),
                import_error({"attributes": {"email": "nobody@example.com"}}),
            ],
        ),
        (1, ["odd"]),
    ],
)
def test_failures_that_are_not_all_named_leave_the_rest_unsure(
    klaviyo, vendor, identify, batch, failed, found
):
    told(vendor, failed=failed)
    errors_of(vendor, *found)
    receipt = asyncio.run(klaviyo.settle("job-1", batch(identify(1), identify(2), identify(3))))
    kinds = {type(outcome) for i, outcome in receipt.outcomes.items() if i != "c0001"}
    assert kinds == {Unsure}
    assert not isinstance(receipt.outcomes["c0001"], Delivered)
    assert set(receipt.outcomes) == {"c0001", "c0002", "c0003"}


def test_without_a_count_the_errors_decide(klaviyo, vendor, identify, batch):
    told(vendor, failed=None)
    errors_of(vendor, import_error({"attributes": {"email": "a1@example.com"}}))
    receipt = asyncio.run(klaviyo.settle("job-1", batch(identify(1), identify(2))))
    assert isinstance(receipt.outcomes["c0001"], Rejected)
    assert receipt.outcomes["c0002"] == Delivered()


def test_a_job_that_is_gone_or_cancelled_is_a_lost_ticket(klaviyo, vendor, identify, batch):
    told(vendor, "cancelled")
    with pytest.raises(TicketLost, match="cancelled"):
        asyncio.run(klaviyo.settle("job-1", batch(identify(1))))
    vendor.get(path=f"{JOBS}/job-2").respond(404, json={"errors": []})
    with pytest.raises(TicketLost, match="no longer knows"):
        asyncio.run(klaviyo.settle("job-2", batch(identify(1))))


@pytest.mark.parametrize(
    "answer",
    [
        httpx.Response(200, json={"data": {"attributes": {"status": "resting"}}}),
        httpx.Response(200, json={"data": None}),
        httpx.Response(200, text="{broken"),
        httpx.Response(200, json=[1]),
    ],
)
def test_a_poll_that_tells_nothing_is_asked_again_later(klaviyo, vendor, identify, batch, answer):
    vendor.get(path=f"{JOBS}/job-1").mock(return_value=answer)
    with pytest.raises(Unavailable):
        asyncio.run(klaviyo.settle("job-1", batch(identify(1))))


def test_pages_that_go_in_a_circle_are_no_answer(klaviyo, vendor, identify, batch):
    told(vendor, failed=1)
    link = "https://a.klaviyo.com/x?page%5Bcursor%5D=same"
    vendor.get(path=f"{JOBS}/job-1/import-errors").respond(
        200, json={"data": [], "links": {"next": link}}
    )
    with pytest.raises(Unavailable, match="do not come to an end"):
        asyncio.run(klaviyo.settle("job-1", batch(identify(1))))


def test_events_are_what_the_official_models_accept(klaviyo, vendor, track, batch, body):
    route = vendor.post(path=EVENTS).respond(202)
    whole = batch(track(1, person=7), track(2), track(3, person=7, backfill=True))
    receipt = asyncio.run(klaviyo.track(whole))
    assert set(receipt.outcomes.values()) == {Delivered()}
    sent = body(route)
    EventsBulkCreateJob.model_validate(sent)
    first, second = sent["data"]["attributes"]["events-bulk-create"]["data"]
    assert first["attributes"]["profile"]["data"]["attributes"] == {"email": "a7@example.com"}
    one, three = first["attributes"]["events"]["data"]
    assert one["attributes"] == {
        "properties": {"from": "Champions", "to": "At Risk", "score": 0},
        "time": "2024-03-01T12:30:15.900000+00:00",
        "unique_id": "e0001",
        "metric": {"data": {"type": "metric", "attributes": {"name": "Lifecycle Segment Changed"}}},
    }
    assert three["attributes"]["backfill"] is True
    assert len(second["attributes"]["events"]["data"]) == 1


def event_error(i, j=None, name="", code="invalid", detail="Bad."):
    pointer = f"{ENTRIES}/{i}" + (f"/attributes/events/data/{j}" if j is not None else "") + name
    return {"code": code, "title": "t", "detail": detail, "source": {"pointer": pointer}}


def test_events_seen_before_are_delivered_and_bad_ones_named(klaviyo, vendor, track, batch):
    repeat = event_error(0, 1, "/attributes/unique_id", "duplicate", "This unique_id is taken.")
    bad_time = event_error(1, 0, "/attributes/time")
    vendor.post(path=EVENTS).mock(return_value=refusal(repeat, bad_time))
    whole = batch(track(1, person=7), track(2), track(3, person=7))
    with pytest.raises(Refused) as caught:
        asyncio.run(klaviyo.track(whole))
    assert caught.value.outcomes == {"e0003": Delivered(), "e0002": Rejected("invalid: Bad.")}


def test_a_bad_profile_takes_all_its_events_with_it(klaviyo, vendor, track, batch):
    wrong = event_error(0, None, "/attributes/profile/data/attributes/email")
    vendor.post(path=EVENTS).mock(return_value=refusal(wrong))
    with pytest.raises(Refused) as caught:
        asyncio.run(klaviyo.track(batch(track(1, person=7), track(2), track(3, person=7))))
    assert set(caught.value.outcomes) == {"e0001", "e0003"}


def test_a_repeat_without_a_pointer_is_halved_until_it_stands_alone(klaviyo, vendor, track, batch):
    said = {"code": "invalid", "title": "t", "detail": "unique_id was already used"}
    vendor.post(path=EVENTS).mock(side_effect=lambda _: refusal(said))
    with pytest.raises(Refused) as caught:
        asyncio.run(klaviyo.track(batch(track(1), track(2))))
    assert caught.value.outcomes == {}
    with pytest.raises(Refused) as caught:
        asyncio.run(klaviyo.track(batch(track(1))))
    assert caught.value.outcomes == {"e0001": Delivered()}


def test_a_profile_conflict_is_no_repeat(klaviyo, vendor, track, batch):
    where = "/attributes/profile/data/attributes"
    wrong = event_error(0, None, where, "duplicate_profile", "It exists already.")
    vendor.post(path=EVENTS).mock(return_value=refusal(wrong, status=409))
    with pytest.raises(Refused) as caught:
        asyncio.run(klaviyo.track(batch(track(1))))
    assert isinstance(caught.value.outcomes["e0001"], Rejected)


def test_a_unique_id_that_is_merely_wrong_is_no_repeat(klaviyo, vendor, track, batch):
    wrong = event_error(0, 0, "/attributes/unique_id", "invalid", "unique_id must be a string.")
    vendor.post(path=EVENTS).mock(return_value=refusal(wrong))
    with pytest.raises(Refused) as caught:
        asyncio.run(klaviyo.track(batch(track(1))))
    assert isinstance(caught.value.outcomes["e0001"], Rejected)


def test_check_reads_one_job(klaviyo, vendor):
    route = vendor.get(path=JOBS).respond(200, json={"data": []})
    asyncio.run(klaviyo.check())
    assert route.calls.last.request.url.params["page[size]"] == "1"


def test_the_documented_limits_stand_as_data(klaviyo):
    by_kind = {kind.__name__: (d.size, d.bytes) for kind, d in klaviyo.deliveries.items()}
    assert by_kind == {
        "Identify": (10_000, 5_000_000),
        "Track": (1_000, 5_000_000),
        "Enter": (10_000, 5_000_000),
        "Exit": (1_000, 5_000_000),
    }
    for method, path in [("POST", JOBS), ("GET", f"{JOBS}/x/import-errors"), ("POST", EVENTS)]:
        request = httpx.Request(method, f"https://a.klaviyo.com{path}")
        mine = [(r.calls, r.seconds) for r in klaviyo.limits() if r.matches(request)]
        assert mine == [(10, 1), (150, 60)]


@pytest.mark.parametrize("status", [200, 201, 204])
def test_only_a_202_says_that_klaviyo_took_it(klaviyo, vendor, track, identify, batch, status):
    vendor.post(path=EVENTS).respond(status, json={})
    vendor.post(path=JOBS).respond(status, json={"data": {"id": "j1"}})
    for call, changes in ((klaviyo.track, batch(track(1))), (klaviyo.identify, batch(identify(1)))):
        with pytest.raises(Unavailable, match=f"answered {status} and not 202"):
            asyncio.run(call(changes))


def test_of_events_klaviyo_tells_only_that_it_took_them(klaviyo):
    assert "takes events without telling" in klaviyo.unconfirmed(Track)
    assert klaviyo.unconfirmed(Identify) is None
