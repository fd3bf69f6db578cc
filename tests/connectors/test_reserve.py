"""A part of the limits that a shop's apps share can be left to the others."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from connectors.base import Rate
from connectors.destinations.braze import Braze
from connectors.destinations.iterable import Iterable
from connectors.destinations.klaviyo import JOBS, Klaviyo

OPTIONS = {
    Klaviyo: {"api_key": "a key of ours"},
    Iterable: {"api_key": "a key of ours"},
    Braze: {"api_key": "a key of ours", "base_url": "https://rest.iad-03.braze.com"},
}


@pytest.mark.parametrize("cls", OPTIONS, ids=lambda cls: cls.__name__)
def test_a_fifth_of_every_limit_is_left(connect, cls):
    plain, sparing = connect(cls, **OPTIONS[cls]), connect(cls, **OPTIONS[cls], reserve=0.2)
    whole = (*plain.limits(), *plain.read_limits())
    spared = (*sparing.limits(), *sparing.read_limits())
    assert [(r.path, r.methods, r.seconds) for r in spared] == [
        (r.path, r.methods, r.seconds) for r in whole
    ]
    assert [r.calls for r in spared] == [int(r.calls * 4 / 5) for r in whole]


def test_klaviyo_keeps_eight_a_second_and_a_hundred_and_twenty_a_minute(connect):
    limits = connect(Klaviyo, api_key="a key of ours", reserve=0.2).limits()
    assert limits[:2] == (Rate(8, 1, JOBS, ("POST",)), Rate(120, 60, JOBS, ("POST",)))


@given(
    st.integers(1, 3_000),
    st.floats(0.1, 3_600),
    st.floats(0, 0.99).map(lambda part: round(part, 2)),
)
def test_no_more_is_used_than_what_is_left_and_it_never_stands_still(calls, seconds, reserve):
    spared = Rate(calls, seconds).without(reserve)
    assert spared.calls >= 1
    most = calls / seconds * (1 - reserve)
    assert spared.calls / spared.seconds <= most * 1.000001
    # rounding down to whole calls costs less than one of them
    assert spared.calls > calls * (1 - reserve) - 1


@pytest.mark.parametrize("reserve", [-0.1, 1, 1.5])
def test_what_leaves_nothing_or_more_than_all_is_refused(reserve):
    with pytest.raises(ValidationError, match="reserve"):
        Klaviyo.options_class(api_key="a key of ours", reserve=reserve)
