import pytest

BULK_EVENTS = "/api/event-bulk-create-jobs"


def profile(external_id):
    return {"type": "profile", "attributes": {"external_id": external_id}}


def events(external_id, *attributes):
    made = [
        {
            "type": "event",
            "attributes": {
                "metric": {"data": {"type": "metric", "attributes": {"name": "Changed"}}},
                "properties": {},
                **one,
            },
        }
        for one in attributes
    ]
    person = {"data": profile(external_id)}
    entry = {
        "type": "event-bulk-create",
        "attributes": {"profile": person, "events": {"data": made}},
    }
    wrapper = {"events-bulk-create": {"data": [entry]}}
    return {"data": {"type": "event-bulk-create-job", "attributes": wrapper}}


def problem(answer):
    (error,) = answer.json()["errors"]
    return answer.status_code, error["source"]


def test_an_event_makes_its_profile_and_bears_its_backfill(klaviyo):
    answer = klaviyo.client.post(
        BULK_EVENTS,
        json=events("c1", {"unique_id": "u1", "backfill": True, "time": "2026-03-01T10:00:00.9Z"}),
    )
    assert (answer.status_code, answer.content) == (202, b"")
    (event,) = klaviyo.inspect("events")["events"]
    assert event["backfill"] is True
    assert event["time"] == "2026-03-01T10:00:00+00:00"
    assert klaviyo.inspect("profiles/c1")["id"] == event["profile_id"]


def test_a_repeated_unique_id_fails_the_whole_request(klaviyo):
    post = klaviyo.client.post
    assert post(BULK_EVENTS, json=events("c1", {"unique_id": "u1"})).status_code == 202
    answer = post(BULK_EVENTS, json=events("c1", {"unique_id": "u2"}, {"unique_id": "u1"}))
    status_code, source = problem(answer)
    assert status_code == 400
    assert source["pointer"].endswith("/data/0/attributes/events/data/1/attributes/unique_id")
    twice = events("new", {"unique_id": "u3"}, {"unique_id": "u3"})
    assert post(BULK_EVENTS, json=twice).status_code == 400
    assert klaviyo.inspect("state")["events"] == 1
    assert post(BULK_EVENTS, json=events("c2", {"unique_id": "u1"})).status_code == 202


def test_without_a_unique_id_there_is_one_event_a_second(klaviyo):
    for _ in range(2):
        answer = klaviyo.client.post(BULK_EVENTS, json=events("c1", {}, {}))
        assert answer.status_code == 202
        klaviyo.clock.now += 1
    assert klaviyo.inspect("state")["events"] == 2


def test_the_single_endpoint_keeps_the_first_of_a_unique_id(klaviyo):
    for value in (1, 2):
        attributes = {
            "profile": {"data": profile("c1")},
            "metric": {"data": {"type": "metric", "attributes": {"name": "Changed"}}},
            "properties": {"n": value},
            "unique_id": "u1",
        }
        body = {"data": {"type": "event", "attributes": attributes}}
        assert klaviyo.client.post("/api/events", json=body).status_code == 202
    assert [event["properties"] for event in klaviyo.inspect("events")["events"]] == [{"n": 1}]


@pytest.mark.parametrize(
    ("attributes", "where"),
    [
        ({"metric": {"data": {"type": "metric", "attributes": {"name": "x" * 128}}}}, "/name"),
        ({"metric": None}, "/name"),
        ({"properties": None}, "/properties"),
        ({"properties": {f"p{i}": 1 for i in range(401)}}, "/properties"),
        ({"properties": {"text": "x" * 100_001}}, "/properties"),
        ({"time": "yesterday"}, "/time"),
        ({"time": "1989-12-31T23:59:59Z"}, "/time"),
        ({"time": "2027-03-30T00:00:00Z"}, "/time"),
        ({"unique_id": 3}, "/unique_id"),
    ],
)
def test_an_event_that_cannot_be_refuses_the_request(klaviyo, attributes, where):
    body = events("c1", {"unique_id": "good"}, {"unique_id": "bad", **attributes})
    status_code, source = problem(klaviyo.client.post(BULK_EVENTS, json=body))
    assert status_code == 400
    assert "/events/data/1/attributes/" in source["pointer"]
    assert source["pointer"].endswith(where)
    assert klaviyo.inspect("state")["events"] == 0


def test_at_most_a_thousand_events_a_request(klaviyo):
    many = [{"unique_id": f"u{i}"} for i in range(1_001)]
    assert klaviyo.client.post(BULK_EVENTS, json=events("c1", *many)).status_code == 400
    assert klaviyo.client.post(BULK_EVENTS, json=events("c1", *many[:1_000])).status_code == 202
    assert klaviyo.inspect("state")["events"] == 1_000


def test_a_poisoned_event_refuses_its_request(klaviyo):
    klaviyo.fault(kind="poison", ids=["u1"])
    body = events("c1", {"unique_id": "u0"}, {"unique_id": "u1"})
    status_code, source = problem(klaviyo.client.post(BULK_EVENTS, json=body))
    assert (status_code, source["pointer"][-1]) == (400, "1")
