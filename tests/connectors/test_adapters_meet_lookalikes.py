"""The adapters against vendors that keep state: what they say was delivered is what is there."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import date
from typing import Any

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors import sandbox
from connectors.base import Destination
from connectors.destinations.braze import Braze
from connectors.destinations.iterable import Iterable
from connectors.destinations.klaviyo import Klaviyo
from connectors.errors import Misconfigured, Refused, TicketLost, Unauthorized, Unavailable
from connectors.exchange import exchange
from connectors.types import Batch, Change, Delivered, Identify, Outcome, Person, Rejected, Unsure

KEY = "key_canary_0123456789"
VENDORS = {
    "klaviyo": (Klaviyo, sandbox.Klaviyo),
    "iterable": (Iterable, sandbox.Iterable),
    "braze": (Braze, sandbox.Braze),
}


def look_alike(name: str, **dials: Any) -> Any:
    if name == "braze":
        dials = {"everybody_known": True, **dials}
    kinds = {
        "klaviyo": sandbox.KlaviyoDials,
        "iterable": sandbox.IterableDials,
        "braze": sandbox.BrazeDials,
    }
    return VENDORS[name][1](keys={KEY}, limits=False, dials=kinds[name](**dials))


@asynccontextmanager
async def speaking_to(there: Any, **options: Any) -> AsyncIterator[Destination[Any]]:
    cls = VENDORS[there.name][0]
    given_options = {"base_url": "http://vendor.test", "api_key": KEY, **options}
    adapter = cls(cls.options_class(**given_options), transport=httpx.ASGITransport(app=there))
    try:
        yield adapter
    finally:
        await adapter.aclose()


async def deliver(adapter: Destination[Any], changes: list[Any]) -> dict[str, Outcome]:
    """Halve and poll as the engine does, without its waiting and its memory."""
    delivery = adapter.delivery(type(changes[0]))
    assert delivery is not None
    fates: dict[str, Outcome] = {}
    for start in range(0, len(changes), delivery.size):
        batch: Batch[Change] = Batch(tuple(changes[start : start + delivery.size]))
        async for part, told in exchange(batch, getattr(adapter, delivery.method)):
            receipt = told
            while receipt.ticket is not None:
                receipt = await adapter.settle(receipt.ticket, part)
            assert not receipt.outcomes.keys() & fates.keys()
            fates |= receipt.outcomes
    return fates


def run(there: Any, changes: list[Any], **options: Any) -> dict[str, Outcome]:
    async def through() -> dict[str, Outcome]:
        async with speaking_to(there, **options) as adapter:
            return await deliver(adapter, changes)

    return asyncio.run(through())


def properties(there: Any, identifier: str) -> dict[str, Any]:
    """The properties of ours that are stored of somebody."""
    found = there.profile(identifier)
    assert found is not None
    if there.name == "klaviyo":
        return found["properties"]
    return found["dataFields"] if there.name == "iterable" else found["custom_attributes"]


@pytest.fixture(params=VENDORS)
def there(request):
    return look_alike(request.param)


def name_of(there: Any, number: int) -> str:
    return str(number) if there.name == "braze" else f"a{number}@example.com"


def test_properties_arrive_as_they_are_and_twice_is_once(there, identify):
    change = identify(1, lifecycle_segment="Lost", clv_3y=0.0, orders=0, vip=False, note="")
    for _ in range(2):
        assert run(there, [change, identify(2)]) == {"c0001": Delivered(), "c0002": Delivered()}
    held = properties(there, name_of(there, 1))
    assert {key: held[key] for key in change.properties} == change.properties
    for key, value in change.properties.items():
        assert type(held[key]) is type(value)


def test_a_cleared_property_is_empty_and_the_others_stay(there, identify):
    run(there, [identify(1, a="x", b=5)])
    change = replace(identify(1, a=None, b=5), known={"a": "x", "b": 5})
    assert run(there, [change]) == {"c0001": Delivered()}
    held = properties(there, name_of(there, 1))
    assert held.get("a") is None
    assert held["b"] == 5


def test_fields_that_are_not_ours_are_left_alone(there, identify):
    run(there, [identify(1, foreign="theirs")])
    run(there, [identify(1, lifecycle_segment="Lost")])
    assert properties(there, name_of(there, 1))["foreign"] == "theirs"


def test_events_arrive_and_a_repeat_is_one_where_the_vendor_can_tell(there, identify, track):
    run(there, [identify(1), identify(2)])
    for _ in range(2):
        assert run(there, [track(1), track(2)]) == {"e0001": Delivered(), "e0002": Delivered()}
    assert len(there.events(10)) == (4 if there.name == "braze" else 2)


def test_a_repeat_among_new_events_does_not_hold_them_back(identify, track):
    there = look_alike("klaviyo")
    run(there, [identify(n) for n in range(6)])
    run(there, [track(3), track(4)])
    fates = run(there, [track(n) for n in range(6)])
    assert set(fates.values()) == {Delivered()}
    assert len(there.events(10)) == 6


@settings(max_examples=30)
@given(
    vendor=st.sampled_from(sorted(VENDORS)),
    bad=st.sets(st.integers(0, 99), max_size=8),
    how=st.sampled_from([("record", True), ("request", True), ("request", False)]),
    backwards=st.booleans(),
)
def test_any_bad_records_are_rejected_and_only_they(vendor, bad, how, backwards):
    there = look_alike(vendor)
    ids = tuple(name_of(there, n) for n in bad)
    if ids:
        fault = {"kind": "poison", "times": None, "ids": ids, "how": how[0], "named": how[1]}
        there.faults.add(sandbox.Fault.model_validate(fault))
    changes = [
        Identify(f"c{n:04}", Person(str(n), f"a{n}@example.com"), {"score": n}) for n in range(100)
    ]
    fates = run(there, list(reversed(changes)) if backwards else changes)
    assert fates.keys() == {change.id for change in changes}
    rejected = {i for i, fate in fates.items() if isinstance(fate, Rejected)}
    assert rejected == {f"c{n:04}" for n in bad}
    assert all(isinstance(fates[c.id], Delivered) for c in changes if c.id not in rejected)
    for n in range(100):
        held = there.profile(name_of(there, n))
        assert (held is None) if n in bad else properties(there, name_of(there, n))["score"] == n


def test_a_failure_that_is_not_named_is_nobodys_delivery(identify):
    there = look_alike("klaviyo")
    fault = sandbox.Fault(kind="poison", ids=("a1@example.com",), how="record", named=False)
    there.faults.add(fault)
    fates = run(there, [identify(1), identify(2)])
    assert {type(fate) for fate in fates.values()} == {Unsure}


def test_import_errors_on_small_pages_are_all_read():
    there = look_alike("klaviyo")
    there.faults.add(sandbox.Fault(kind="small_pages", size=3, times=None))
    ids = tuple(f"a{n}@example.com" for n in range(0, 50, 2))
    there.faults.add(sandbox.Fault(kind="poison", times=None, ids=ids, how="record"))
    changes = [
        Identify(f"c{n:04}", Person(str(n), f"a{n}@example.com"), {"s": n}) for n in range(50)
    ]
    fates = run(there, changes)
    assert {i for i, fate in fates.items() if isinstance(fate, Rejected)} == {
        f"c{n:04}" for n in range(0, 50, 2)
    }


def test_two_people_of_one_address_are_never_mixed_up(identify):
    for vendor in ("klaviyo", "iterable"):
        there = look_alike(vendor)
        twins = [identify(1), identify(2), identify(3, email="A1@example.com"), identify(4)]
        assert set(run(there, twins).values()) == {Delivered()}


@pytest.mark.parametrize("kind", ["cancel_job", "lose_job"])
def test_a_job_that_vanishes_is_a_lost_ticket(identify, kind):
    there = look_alike("klaviyo")
    there.faults.add(sandbox.Fault(kind=kind))
    with pytest.raises(TicketLost):
        run(there, [identify(1)])


def test_a_braze_that_only_put_it_by_or_blames_nobody_leaves_it_unsure(identify):
    for kind in ("queued", "unindexed"):
        there = look_alike("braze")
        there.faults.add(sandbox.Fault(kind=kind))
        fates = run(there, [identify(1), identify(2)])
        assert {type(fate) for fate in fates.values()} == {Unsure}


def test_a_field_of_another_type_is_named_and_the_others_go_on(identify):
    there = look_alike("iterable")
    run(there, [identify(0, score=1.5)])
    fates = run(there, [identify(1, score=2.5), identify(2, score="high"), identify(3, score=3.5)])
    assert isinstance(fates["c0002"], Rejected)
    assert "score is double" in fates["c0002"].reason
    assert fates["c0001"] == fates["c0003"] == Delivered()


def test_dates_settle_as_dates(identify):
    there = look_alike("iterable")
    run(there, [identify(1, lifecycle_segment_since=date(2024, 2, 29))])
    assert there.project.types.known["lifecycle_segment_since"] == "date"


def test_fields_that_may_not_be_made_stop_the_destination(identify):
    there = look_alike("iterable", creates_fields=False)
    with pytest.raises(Misconfigured, match="lifecycle_segment"):
        run(there, [identify(1)])
    assert set(run(there, [identify(1)], create_new_fields=True).values()) == {Delivered()}


def test_nobody_is_subscribed_and_nobody_made_against_the_operators_will(identify, track):
    there = look_alike("braze", everybody_known=False)
    run(there, [identify(1)])
    run(there, [track(1)])
    assert there.profile("1") is None
    assert there.workspace.consent_writes == 0


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        ({"kind": "wrong_json"}, Unavailable),
        ({"kind": "truncate"}, Unavailable),
        ({"kind": "status", "status": 503}, Unavailable),
        ({"kind": "status", "status": 401}, Unauthorized),
    ],
)
def test_faults_mean_what_they_are(there, identify, fault, error):
    there.faults.add(sandbox.Fault.model_validate(fault))
    with pytest.raises(error):
        run(there, [identify(1)])
    assert run(there, [identify(1)]) == {"c0001": Delivered()}


def test_check_tells_a_right_key_from_a_wrong_one(there):
    async def check(key: str) -> None:
        async with speaking_to(there, api_key=key) as adapter:
            await adapter.check()

    before = there.counts()
    asyncio.run(check(KEY))
    with pytest.raises(Unauthorized):
        asyncio.run(check("another_key_0123456789"))
    assert there.counts() == before


def test_a_request_larger_than_allowed_is_halved_to_fit(there, identify):
    sizes = {"klaviyo": "max_profiles", "iterable": "max_users", "braze": "max_objects"}
    small = look_alike(there.name, **{sizes[there.name]: 4})
    fates = run(small, [identify(n) for n in range(30)])
    assert set(fates.values()) == {Delivered()}


def test_a_refusal_is_never_taken_for_an_answer(there, identify):
    there.faults.add(sandbox.Fault(kind="status", status=413, times=None))

    async def once() -> None:
        async with speaking_to(there) as adapter:
            await adapter.identify(Batch((identify(1),)))

    with pytest.raises(Refused):
        asyncio.run(once())
