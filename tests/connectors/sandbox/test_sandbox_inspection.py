from connectors.sandbox import look_alikes

UPDATE = "/api/users/bulkUpdate"


def fill(bench, count):
    fields = [{"segment": "Lost"} if i % 3 else {"segment": "Champions"} for i in range(count)]
    users = [{"userId": f"c{i}", "dataFields": one} for i, one in enumerate(fields)]
    assert bench.client.post(UPDATE, json={"users": users}).status_code == 200


def test_the_state_is_counted_and_headed_by_a_property(iterable):
    fill(iterable, 7)
    iterable.client.post(UPDATE, json={"users": [{"userId": "other"}]})
    state = iterable.inspect("state?by=segment")
    assert (state["vendor"], state["profiles"], state["requests"]) == ("iterable", 8, 2)
    assert state["by"] == {"segment": {"(absent)": 1, "Champions": 3, "Lost": 4}}


def test_everybody_is_read_by_pages(iterable):
    fill(iterable, 7)
    pages = [iterable.inspect(f"profiles?offset={at}&limit=3")["profiles"] for at in (0, 3, 6, 9)]
    assert [[one["userId"] for one in page] for page in pages] == [
        ["c0", "c1", "c2"],
        ["c3", "c4", "c5"],
        ["c6"],
        [],
    ]
    assert iterable.client.get("/sandbox/profiles?limit=-1").status_code == 400


def test_somebody_unknown_is_404(klaviyo, iterable, braze):
    for bench in (klaviyo, iterable, braze):
        assert bench.client.get("/sandbox/profiles/nobody@example.com").status_code == 404


def test_the_latest_events_are_shown_the_newest_last(braze):
    for n in range(5):
        event = {"external_id": "c1", "name": f"E{n}", "time": "2026-03-27T10:00:00Z"}
        braze.client.post("/users/track", json={"events": [event]})
    shown = braze.inspect("events?limit=2")["events"]
    assert [event["name"] for event in shown] == ["E3", "E4"]
    assert braze.inspect("events?limit=0")["events"] == []


def test_calls_are_counted_by_route_and_status_and_a_look_is_none(klaviyo):
    klaviyo.client.get("/api/lists/none")
    klaviyo.client.get("/api/lists/other")
    klaviyo.fault(kind="drop")
    klaviyo.client.post("/api/profile-subscription-bulk-create-jobs", json={})
    assert klaviyo.inspect("requests")["requests"] == [
        {"method": "GET", "path": "/api/lists/{id}", "status": 404, "count": 2},
        {
            "method": "POST",
            "path": "/api/profile-subscription-bulk-create-jobs",
            "status": 404,
            "count": 1,
        },
    ]


def test_a_reset_leaves_nothing(klaviyo, iterable, braze):
    fill(iterable, 3)
    braze.client.post("/users/track", json={"attributes": [{"external_id": "c1"}]})
    body = {"data": {"type": "profile", "attributes": {"external_id": "c1"}}}
    klaviyo.client.post("/api/profile-import", json=body)
    for bench in (klaviyo, iterable, braze):
        bench.fault(kind="drop", times=None)
        assert bench.inspect("state")["profiles"] > 0
        assert bench.client.post("/sandbox/reset").status_code == 200
        state = bench.inspect("state")
        assert {v for k, v in state.items() if k != "vendor"} == {0}
        assert bench.inspect("faults") == {"faults": [], "struck": {}}


def test_the_limits_of_all_can_be_turned_off():
    names = {"klaviyo", "iterable", "braze", "hubspot", "mailchimp", "customerio"}
    made = look_alikes(limits=False)
    assert {name: one.limits for name, one in made.items()} == dict.fromkeys(names, False)
