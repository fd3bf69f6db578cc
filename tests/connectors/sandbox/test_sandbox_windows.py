from collections import Counter
from math import floor

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from connectors.sandbox.windows import Window, Windows

# times in 64ths of a second and whole windows: sums and differences are exact
TIMES = st.lists(st.integers(0, 64 * 70), max_size=60).map(
    lambda ticks: [1_774_612_800 + tick / 64 for tick in sorted(ticks)]
)
LIMITS = st.lists(
    st.builds(Window, calls=st.integers(1, 6), seconds=st.sampled_from([1, 3, 60])),
    min_size=1,
    max_size=3,
    unique_by=lambda window: window.seconds,
)


def admitted(windows, times):
    return [now for now in times if windows.admit(now).admitted]


@given(LIMITS, TIMES)
def test_no_fixed_window_ever_admits_more_than_its_calls(limits, times):
    passed = admitted(Windows(*limits), times)
    for limit in limits:
        full = Counter(floor(now / limit.seconds) for now in passed)
        assert max(full.values(), default=0) <= limit.calls


@given(LIMITS, TIMES)
def test_a_request_is_refused_only_when_a_window_is_full(limits, times):
    windows, passed = Windows(*limits), []
    for now in times:
        full = any(
            sum(floor(p / w.seconds) == floor(now / w.seconds) for p in passed) >= w.calls
            for w in limits
        )
        verdict = windows.admit(now)
        assert verdict.admitted is not full
        if verdict.admitted:
            passed.append(now)


@example([Window(2, 1), Window(2, 60)], [1_774_612_800.0] * 3)
@given(LIMITS, TIMES)
def test_whoever_waits_as_told_is_let_in(limits, times):
    windows = Windows(*limits)
    for now in times:
        verdict = windows.admit(now)
        if not verdict.admitted:
            assert verdict.wait > 0
            assert windows.admit(now + verdict.wait).admitted
            return
        assert verdict.wait == 0


@given(LIMITS, TIMES)
def test_what_headers_tell_adds_up(limits, times):
    windows = Windows(*limits)
    told = sorted(limits, key=lambda w: w.seconds)[min(1, len(limits) - 1)]
    passed = []
    for now in times:
        verdict = windows.admit(now)
        passed += [now] if verdict.admitted else []
        used = sum(floor(p / told.seconds) == floor(now / told.seconds) for p in passed)
        assert verdict.limit == told.calls
        assert verdict.remaining == told.calls - used >= 0
        assert 0 < verdict.reset <= told.seconds
        assert verdict.resets_at == now + verdict.reset
        assert verdict.resets_at % told.seconds == 0


def test_a_limiter_without_a_window_is_refused():
    with pytest.raises(ValueError, match="at least one window"):
        Windows()
