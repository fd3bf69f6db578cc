"""One record that is too large is refused alone, by name, and costs no request."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.destinations.braze import Braze
from connectors.destinations.iterable import Iterable
from connectors.destinations.klaviyo import Klaviyo
from connectors.destinations.limits import Limits
from connectors.errors import Refused
from connectors.http import encode
from connectors.types import Batch, Identify, Person, Rejected


def refused(call, batch) -> str:
    with pytest.raises(Refused) as caught:
        asyncio.run(call(batch))
    (outcome,) = caught.value.outcomes.values()
    assert isinstance(outcome, Rejected)
    return outcome.reason


@pytest.fixture
def adapter(connect):
    def make(kind):
        more = {"base_url": "https://rest.iad-03.braze.com"} if kind is Braze else {}
        return connect(kind, api_key="canary_1234", identifier="external_id", **more)

    return make


@pytest.fixture
def changes(adapter, vendor, identify, track):
    def make(kind):
        it = adapter(kind)
        yield from ((identify(1), it.identify), (track(1), it.track))
        assert not vendor.calls

    return make


@pytest.mark.parametrize(
    ("kind", "long", "words"),
    [
        (Klaviyo, "x" * 256, "256 characters, and Klaviyo takes 255"),
        (Iterable, "x" * 53, "53 characters, and Iterable takes 52"),
        (Braze, "ü" * 494, "988 bytes, and Braze takes 987"),
    ],
)
def test_an_id_that_is_too_long(changes, batch, kind, long, words):
    for change, call in changes(kind):
        person = replace(change.person, id=long)
        assert words in refused(call, batch(change, replace(change, id="c2", person=person)))


def test_what_just_fits_is_sent(adapter, vendor, identify, batch):
    route = vendor.post(path="/users/track").respond(201, json={"message": "success"})
    change = identify(1, **{"n" * 255: "t" * 255})
    person = replace(change.person, id="ü" * 493 + "x")
    asyncio.run(adapter(Braze).identify(batch(replace(change, person=person))))
    assert route.called


@pytest.mark.parametrize(
    ("properties", "words"),
    [
        ({"n" * 256: "x"}, "256 characters, and Braze takes 255"),
        ({"note": "x" * 256}, "the property 'note' has 256 characters, and Braze takes 255"),
    ],
)
def test_braze_takes_short_texts_only(adapter, vendor, identify, batch, properties, words):
    large = replace(identify(2, **properties), id="c2")
    assert words in refused(adapter(Braze).identify, batch(identify(1), large))
    assert not vendor.calls


def test_a_profile_of_klaviyo_has_100_kb(adapter, vendor, identify, batch):
    klaviyo = adapter(Klaviyo)
    large = identify(2, note="x" * 100_000)
    said = refused(klaviyo.identify, batch(identify(1), large))
    assert "the record has 100," in said
    assert "Klaviyo takes 100,000 at most" in said
    assert not vendor.calls
    job = vendor.post(path="/api/profile-bulk-import-jobs").respond(
        202, json={"data": {"type": "profile-bulk-import-job", "id": "j1"}}
    )
    asyncio.run(klaviyo.identify(batch(identify(1, note="x" * 99_000))))
    assert job.called


def test_an_event_of_klaviyo(adapter, vendor, track, batch):
    klaviyo = adapter(Klaviyo)
    assert "127 at most" in refused(klaviyo.track, batch(replace(track(1), name="x" * 128)))
    many = replace(track(1), properties={str(n): n for n in range(401)})
    assert "401 properties" in refused(klaviyo.track, batch(many))
    long = replace(track(1), properties={"note": "ü" * 50_001})
    assert "100,002 bytes" in refused(klaviyo.track, batch(long))
    assert not vendor.calls


TEXT = st.text(st.sampled_from(["a", "ü", "\U0001f600", "\x00"]), max_size=14)
NARROW = Limits("V", ids=9, names=8, texts=10, text_bytes=20, record_bytes=300, properties=4)


@given(person=TEXT, properties=st.dictionaries(TEXT, TEXT | st.integers(), max_size=6))
def test_exactly_what_is_above_a_limit_is_refused(person, properties) -> None:
    change = Identify("1", Person(person), properties)
    texts = [value for value in properties.values() if isinstance(value, str)]
    fits = (
        len(person) <= 9
        and len(properties) <= 4
        and all(len(name) <= 8 for name in properties)
        and all(len(text) <= 10 and len(text.encode()) <= 20 for text in texts)
        and len(encode(properties)) <= 300
    )
    refused: list[str] = []
    try:
        NARROW.within(Batch((change,)), "external_id", lambda it: it.properties)
    except Refused as refusal:
        refused = list(refusal.outcomes)
    assert refused == ([] if fits else ["1"])
