import pytest

from connectors.sandbox import Braze, BrazeDials, serve

TRACK, EXPORT = "/users/track", "/users/export/ids"
NO_ONE = "'external_id', 'braze_id', 'user_alias', 'email' or 'phone' is required"


def track(bench, *attributes, **arrays):
    arrays = {"attributes": list(attributes), **arrays} if attributes else arrays
    return bench.client.post(TRACK, json=arrays)


def stored(bench, identifier="c1"):
    return bench.inspect(f"profiles/{identifier}")["custom_attributes"]


# -- the way in


@pytest.mark.parametrize("value", ["", "Bearer", "Bearer another", "key"])
def test_a_wrong_key_is_401(braze, value):
    braze.app.keys = {"key"}
    answer = braze.client.post(TRACK, json={}, headers={"Authorization": value})
    assert (answer.status_code, answer.json()) == (401, {"message": "Invalid API Key"})
    assert track(braze, {"external_id": "c1"}).status_code == 201


def test_what_is_no_json_object_is_refused(braze):
    headers = {"Content-Type": "application/json"}
    for body in (b"{", b"[]", b'{"attributes": {}}', b"{}", b'{"attributes": []}'):
        assert braze.client.post(TRACK, content=body, headers=headers).status_code == 400
    headers = {"Content-Type": "text/plain"}
    assert braze.client.post(TRACK, content=b"{}", headers=headers).status_code == 400
    assert braze.client.post("/users/none", json={}).json().keys() == {"message"}


def test_75_objects_together_and_not_one_more(braze):
    people = [{"external_id": f"c{i}"} for i in range(40)]
    events = [{"external_id": "c1", "name": "Changed", "time": "2026-03-27T10:00:00Z"}] * 36
    answer = track(braze, attributes=people, events=events)
    assert (answer.status_code, answer.json()["message"]) == (400, "Max Input Length Exceeded")
    assert braze.inspect("state")["profiles"] == 0
    answer = track(braze, attributes=people, events=events[1:])
    assert answer.status_code == 201
    assert answer.json() == {
        "attributes_processed": 40,
        "events_processed": 35,
        "message": "success",
    }
    braze.app.dials = BrazeDials(per_array=True)
    assert track(braze, attributes=people, events=events).status_code == 201


def test_a_body_of_more_than_4_mb_is_413(braze):
    answer = track(braze, *({"external_id": f"c{i}", "x": "é" * 30_000} for i in range(75)))
    assert answer.status_code == 413


def test_3000_calls_in_3_seconds_and_the_reset_is_an_epoch(braze):
    braze.app.limits = True
    answer = track(braze, {"external_id": "c1"})
    assert answer.headers["x-ratelimit-limit"] == "3000"
    assert answer.headers["x-ratelimit-remaining"] == "2999"
    assert answer.headers["x-ratelimit-reset"] == str(int(braze.clock.now) + 3)


def small(**dials):
    return Braze(clock=lambda: 1_774_612_801.0, dials=BrazeDials(**dials))


@pytest.mark.parametrize(
    ("app", "headers"),
    [
        (
            small(calls=2),
            {
                "x-ratelimit-limit": "2",
                "x-ratelimit-remaining": "0",
                "x-ratelimit-reset": "1774612803",
                "x-ratelimit-retry-after": None,
            },
        ),
        (
            small(contract="mau", burst=2),
            {"x-ratelimit-reset": None, "x-ratelimit-retry-after": "2"},
        ),
        (small(contract="mau", hourly=2), {"x-ratelimit-retry-after": "3599"}),
    ],
)
def test_429_tells_the_wait_as_the_contract_does(braze, app, headers):
    with serve({"braze": app}) as urls:
        url, body = urls["braze"] + TRACK, {"attributes": [{"external_id": "c1"}]}
        told = [braze.client.post(url, json=body) for _ in range(3)]
    assert [answer.status_code for answer in told] == [201, 201, 429]
    assert {name: told[-1].headers.get(name) for name in headers} == headers
    assert "retry-after" not in told[-1].headers


def test_on_a_mau_contract_the_reset_is_in_seconds(braze):
    with serve({"braze": small(contract="mau", hourly=100)}) as urls:
        body = {"attributes": [{"external_id": "c1"}]}
        headers = braze.client.post(urls["braze"] + TRACK, json=body).headers
    assert headers["x-ratelimit-limit"] == "100"
    assert headers["x-ratelimit-reset"] == "3599"


# -- attributes


def test_values_are_stored_as_they_came_null_removes_and_what_is_absent_stays(braze):
    values = {"zero": 0, "no": False, "empty": "", "clv": 12.5, "gone": 1}
    track(braze, {"external_id": "c1", "first_name": "A", **values})
    track(braze, {"external_id": "c1", "gone": None, "clv": 13.0})
    assert stored(braze) == {"zero": 0, "no": False, "empty": "", "clv": 13.0}
    assert braze.inspect("profiles/c1")["first_name"] == "A"


def test_an_update_only_writes_to_those_who_are_there(braze):
    braze.client.post("/sandbox/users", json=["c1", {"external_id": "c2", "email": "c2@x.io"}])
    people = [{"external_id": f"c{i}", "_update_existing_only": True, "a": 1} for i in (1, 2, 3)]
    answer = track(braze, *people)
    assert answer.json() == {"attributes_processed": 3, "message": "success"}
    assert braze.inspect("state?by=a")["by"] == {"a": {"1": 2}}


def test_by_dial_everybody_is_known(braze):
    braze.app.dials = BrazeDials(everybody_known=True)
    track(braze, {"external_id": "c1", "_update_existing_only": True, "a": 1})
    assert stored(braze) == {"a": 1}


def test_an_alias_makes_nobody_unless_told_to(braze):
    alias = {"user_alias": {"alias_name": "c1", "alias_label": "shop"}, "a": 1}
    track(braze, alias)
    assert braze.inspect("state")["profiles"] == 0
    track(braze, {**alias, "_update_existing_only": False})
    track(braze, {**alias, "a": 2})
    assert braze.inspect("state?by=a")["by"] == {"a": {"2": 1}}


def test_by_address_whoever_has_an_external_id_is_written_else_the_latest(braze):
    alias = {"alias_label": "shop", "alias_name": "1"}
    track(
        braze,
        {"external_id": "c1", "email": "a@x.io"},
        {"user_alias": alias, "_update_existing_only": False, "email": "a@x.io"},
        {"email": "A@x.io", "a": 1},
    )
    assert stored(braze) == {"a": 1}
    assert braze.inspect("state")["profiles"] == 2


def test_arrays_objects_and_counters_change_as_documented(braze):
    def write(value, **more):
        track(braze, {"external_id": "c1", "x": value, **more})
        return stored(braze)["x"]

    assert write(["a", "b"]) == ["a", "b"]
    assert write({"add": ["b", "c"]}) == ["a", "b", "c"]
    assert write({"remove": ["a"]}) == ["b", "c"]
    assert write([f"i{n}" for n in range(501)])[0] == "i1"
    assert write(3) == 3
    assert write({"inc": 2}) == 5
    assert write({"a": 1, "b": 2}) == {"a": 1, "b": 2}
    assert write({"b": 3}, _merge_objects=True) == {"a": 1, "b": 3}
    assert write({"b": 4}) == {"b": 4}
    assert write({"$add": [{"id": 1}]}) == [{"id": 1}]
    update = {"$identifier_key": "id", "$identifier_value": 1, "$new_object": {"n": 2}}
    assert write({"$update": [update]}) == [{"id": 1, "n": 2}]
    assert write({"$remove": [{"$identifier_key": "id", "$identifier_value": 1}]}) == []


def test_data_points_are_counted_for_what_is_set_changed_or_not(braze):
    for _ in range(2):
        track(braze, {"external_id": "c1", "_update_existing_only": False, "a": 1, "b": 2})
    assert braze.inspect("state")["data_points"] == 4


def test_consent_fields_are_counted(braze):
    track(braze, {"external_id": "c1", "email_subscribe": "opted_in"})
    assert braze.inspect("state")["consent_writes"] == 1


# -- errors


def test_who_cannot_be_is_named_by_array_and_index_and_the_others_are_written(braze):
    answer = track(
        braze,
        attributes=[
            {"external_id": "c0"},
            {"a": 1},
            {"external_id": 3},
            {"external_id": "é" * 494},
            {"external_id": "c1", "email": "none"},
            {"external_id": "c1", "a": "x" * 256},
            {"external_id": "c1", "x" * 256: 1},
            "c1",
            {"external_id": "x" * 987},
        ],
        events=[
            {"external_id": "c0", "name": "Changed", "time": "2026-03-27T10:00:00Z"},
            {"external_id": "c0", "name": "Changed"},
            {"external_id": "c0", "time": "2026-03-27T10:00:00Z"},
        ],
    )
    assert answer.status_code == 201
    body = answer.json()
    assert (body["attributes_processed"], body["events_processed"]) == (2, 1)
    told = [(error["input_array"], error["index"]) for error in body["errors"]]
    assert told == [("attributes", i) for i in range(1, 8)] + [("events", 1), ("events", 2)]
    assert body["errors"][0]["type"] == NO_ONE
    assert body["errors"][2]["type"] == "EXTERNAL_USER_ID_TOO_LARGE"
    assert body["errors"][3]["type"] == "EMAIL_BAD_FORMAT"
    assert braze.inspect("state")["profiles"] == 2


def test_if_nobody_can_be_the_request_is_400(braze):
    answer = track(braze, {"a": 1}, {"b": 2})
    assert answer.status_code == 400
    assert answer.json()["message"] == NO_ONE
    assert [error["index"] for error in answer.json()["errors"]] == [0, 1]


def test_poison_in_one_record_or_for_the_whole_request(braze):
    people = [{"external_id": f"c{i}"} for i in range(4)]
    braze.fault(kind="poison", ids=["c1", "c3"])
    answer = track(braze, *people)
    assert [error["index"] for error in answer.json()["errors"]] == [1, 3]
    assert braze.inspect("state")["profiles"] == 2
    for named, where in ((True, {"input_array": "attributes", "index": 2}), (False, {})):
        braze.fault(kind="poison", ids=["c2"], how="request", code="no", named=named)
        answer = track(braze, *people)
        assert (answer.status_code, answer.json()["errors"]) == (400, [{"type": "no", **where}])
    assert braze.inspect("state")["profiles"] == 2


def test_an_error_may_name_no_object(braze):
    braze.fault(kind="unindexed")
    answer = track(braze, {"external_id": "c1"})
    assert answer.status_code == 201
    (error,) = answer.json()["errors"]
    assert "index" not in error


def test_queued_is_done_later(braze):
    braze.fault(kind="queued")
    answer = track(braze, {"external_id": "c1", "a": 1})
    assert (answer.status_code, answer.json()) == (202, {"message": "queued"})
    assert stored(braze) == {"a": 1}


# -- events


def test_each_copy_of_an_event_is_one_more(braze):
    event = {"external_id": "c1", "name": "Changed", "properties": {"to": "Lost"}}
    for _ in range(2):
        track(braze, events=[{**event, "time": "2026-03-27T10:00:00+00:00"}])
    events = braze.inspect("events")["events"]
    assert len(events) == 2
    assert events[0] == events[1]
    (summed,) = braze.inspect("profiles/c1")["custom_events"]
    assert (summed["name"], summed["count"]) == ("Changed", 2)


def test_a_time_that_is_to_come_becomes_now(braze):
    track(braze, events=[{"external_id": "c1", "name": "X", "time": "2027-01-01T00:00:00Z"}])
    (event,) = braze.inspect("events")["events"]
    assert event["time"] == "2026-03-27T12:00:00+00:00"


# -- reading back


def test_users_are_exported_with_the_fields_that_were_asked_for(braze):
    track(braze, {"external_id": "c1", "email": "c1@x.io", "a": 0})
    fields = ["external_id", "custom_attributes"]
    body = {"external_ids": ["c1", "nobody"], "fields_to_export": fields}
    answer = braze.client.post(EXPORT, json=body)
    assert answer.status_code == 201
    assert answer.json() == {
        "message": "success",
        "users": [{"external_id": "c1", "custom_attributes": {"a": 0}}],
        "invalid_user_ids": ["nobody"],
    }
    body = {"email_address": "c1@x.io", "fields_to_export": fields}
    assert len(braze.client.post(EXPORT, json=body).json()["users"]) == 1


@pytest.mark.parametrize(
    "body",
    [
        {"external_ids": ["c1"]},
        {"fields_to_export": ["email"]},
        {"external_ids": [f"c{i}" for i in range(51)], "fields_to_export": ["email"]},
    ],
)
def test_an_export_that_cannot_be_is_400(braze, body):
    assert braze.client.post(EXPORT, json=body).status_code == 400


def test_exports_are_250_a_minute(braze):
    braze.app.limits = True
    body = {"external_ids": ["c1"], "fields_to_export": ["email"]}
    told = [braze.client.post(EXPORT, json=body).status_code for _ in range(251)]
    assert told == [201] * 250 + [429]
