"""Reading back from each vendor: within its limits, to the last page, by the sent identifier."""

from __future__ import annotations

import asyncio
import json
from datetime import date

import httpx
import pytest
from openapi_client import models

from connectors import sandbox
from connectors.destinations.braze import Braze
from connectors.destinations.files import Files
from connectors.destinations.iterable import Iterable
from connectors.destinations.klaviyo import Klaviyo
from connectors.held import holds
from connectors.types import Batch, Identify, Person
from sync.clock import SystemClock
from sync.transport import Transport

NAMES = ["lifecycle_segment", "n"]


def people(count, email="c{}@example.com"):
    return [Person(f"c{n}", None if email is None else email.format(n)) for n in range(count)]


@pytest.fixture
def klaviyo():
    app = sandbox.Klaviyo(limits=False)
    for n in range(60):
        profile = app.account.profiles.create(app.now())
        attributes = {"email": f"C{n}@Example.com", "external_id": f"c{n}"}
        held = {"n": n, "lifecycle_segment": "Lost", "theirs": 1}
        app.account.profiles.write(
            profile, {**attributes, "properties": held}, app.now(), clears=True
        )
    return app


def reading(it, who, names):
    async def read():
        try:
            return await it.read(who, names)
        finally:
            await it.aclose()

    return asyncio.run(read())


def spoken(app, told):
    async def keep(request):
        told.append(request)
        return await httpx.ASGITransport(app).handle_async_request(request)

    return httpx.MockTransport(keep)


def test_klaviyo_is_asked_by_filter_and_read_to_its_last_page(klaviyo):
    klaviyo.faults.add(sandbox.Fault(kind="small_pages", size=7, times=None))
    asked: list[httpx.Request] = []
    it = Klaviyo(Klaviyo.options_class(api_key="pk_x"), transport=spoken(klaviyo, asked))
    # two of ours under one address, one without an address, one whom the vendor does not know
    who = [
        *people(40),
        Person("twin", "c3@example.com"),
        Person("c50"),
        Person("x", "x@example.com"),
    ]
    held = reading(it, who, NAMES)
    assert held.keys() == {*(f"c{n}" for n in range(40)), "twin", "c50"}
    assert held["c7"] == {"n": 7, "lifecycle_segment": "Lost"}
    assert held["twin"] == held["c3"]
    assert len(asked) == 7
    assert {r.url.params["filter"].partition(",")[0] for r in asked} == {
        "any(email",
        "any(external_id",
    }


def test_what_klaviyo_is_asked_its_own_model_reads(klaviyo):
    it = Klaviyo(Klaviyo.options_class(api_key="pk_x"), transport=httpx.ASGITransport(klaviyo))
    quoted = json.dumps(["c1@example.com", 'we"ird@example.com'])
    params = {"filter": f"any(email,{quoted})", "fields[profile]": "email,properties"}
    answer = asyncio.run(it.call("GET", "/api/profiles", params=params))
    found = models.GetProfileResponseCollection.from_dict(answer.json())
    assert [one.attributes.properties["n"] for one in found.data] == [1]


def test_braze_exports_fifty_by_id_and_one_by_address():
    app = sandbox.Braze(limits=False)
    app.preload([{"external_id": f"c{n}", "email": f"c{n}@example.com", "n": n} for n in range(50)])
    for by, calls in (("external_id", 1), ("email", 3)):
        asked: list[httpx.Request] = []
        options = Braze.options_class(base_url="https://b.test", api_key="k", identifier=by)
        it = Braze(options, transport=spoken(app, asked))
        who = people(50) if by == "external_id" else [*people(2), Person("x", "x@example.com")]
        held = reading(it, who, NAMES)
        assert len(asked) == calls
        assert held == {f"c{n}": {"n": n} for n in range(len(who) if calls == 1 else 2)}
        assert all("c1@" not in str(request.url) for request in asked)


@pytest.mark.parametrize(
    ("by", "path"),
    [("email", "/api/users/a%2Bb%40example.com"), ("external_id", "/api/users/byUserId/a%2Fb")],
)
def test_iterable_names_one_user_in_the_path(by, path):
    asked: list[httpx.Request] = []

    def answer(request):
        asked.append(request)
        return httpx.Response(200, json={"user": {"dataFields": {"n": 0, "theirs": 1}}})

    options = Iterable.options_class(api_key="k", identifier=by)
    it = Iterable(options, transport=httpx.MockTransport(answer))
    held = reading(it, [Person("a/b", "a+b@example.com")], NAMES)
    assert held == {"a/b": {"n": 0}}
    assert [request.url.raw_path.decode() for request in asked] == [path]


def test_limits_of_reading_are_the_documented_ones_and_no_delivery_waits_for_them():
    limits = {}
    for kind, more in ((Klaviyo, {}), (Iterable, {}), (Braze, {"base_url": "https://b.test"})):
        it = kind(kind.options_class(api_key="k", **more), transport=httpx.MockTransport(None))
        limits[kind.__name__] = {(r.calls, r.seconds) for r in it.read_limits()}
        write = httpx.Request("POST", "https://v.test/users/track")
        assert not any(rate.matches(write) for rate in it.read_limits())
        Transport(httpx.MockTransport(None), SystemClock()).keep(it.read_limits())
    assert limits == {
        "Klaviyo": {(75, 1), (750, 60)},
        "Iterable": {(100, 1)},
        "Braze": {(250, 60)},
    }


def test_files_are_read_over_all_schemes_and_segments(tmp_path):
    it = Files(Files.options_class(path=str(tmp_path)), transport=httpx.MockTransport(None))
    sent = [
        Identify(p.id, p, {"lifecycle_segment": s, "rfm_segment": "=1+1", "n": 0, "on": None})
        for p, s in zip(people(3), ["Lost", "At Risk", "Lost"], strict=True)
    ]
    asyncio.run(it.identify(Batch(tuple(sent))))
    held = reading(it, [*people(2), Person("x")], ["lifecycle_segment", "rfm_segment", "n", "on"])
    assert held == {
        "c0": {"lifecycle_segment": "Lost", "rfm_segment": "=1+1", "n": "0"},
        "c1": {"lifecycle_segment": "At Risk", "rfm_segment": "=1+1", "n": "0"},
    }
    assert it.holds("0", 0)


@pytest.mark.parametrize(
    ("held", "value", "same"),
    [
        ("2024-02-29", date(2024, 2, 29), True),
        ("2024-02-29T00:00:00.000Z", date(2024, 2, 29), True),
        ("2024-02-29 00:00:00 +00:00", date(2024, 2, 29), True),
        ("2024-02-29T01:00:00+00:00", date(2024, 2, 29), False),
        ("soon", date(2024, 2, 29), False),
        (4, 4.0, True),
        (1, True, False),
        (True, 1, False),
        ("", None, False),
        (None, None, True),
        (None, "", False),
        ([1], "[1]", False),
    ],
)
def test_which_forms_mean_the_same(held, value, same):
    assert holds(held, value) is same
