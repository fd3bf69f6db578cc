import pytest

JOBS = "/api/profile-bulk-import-jobs"


def profile(external_id, meta=None, **attributes):
    record = {"type": "profile", "attributes": {"external_id": external_id, **attributes}}
    return record if meta is None else {**record, "meta": meta}


def job(*profiles, lists=()):
    data = {
        "type": "profile-bulk-import-job",
        "attributes": {"profiles": {"data": list(profiles)}},
    }
    if lists:
        found = [{"type": "list", "id": one} for one in lists]
        data["relationships"] = {"lists": {"data": found}}
    return {"data": data}


def submit(bench, *profiles, **options):
    answer = bench.client.post(JOBS, json=job(*profiles, **options))
    assert answer.status_code == 202, answer.text
    return answer.json()["data"]["id"]


def status(bench, job_id):
    return bench.client.get(f"{JOBS}/{job_id}").json()["data"]["attributes"]


def problem(answer):
    (error,) = answer.json()["errors"]
    return answer.status_code, error["source"]


# -- the way in


@pytest.mark.parametrize(
    "headers",
    [
        {"Authorization": ""},
        {"Authorization": "Bearer pk_test"},
        {"Authorization": "Klaviyo-API-Key"},
        {"Authorization": "Klaviyo-API-Key another"},
    ],
)
def test_a_wrong_key_is_401(klaviyo, headers):
    klaviyo.app.keys = {"pk_test"}
    assert klaviyo.client.get("/api/accounts", headers=headers).status_code == 401
    assert klaviyo.client.get("/api/accounts").status_code == 200


@pytest.mark.parametrize("revision", ["", "latest"])
def test_a_revision_is_needed(klaviyo, revision):
    answer = klaviyo.client.get("/api/accounts", headers={"revision": revision})
    assert problem(answer) == (400, {"parameter": "revision"})


def test_what_is_no_json_of_the_right_kind_is_refused(klaviyo):
    post = klaviyo.client.post
    assert post(JOBS, content=b"{}", headers={"Content-Type": "text/plain"}).status_code == 415
    json_api = {"Content-Type": "application/vnd.api+json"}
    assert problem(post(JOBS, content=b"{", headers=json_api)) == (400, {"pointer": "/data"})
    assert problem(post(JOBS, json={"data": {"type": "profile"}})) == (
        400,
        {"pointer": "/data/type"},
    )
    assert klaviyo.client.get("/api/nothing").status_code == 404
    assert klaviyo.client.put("/api/accounts").status_code == 405


def test_answers_are_json_api(klaviyo):
    assert klaviyo.client.get("/api/lists").headers["content-type"] == "application/vnd.api+json"
    refused = klaviyo.client.get("/api/nothing")
    assert refused.headers["content-type"] == "application/vnd.api+json"
    assert set(refused.json()["errors"][0]) >= {"id", "code", "title", "detail", "source"}


def test_the_burst_window_and_then_the_steady_one_refuse(klaviyo):
    klaviyo.app.limits = True
    answers = []
    for _ in range(16):
        answers += [klaviyo.client.get(JOBS) for _ in range(11)]
        klaviyo.clock.now += 1
    told = [answer.status_code for answer in answers]
    assert told[:11] == [200] * 10 + [429]
    assert told.count(200) == 150
    assert answers[0].headers["ratelimit-limit"] == "150"
    assert answers[0].headers["ratelimit-remaining"] == "149"
    assert answers[0].headers["ratelimit-reset"] == "60"
    assert answers[10].headers["retry-after"] == "1"
    assert answers[-1].headers["retry-after"] == "45"
    assert "ratelimit-limit" not in answers[-1].headers


def test_lists_are_made_150_a_day_at_most(klaviyo):
    klaviyo.app.limits = True
    body = {"data": {"type": "list", "attributes": {"name": "Lost"}}}
    for _ in range(150):
        klaviyo.clock.now += 1
        answer = klaviyo.client.post("/api/lists", json=body)
        assert answer.status_code == 201
    assert answer.headers["ratelimit-limit"] == "150"
    answer = klaviyo.client.post("/api/lists", json=body)
    assert answer.status_code == 429
    assert 43_000 < int(answer.headers["retry-after"]) <= 43_200  # it is past noon


# -- import jobs


def test_nothing_is_there_before_the_job_is_done(klaviyo):
    klaviyo.fault(kind="slow_job", polls=2)
    job_id = submit(klaviyo, profile("c1"), profile("c2"))
    assert klaviyo.inspect("state")["profiles"] == 0
    assert [status(klaviyo, job_id)["status"] for _ in range(2)] == ["processing"] * 2
    done = status(klaviyo, job_id)
    assert (done["status"], done["completed_count"], done["failed_count"]) == ("complete", 2, 0)
    assert klaviyo.inspect("state")["profiles"] == 2


def test_a_job_that_nobody_asks_for_is_done_all_the_same(klaviyo):
    submit(klaviyo, profile("c1"))
    assert klaviyo.inspect("state")["profiles"] == 1


def test_a_job_takes_its_time_by_the_clock(klaviyo):
    klaviyo.app.dials = type(klaviyo.app.dials)(job_seconds=30)
    job_id = submit(klaviyo, profile("c1"))
    assert status(klaviyo, job_id)["status"] == "processing"
    klaviyo.clock.now += 30
    assert status(klaviyo, job_id)["status"] == "complete"


@pytest.mark.parametrize(("part", "written"), [(0.0, 0), (0.5, 2), (1.0, 4)])
def test_a_cancelled_job_may_have_done_a_part(klaviyo, part, written):
    klaviyo.fault(kind="cancel_job", part=part)
    job_id = submit(klaviyo, *(profile(f"c{i}") for i in range(4)))
    assert status(klaviyo, job_id)["status"] == "cancelled"
    assert klaviyo.inspect("state")["profiles"] == written


def test_a_lost_job_is_404_and_may_have_been_done(klaviyo):
    klaviyo.fault(kind="lose_job", part=1)
    job_id = submit(klaviyo, profile("c1"))
    assert klaviyo.client.get(f"{JOBS}/{job_id}").status_code == 404
    assert klaviyo.client.get(f"{JOBS}/{job_id}/import-errors").status_code == 404
    assert klaviyo.inspect("state")["profiles"] == 1


def test_a_job_is_forgotten_when_it_expires(klaviyo):
    job_id = submit(klaviyo, profile("c1"))
    assert status(klaviyo, job_id)["expires_at"] == "2026-04-03T12:00:00+00:00"
    klaviyo.clock.now += 7 * 86_400
    assert klaviyo.client.get(f"{JOBS}/{job_id}").status_code == 404


def test_records_that_cannot_be_are_named_and_the_others_are_written(klaviyo):
    submit(klaviyo, profile("c1", email="c1@example.com"), profile("c2", email="c2@example.com"))
    bad = [
        profile("c3", email="none"),
        profile("c4", phone_number="020 123"),
        profile("x" * 256),
        profile(None),
        profile("c1", email="c2@example.com"),
        {**profile("c5"), "id": "unknown"},
    ]
    job_id = submit(klaviyo, profile("c6"), *bad, profile("c7"))
    assert status(klaviyo, job_id)["failed_count"] == 6
    errors = klaviyo.client.get(f"{JOBS}/{job_id}/import-errors").json()["data"]
    told = [error["attributes"] for error in errors]
    base = "/data/attributes/profiles/data"
    assert [one["source"]["pointer"] for one in told] == [
        f"{base}/1/attributes/email",
        f"{base}/2/attributes/phone_number",
        f"{base}/3/attributes/external_id",
        f"{base}/4/attributes",
        f"{base}/5",
        f"{base}/6/id",
    ]
    assert [one["original_payload"] for one in told] == bad
    assert klaviyo.inspect("state")["profiles"] == 4


def test_on_request_such_a_record_refuses_all(klaviyo):
    klaviyo.app.dials = type(klaviyo.app.dials)(strict_records=True)
    answer = klaviyo.client.post(JOBS, json=job(profile("c1"), profile("c2", email="none")))
    base = "/data/attributes/profiles/data"
    assert problem(answer) == (400, {"pointer": f"{base}/1/attributes/email"})
    assert klaviyo.inspect("state")["profiles"] == 0


@pytest.mark.parametrize("ids", [["c1"], ["c0", "c4"], ["c0", "c1", "c2", "c3"], ["*"]])
def test_poison_in_one_record_or_in_all(klaviyo, ids):
    klaviyo.fault(kind="poison", ids=ids, code="blocked")
    job_id = submit(klaviyo, *(profile(f"c{i}") for i in range(5)))
    errors = klaviyo.client.get(f"{JOBS}/{job_id}/import-errors").json()["data"]
    named = {e["attributes"]["original_payload"]["attributes"]["external_id"] for e in errors}
    assert named == ({f"c{i}" for i in range(5)} if ids == ["*"] else set(ids))
    assert {error["attributes"]["code"] for error in errors} == {"blocked"}
    assert klaviyo.inspect("state")["profiles"] == 5 - len(named)


@pytest.mark.parametrize(
    ("named", "pointer"), [(True, "/data/attributes/profiles/data/1"), (False, "/data")]
)
def test_poison_for_the_whole_request(klaviyo, named, pointer):
    klaviyo.fault(kind="poison", ids=["c1"], how="request", named=named)
    answer = klaviyo.client.post(JOBS, json=job(profile("c0"), profile("c1")))
    assert problem(answer) == (400, {"pointer": pointer})
    assert klaviyo.inspect("state")["jobs"] == 0


def test_what_is_too_much_is_refused_whole(klaviyo):
    klaviyo.app.dials = type(klaviyo.app.dials)(max_bytes=300_000)
    post = klaviyo.client.post
    many = post(JOBS, json=job(*({"type": "profile", "attributes": {}} for _ in range(10_001))))
    assert many.status_code == 413
    assert post(JOBS, json=job()).status_code == 400
    big = profile("c1", properties={"text": "é" * 50_001})
    assert problem(post(JOBS, json=job(profile("c0"), big))) == (
        400,
        {"pointer": "/data/attributes/profiles/data/1"},
    )
    fits = profile("c1", properties={"text": "é" * 49_900})
    assert post(JOBS, json=job(fits)).status_code == 202


def test_ten_thousand_profiles_are_taken_and_one_more_is_not(klaviyo):
    most = [profile(f"c{i}", properties={"segment": "Lost"}) for i in range(10_000)]
    submit(klaviyo, *most)
    assert klaviyo.inspect("state?by=segment")["by"] == {"segment": {"Lost": 10_000}}
    answer = klaviyo.client.post(JOBS, json=job(*most, profile("one more")))
    assert problem(answer) == (400, {"pointer": "/data/attributes/profiles/data"})


@pytest.mark.parametrize(
    ("record", "where"),
    [
        ({"type": "profil", "attributes": {}}, "/type"),
        ({"type": "profile"}, "/attributes"),
        ({"type": "profile", "attributes": {"email": 3}}, "/attributes/email"),
        ({"type": "profile", "attributes": {"properties": []}}, "/attributes/properties"),
        ({"type": "profile", "id": 3, "attributes": {}}, "/id"),
    ],
)
def test_wrong_json_types_refuse_the_whole_request(klaviyo, record, where):
    answer = klaviyo.client.post(JOBS, json=job(profile("c0"), record))
    assert problem(answer) == (400, {"pointer": f"/data/attributes/profiles/data/1{where}"})


def test_null_does_not_clear_in_bulk_and_unset_does(klaviyo):
    submit(klaviyo, profile("c1", first_name="A", properties={"a": 0, "b": False, "c": "", "d": 1}))
    submit(klaviyo, profile("c1", first_name=None, properties={"a": None, "d": None, "e": 2}))
    stored = klaviyo.inspect("profiles/c1")
    assert stored["properties"] == {"a": 0, "b": False, "c": "", "d": 1, "e": 2}
    assert stored["first_name"] == "A"
    submit(klaviyo, profile("c1", meta={"patch_properties": {"unset": ["a", "b"]}}))
    submit(klaviyo, profile("c1", meta={"patch_properties": {"unset": "c"}}))
    assert klaviyo.inspect("profiles/c1")["properties"] == {"d": 1, "e": 2}


def test_append_and_unappend_change_an_array(klaviyo):
    submit(klaviyo, profile("c1", properties={"tags": ["a"]}))
    submit(klaviyo, profile("c1", meta={"patch_properties": {"append": {"tags": ["a", "b"]}}}))
    submit(klaviyo, profile("c1", meta={"patch_properties": {"unappend": {"tags": "a"}}}))
    assert klaviyo.inspect("profiles/c1")["properties"] == {"tags": ["b"]}


def test_whoever_is_known_by_one_identifier_gets_the_other(klaviyo):
    submit(klaviyo, profile("c1"))
    submit(klaviyo, profile("c1", email="New@Example.com"))
    submit(klaviyo, profile(None, email="new@example.com", properties={"a": 1}))
    state = klaviyo.inspect("state")
    stored = klaviyo.inspect("profiles/new@example.com")
    assert state["profiles"] == 1
    assert (stored["external_id"], stored["properties"]) == ("c1", {"a": 1})


def test_a_list_named_in_the_job_gets_its_profiles(klaviyo):
    body = {"data": {"type": "list", "attributes": {"name": "Lost"}}}
    list_id = klaviyo.client.post("/api/lists", json=body).json()["data"]["id"]
    submit(klaviyo, profile("c1"), profile("c2", email="none"), lists=[list_id])
    assert klaviyo.inspect("profiles/c1")["lists"] == ["Lost"]
    answer = klaviyo.client.post(JOBS, json=job(profile("c1"), lists=["none"]))
    assert problem(answer) == (400, {"pointer": "/data/relationships/lists/data/0/id"})


# -- pages


def test_pages_are_20_unless_asked_for_and_at_most_100(klaviyo):
    job_id = submit(klaviyo, *(profile(f"c{i}", email="none") for i in range(120)))
    path = f"{JOBS}/{job_id}/import-errors"
    assert len(klaviyo.client.get(path).json()["data"]) == 20
    assert len(klaviyo.client.get(path, params={"page[size]": 100}).json()["data"]) == 100
    for wrong in (0, 101, "many"):
        answer = klaviyo.client.get(path, params={"page[size]": wrong})
        assert problem(answer) == (400, {"parameter": "page[size]"})
    answer = klaviyo.client.get(path, params={"page[cursor]": "other"})
    assert problem(answer) == (400, {"parameter": "page[cursor]"})


@pytest.mark.parametrize("size", [1, 2, 7, 100])
def test_pages_come_small_by_dial_and_nothing_is_lost_between_them(klaviyo, size):
    klaviyo.fault(kind="small_pages", size=size, times=None)
    job_id = submit(klaviyo, *(profile(f"c{i}", email="none") for i in range(23)))
    link, seen = f"{klaviyo.url}{JOBS}/{job_id}/import-errors?page[size]=50", []
    while link is not None:
        page = klaviyo.client.get(link).json()
        assert len(page["data"]) <= size
        seen += [
            e["attributes"]["original_payload"]["attributes"]["external_id"] for e in page["data"]
        ]
        link = page["links"]["next"]
    assert seen == [f"c{i}" for i in range(23)]


# -- single profiles


def test_a_single_upsert_clears_by_null(klaviyo):
    def upsert(**attributes):
        body = {"data": profile("c1", **attributes)}
        return klaviyo.client.post("/api/profile-import", json=body).status_code

    assert upsert(first_name="A", properties={"a": 1, "b": 2}) == 201
    assert upsert(first_name=None, properties={"a": None}) == 200
    stored = klaviyo.inspect("profiles/c1")
    assert stored["properties"] == {"b": 2}
    assert stored.get("first_name") is None


def test_creating_somebody_who_is_there_names_him(klaviyo):
    body = {"data": profile("c1")}
    made = klaviyo.client.post("/api/profiles", json=body).json()["data"]["id"]
    answer = klaviyo.client.post("/api/profiles", json=body)
    assert answer.status_code == 409
    assert answer.json()["errors"][0]["meta"] == {"duplicate_profile_id": made}


def test_two_identifiers_of_two_profiles_are_a_conflict(klaviyo):
    submit(klaviyo, profile("c1"), profile("c2", email="c2@example.com"))
    body = {"data": profile("c1", email="c2@example.com")}
    assert klaviyo.client.post("/api/profile-import", json=body).status_code == 409


def test_profiles_are_found_by_identifier(klaviyo):
    submit(klaviyo, *(profile(f"c{i}", email=f"c{i}@example.com") for i in range(3)))

    def found(text):
        answer = klaviyo.client.get("/api/profiles", params={"filter": text})
        return [one["attributes"]["external_id"] for one in answer.json()["data"]]

    assert found('equals(email,"c1@example.com")') == ["c1"]
    assert found('any(external_id,["c2","c0","nobody","c2"])') == ["c2", "c0"]
    for wrong in (
        "greater-than(email,3)",
        "any(first_name,[])",
        "any(email,[c1])",
        "any(email,[1])",
    ):
        answer = klaviyo.client.get("/api/profiles", params={"filter": wrong})
        assert problem(answer) == (400, {"parameter": "filter"})


def test_one_profile_is_read_and_changed_by_its_id(klaviyo):
    submit(klaviyo, profile("c1", properties={"a": 1}), profile("c2"))
    path = f"/api/profiles/{klaviyo.inspect('profiles/c1')['id']}"
    answer = klaviyo.client.patch(path, json={"data": profile(None, properties={"a": None})})
    assert answer.status_code == 400  # no identifier: the resource needs its id
    body = {"data": {**profile("c1", properties={"a": None}), "id": path.rpartition("/")[2]}}
    assert klaviyo.client.patch(path, json=body).status_code == 200
    assert klaviyo.client.get(path).json()["data"]["attributes"]["properties"] == {}
    assert klaviyo.client.get("/api/profiles/none").status_code == 404


def test_lists_take_klaviyos_ids_only(klaviyo):
    body = {"data": {"type": "list", "attributes": {"name": "Lost"}}}
    list_id = klaviyo.client.post("/api/lists", json=body).json()["data"]["id"]
    path = f"/api/lists/{list_id}/relationships/profiles"
    answer = klaviyo.client.post(path, json={"data": [{"type": "profile", "id": "c1@example.com"}]})
    assert problem(answer) == (404, {"pointer": "/data/0/id"})
    answer = klaviyo.client.post(path, json={"data": {"type": "profile", "id": "x"}})
    assert problem(answer) == (400, {"pointer": "/data"})
    many = [{"type": "profile", "id": "x"}] * 1_001
    assert problem(klaviyo.client.post(path, json={"data": many})) == (400, {"pointer": "/data"})
