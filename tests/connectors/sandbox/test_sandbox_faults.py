from email.utils import parsedate_to_datetime

import pytest
from pydantic import ValidationError

from connectors.sandbox import Fault, Faults

TRACK = {"attributes": [{"external_id": "c1", "lifecycle_segment": "Champions"}]}
FIELDS = {"users": [{"userId": "c1", "dataFields": {"lifecycle_segment": "Champions"}}]}
ACCOUNTS = "/api/accounts"


def struck(faults, times, path="/users/track"):
    return [faults.strike({"drop"}, "POST", path) is not None for _ in range(times)]


def test_a_fault_strikes_the_next_n_matching_requests_and_no_more():
    faults = Faults(Fault(kind="drop", times=2, skip=1, path="/users/*"))
    assert not any(struck(faults, 3, path="/other"))
    assert struck(faults, 5) == [False, True, True, False, False]
    assert faults.struck == {"drop": 2}
    assert faults.standing() == []


def test_without_times_it_strikes_until_it_is_taken_away():
    faults = Faults(Fault(kind="drop", times=None))
    assert all(struck(faults, 50))
    faults.clear()
    assert not any(struck(faults, 5))


def test_a_rate_is_played_again_by_its_seed():
    def play(seed):
        return struck(Faults(Fault(kind="drop", times=None, rate=0.3), seed=seed), 300)

    assert play(7) == play(7) != play(8)
    assert 50 < sum(play(7)) < 130


def test_a_dial_that_is_none_is_refused():
    with pytest.raises(ValidationError, match="kind"):
        Fault(kind="explode")
    with pytest.raises(ValidationError, match="tiems"):
        Fault(kind="drop", tiems=3)


@pytest.mark.parametrize(
    ("dress", "told"),
    [("vendor", "8"), ("seconds", "8"), ("zero", "0"), ("absent", None)],
)
def test_429_comes_in_every_dress(klaviyo, dress, told):
    klaviyo.fault(kind="throttle", dress=dress, seconds=7.2)
    answer = klaviyo.client.get(ACCOUNTS)
    assert answer.status_code == 429
    assert answer.headers.get("retry-after") == told
    assert not [name for name in answer.headers if name.startswith("ratelimit")]
    assert answer.json()["errors"][0]["code"] == "throttled"
    assert klaviyo.client.get(ACCOUNTS).status_code == 200


def test_429_with_a_date(iterable):
    iterable.fault(kind="throttle", dress="date", seconds=90)
    answer = iterable.client.get("/api/lists")
    until = parsedate_to_datetime(answer.headers["retry-after"]).timestamp()
    assert until == iterable.clock.now + 90


def test_without_a_dress_iterable_tells_nothing_but_its_code(iterable):
    iterable.fault(kind="throttle")
    answer = iterable.client.post("/api/users/bulkUpdate", json=FIELDS)
    assert (answer.status_code, answer.json()["code"]) == (429, "RateLimitExceeded")
    assert set(answer.headers) == {"date", "content-length", "content-type"}


def test_an_absent_dress_takes_brazes_hints_away_too(braze):
    braze.fault(kind="throttle", dress="absent")
    headers = braze.client.post("/users/track", json=TRACK).headers
    assert "x-ratelimit-reset" not in headers
    assert "retry-after" not in headers


@pytest.mark.parametrize("status", [401, 403, 413, 500, 502, 503, 504, 524])
def test_any_status_comes_in_the_vendors_shape(klaviyo, iterable, braze, status):
    for bench in (klaviyo, iterable, braze):
        bench.fault(kind="status", status=status)
    (error,) = klaviyo.client.get(ACCOUNTS).json()["errors"]
    assert error["status"] == status
    answer = iterable.client.get("/api/lists")
    assert answer.status_code == status
    assert set(answer.json()) == {"msg", "code", "params"}
    answer = braze.client.post("/users/track", json=TRACK)
    assert answer.status_code == status
    assert set(answer.json()) == {"message"}
    assert braze.inspect("state")["profiles"] == 0


def test_a_failure_may_come_after_it_was_done(iterable):
    iterable.fault(kind="status", status=502, applied=True)
    assert iterable.client.post("/api/users/bulkUpdate", json=FIELDS).status_code == 502
    assert iterable.inspect("state")["profiles"] == 1


def test_half_of_the_json_comes_as_if_it_were_all(braze):
    braze.fault(kind="truncate")
    answer = braze.client.post("/users/track", json=TRACK)
    assert answer.status_code == 201
    with pytest.raises(ValueError, match=r"Unterminated|Expecting"):
        answer.json()
    assert braze.inspect("state")["profiles"] == 1


def test_other_json_than_is_due(braze):
    braze.fault(kind="wrong_json", body='"ok"')
    answer = braze.client.post("/users/track", json=TRACK)
    assert (answer.status_code, answer.json()) == (201, "ok")


def test_dials_are_turned_read_and_turned_back_over_http(braze):
    dials = [{"kind": "drop", "times": 3}, {"kind": "poison", "ids": ["c1"], "times": None}]
    told = braze.client.post("/sandbox/faults", json=dials).json()
    assert [(one["kind"], one["times"]) for one in told["faults"]] == [
        ("drop", 3),
        ("poison", None),
    ]
    assert braze.client.delete("/sandbox/faults").json() == {"faults": [], "struck": {}}
    assert braze.client.post("/users/track", json=TRACK).status_code == 201


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b'{"kind": "explode"}', "kind"),
        (b'[{"kind": "drop"}, {"kind": "drop", "rate": 2}]', "rate"),
        (b"{", "not JSON"),
        (b"3", "an object"),
    ],
)
def test_a_dial_that_cannot_be_is_refused_with_a_reason_and_nothing_is_turned(braze, body, said):
    answer = braze.client.post("/sandbox/faults", content=body)
    assert answer.status_code == 400
    assert said in answer.json()["error"]
    assert braze.inspect("faults")["faults"] == []
