import pytest

UPDATE, SUBSCRIBE = "/api/users/bulkUpdate", "/api/lists/subscribe"
TRACK = "/api/events/trackBulk"
EVERY_REASON = ("invalid", "invalidData", "conflict", "forgotten")


def user(user_id=None, email=None, **fields):
    own = {"userId": user_id, "email": email}
    return {**{k: v for k, v in own.items() if v is not None}, "dataFields": fields}


def update(bench, *users, **options):
    return bench.client.post(UPDATE, json={"users": list(users), **options})


def failures(answer):
    return {k: v for k, v in answer.json()["failedUpdates"].items() if v}


def code(answer):
    return answer.status_code, answer.json()["code"]


# -- the way in


@pytest.mark.parametrize("headers", [{"Api-Key": "another"}, {"Api-Key": ""}])
def test_a_wrong_key_is_401(iterable, headers):
    iterable.app.keys = {"key"}
    assert code(iterable.client.get("/api/lists", headers=headers)) == (401, "BadApiKey")
    assert iterable.client.get("/api/lists").status_code == 200


def test_what_is_no_json_object_is_refused(iterable):
    for body in (b"{", b"[]", b'{"users": [{"userId": "c1", "dataFields": {"x": NaN}}]}'):
        assert code(iterable.client.post(UPDATE, content=body)) == (400, "BadJsonBody")
    assert code(iterable.client.post(UPDATE, json={})) == (400, "BadParams")
    assert code(update(iterable, {"email": 3})) == (400, "BadParams")
    assert code(update(iterable, {"email": "a@b.io", "dataFields": []})) == (400, "BadParams")
    assert code(iterable.client.get("/api/nothing/here")) == (404, "NotFound")


@pytest.mark.parametrize(
    ("method", "path", "calls", "seconds"),
    [
        ("POST", UPDATE, 5, 1),
        ("POST", TRACK, 10, 1),
        ("GET", "/api/users/getFields", 3, 1),
        ("GET", "/api/lists/getUsers", 5, 60),
    ],
)
def test_a_rate_is_kept_without_any_header(iterable, method, path, calls, seconds):
    iterable.app.limits = True
    told = [iterable.client.request(method, path, json={}) for _ in range(calls + 1)]
    assert 429 not in [answer.status_code for answer in told[:-1]]
    assert code(told[-1]) == (429, "RateLimitExceeded")
    assert set(told[-1].headers) == {"date", "content-length", "content-type"}
    iterable.clock.now += seconds
    assert iterable.client.request(method, path, json={}).status_code != 429


def test_what_is_too_much_is_refused_whole(iterable):
    many = [user(f"c{i}") for i in range(1_001)]
    assert code(update(iterable, *many)) == (400, "BatchTooLarge")
    assert update(iterable, *many[1:]).json()["successCount"] == 1_000
    iterable.app.dials = type(iterable.app.dials)(max_bytes=100)
    assert code(update(iterable, *many[:9])) == (413, "BatchTooLarge")


# -- users


def test_values_are_stored_as_they_came_and_what_is_absent_stays(iterable):
    update(iterable, user("c1", zero=0, no=False, empty="", clv=12.5, gone=1))
    answer = update(iterable, user("c1", clv=13.0, gone=None))
    assert answer.json()["successCount"] == 1
    stored = iterable.client.get("/api/users/byUserId/c1").json()["user"]
    fields = {"zero": 0, "no": False, "empty": "", "clv": 13.0, "gone": None}
    assert stored == {"userId": "c1", "dataFields": fields}
    by_query = iterable.client.get("/api/users/byUserId", params={"userId": "c1"})
    assert by_query.json()["user"] == stored


def test_who_cannot_be_is_named_by_his_identifier(iterable):
    update(iterable, user("c1"), user("c2", email="c2@example.com"))
    answer = update(
        iterable,
        user("c3"),
        user(email="none"),
        user("x" * 53),
        user("c1", email="C2@example.com"),
        user(),
    )
    assert (answer.status_code, answer.json()["successCount"]) == (200, 1)
    assert answer.json()["failCount"] == 4
    assert failures(answer) == {
        "invalidEmails": ["none"],
        "invalidUserIds": ["x" * 53, ""],
        "conflictEmails": ["C2@example.com"],
    }
    assert answer.json()["invalidEmails"] == ["none"]
    assert set(answer.json()["failedUpdates"]) == {
        f"{why}{kind}" for why in EVERY_REASON for kind in ("Emails", "UserIds")
    }


@pytest.mark.parametrize("why", EVERY_REASON)
def test_poison_in_one_record_has_the_reason_that_is_asked_for(iterable, why):
    iterable.fault(kind="poison", ids=["c1", "c2@example.com"], code=why)
    answer = update(iterable, user("c0"), user("c1"), user(email="c2@example.com"))
    assert failures(answer) == {f"{why}UserIds": ["c1"], f"{why}Emails": ["c2@example.com"]}
    assert iterable.inspect("state")["profiles"] == 1


def test_poison_for_the_whole_request_names_nobody(iterable):
    iterable.fault(kind="poison", ids=["c1"], how="request", code="DatabaseError", times=2)
    assert update(iterable, user("c0")).status_code == 200
    assert code(update(iterable, user("c2"), user("c1"))) == (400, "DatabaseError")
    assert iterable.inspect("state")["profiles"] == 1


def test_addresses_differ_by_more_than_case(iterable):
    update(iterable, user(email="C1@example.com"), user(email="c1@EXAMPLE.com", a=1))
    assert iterable.inspect("state")["profiles"] == 1
    shown = iterable.client.get("/api/users/c1@example.com").json()["user"]
    assert shown["dataFields"] == {"a": 1}


def test_somebody_unknown_is_nothing_by_address_and_an_error_by_id(iterable):
    assert iterable.client.get("/api/users/nobody@example.com").json() == {}
    assert code(iterable.client.get("/api/users/byUserId/nobody")) == (
        500,
        "error.users.noUserWithIdExists",
    )


def test_nested_objects_are_replaced_unless_merged(iterable):
    def stored():
        return iterable.inspect("profiles/c1")["dataFields"]["tidesman"]

    update(iterable, user("c1", tidesman={"a": 1, "b": 2}))
    update(iterable, {**user("c1", tidesman={"b": 3}), "mergeNestedObjects": True})
    assert stored() == {"a": 1, "b": 3}
    update(iterable, user("c1", tidesman={"b": 4}))
    assert stored() == {"b": 4}


def test_an_email_project_makes_a_user_of_an_id_only_if_asked_to(iterable):
    iterable.app.dials = type(iterable.app.dials)(project="email")
    iterable.app.forget()
    assert failures(update(iterable, user("c1"))) == {"invalidUserIds": ["c1"]}
    assert update(iterable, {**user("c1"), "preferUserId": True}).json()["successCount"] == 1
    assert update(iterable, user("c1", email="c2@example.com")).json()["successCount"] == 1
    assert iterable.inspect("profiles/c2@example.com")["userId"] == "c1"


def test_a_project_by_user_id_takes_nobody_by_address(iterable):
    iterable.app.dials = type(iterable.app.dials)(project="userId")
    iterable.app.forget()
    assert failures(update(iterable, user(email="c1@example.com"))) == {
        "invalidEmails": ["c1@example.com"]
    }


def test_a_single_update_is_taken_or_refused(iterable):
    def single(body):
        return code(iterable.client.post("/api/users/update", json=body))

    assert single(user("c1", email="c1@example.com")) == (200, "Success")
    assert single(user(email="none")) == (400, "InvalidEmailAddressError")
    assert single(user("")) == (400, "InvalidUserIdError")
    update(iterable, user("c2"))
    assert single(user("c2", email="c1@example.com")) == (409, "UserIdAlreadyExists")
    iterable.fault(kind="poison", ids=["c1"], code="forgotten")
    assert single(user("c1")) == (409, "ForgottenUserError")


# -- field types


def test_the_first_value_settles_the_type_of_a_field(iterable):
    fields = {
        "text": "a",
        "day": "2026-03-27 00:00:00 +00:00",
        "count": 3,
        "clv": 3.5,
        "on": True,
        "tags": ["a"],
        "inner": {"n": 1},
        "place": {"lat": 1, "lon": 2},
        "nothing": None,
    }
    answer = update(iterable, user("c1", **fields))
    types = iterable.client.get("/api/users/getFields").json()["fields"]
    assert types == {
        "text": "string",
        "day": "date",
        "count": "long",
        "clv": "double",
        "on": "boolean",
        "tags": "array",
        "inner": "object",
        "inner.n": "long",
        "place": "geo_location",
        "place.lat": "long",
        "place.lon": "long",
    }
    assert answer.json()["createdFields"] == sorted(types)


@pytest.mark.parametrize(
    ("first", "then", "fits"),
    [
        (3, 3.5, False),
        (3.5, 3, True),
        ("a", 3, False),
        ("2026-03-27 00:00:00 +00:00", "2026-03-27", False),
        ("a", "2026-03-27 00:00:00 +00:00", True),
        (True, 1, False),
        (1, True, False),
        (1, None, True),
        ({"n": 1}, {"n": "x"}, False),
    ],
)
def test_another_type_fails_the_whole_request(iterable, first, then, fits):
    update(iterable, user("c1", field=first))
    answer = update(iterable, user("c2", other=1), user("c3", field=then))
    assert answer.status_code == (200 if fits else 400)
    assert iterable.inspect("state")["profiles"] == (3 if fits else 1)
    types = iterable.client.get("/api/users/getFields").json()["fields"]
    assert ("other" in types) is fits


def test_a_clash_is_told_as_it_was_recorded(iterable):
    update(iterable, user("c1", day="2026-03-27 00:00:00 +00:00"))
    answer = update(iterable, user("c1", day="GGG"))
    assert code(answer) == (400, "RequestFieldsTypesMismatched")
    assert answer.json()["params"]["validationErrors"] == {
        "day": {
            "incomingTypes": ["string", "keyword"],
            "expectedType": "date",
            "_type": "UnexpectedType",
            "offendingValue": "GGG",
            "category": "user",
        }
    }


def test_two_types_in_one_request_clash_too(iterable):
    assert update(iterable, user("c1", x=1), user("c2", x="a")).status_code == 400
    assert iterable.client.get("/api/users/getFields").json()["fields"] == {}


def test_new_fields_are_dropped_by_name_when_none_may_be_made(iterable):
    update(iterable, user("c1", known=1))
    answer = update(iterable, user("c1", known=2, new=3), createNewFields=False)
    assert answer.json()["filteredOutFields"] == ["new"]
    assert iterable.inspect("profiles/c1")["dataFields"] == {"known": 2}


def test_a_project_has_room_for_a_thousand_fields(iterable):
    update(iterable, user("c1", **{f"f{i}": 1 for i in range(1_000)}))
    answer = update(iterable, user("c1", more=1))
    assert code(answer) == (400, "UniqueFieldsLimitExceeded")


# -- lists


def test_a_list_takes_and_gives_back_users(iterable):
    list_id = iterable.client.post("/api/lists", json={"name": "Lost"}).json()["listId"]
    body = {"listId": list_id, "subscribers": [user("c1"), user(email="c2@example.com")]}
    assert iterable.client.post(SUBSCRIBE, json=body).json()["successCount"] == 2
    assert iterable.client.get(f"/api/lists/{list_id}/size").text == "2"
    users = iterable.client.get("/api/lists/getUsers", params={"listId": list_id}).text
    assert users.splitlines() == ["c1", "c2@example.com"]
    assert iterable.inspect("profiles/c1")["lists"] == ["Lost"]

    body = {"listId": list_id, "subscribers": [{"userId": "c1"}, {"userId": "nobody"}]}
    answer = iterable.client.post("/api/lists/unsubscribe", json=body)
    assert failures(answer) == {"notFoundUserIds": ["nobody"]}
    assert iterable.client.get(f"/api/lists/{list_id}/size").text == "1"
    (listed,) = iterable.client.get("/api/lists").json()["lists"]
    assert (listed["id"], listed["name"]) == (list_id, "Lost")


def test_two_identifiers_of_two_users_are_taken_off_no_list(iterable):
    list_id = iterable.client.post("/api/lists", json={"name": "Lost"}).json()["listId"]
    update(iterable, user("c1"), user(email="c2@example.com"))
    body = {"listId": list_id, "subscribers": [{"userId": "c1", "email": "c2@example.com"}]}
    answer = iterable.client.post("/api/lists/unsubscribe", json=body)
    assert failures(answer) == {"conflictEmails": ["c2@example.com"]}


def test_subscribing_makes_users_unless_told_not_to(iterable):
    list_id = iterable.client.post("/api/lists", json={"name": "Lost"}).json()["listId"]
    body = {"listId": list_id, "subscribers": [user("c1")], "updateExistingUsersOnly": True}
    assert failures(iterable.client.post(SUBSCRIBE, json=body)) == {"notFoundUserIds": ["c1"]}
    wrong = {"listId": str(list_id), "subscribers": []}
    assert code(iterable.client.post(SUBSCRIBE, json=wrong)) == (400, "BadParams")
    wrong = {"listId": 1, "subscribers": []}
    assert code(iterable.client.post(SUBSCRIBE, json=wrong)) == (400, "error.lists.invalidListId")


def test_a_global_unsubscribe_is_counted_as_a_write_of_consent(iterable):
    list_id = iterable.client.post("/api/lists", json={"name": "Lost"}).json()["listId"]
    assert iterable.inspect("state")["consent_writes"] == 0
    body = {"listId": list_id, "subscribers": [{"userId": "c1"}], "channelUnsubscribe": True}
    iterable.client.post("/api/lists/unsubscribe", json=body)
    assert iterable.inspect("state")["consent_writes"] == 1


# -- events


def track(bench, *events):
    return bench.client.post(TRACK, json={"events": list(events)})


def event(user_id, event_id, **more):
    return {"userId": user_id, "id": event_id, "eventName": "Changed", **more}


def test_the_same_id_replaces_the_event(iterable):
    update(iterable, user("c1"))
    for to in ("Lost", "Champions"):
        answer = track(iterable, event("c1", "e1", createdAt=1_774_000_000, dataFields={"to": to}))
        assert (answer.json()["successCount"], answer.json()["disallowedEventNames"]) == (1, [])
    (stored,) = iterable.inspect("events")["events"]
    assert (stored["dataFields"], stored["createdAt"]) == ({"to": "Champions"}, 1_774_000_000)


def test_without_an_id_each_event_is_one_of_its_own(iterable):
    update(iterable, user("c1"))
    track(iterable, event("c1", None), event("c1", None))
    assert iterable.inspect("state")["events"] == 2


def test_an_event_of_somebody_unknown_is_named(iterable):
    answer = track(iterable, event("nobody", "e1"))
    assert failures(answer) == {"notFoundUserIds": ["nobody"]}
    assert set(answer.json()["failedUpdates"]) == {
        f"{why}{kind}"
        for why in ("invalid", "forgotten", "notFound")
        for kind in ("Emails", "UserIds")
    }


@pytest.mark.parametrize(
    "wrong",
    [
        {"eventName": None},
        {"createdAt": "2026-03-27T00:00:00Z"},
        {"createdAt": True},
        {"id": "é" * 257},
        {"id": 3},
    ],
)
def test_an_event_that_cannot_be_refuses_the_request(iterable, wrong):
    update(iterable, user("c1"))
    answer = track(iterable, event("c1", "e0"), {**event("c1", "e1"), **wrong})
    assert code(answer) == (400, "BadParams")
    assert iterable.inspect("state")["events"] == 0


def test_the_types_of_an_event_are_its_own(iterable):
    update(iterable, user("c1", to=1))
    assert track(iterable, event("c1", "e1", dataFields={"to": "Lost"})).status_code == 200
    answer = track(iterable, event("c1", "e2", dataFields={"to": 3}))
    assert code(answer) == (400, "RequestFieldsTypesMismatched")


def test_a_single_event_is_taken_or_refused(iterable):
    update(iterable, user("c1"))

    def single(body):
        return code(iterable.client.post("/api/events/track", json=body))

    assert single(event("c1", "e1")) == (200, "Success")
    assert single(event("nobody", "e1")) == (400, "UnknownUserIdError")
    assert single({"email": "a@b.io", "eventName": "x"}) == (400, "UnknownEmailError")
