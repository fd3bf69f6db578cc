"""A destination that breaks a law is refused with the name of that law, and every law can break."""

from __future__ import annotations

import logging

import pytest

from connectors.testing import laws, verdict


@pytest.fixture(autouse=True)
def _client_keeps_quiet(caplog):
    # one of the samples puts its key into a URL on purpose, and the HTTP client logs URLs
    caplog.set_level(logging.WARNING, logger="httpx")


@pytest.fixture
def suite(good):
    return lambda destination: type("Suite", (good.GoodSuite,), {"destination": destination})


def broken_by(one: type) -> set[str]:
    return {one.breaks, *getattr(one, "also", ())}


def test_the_good_twin_keeps_every_law(good):
    assert verdict(good.GoodSuite) == {}


def test_a_broken_destination_breaks_the_law_that_is_named(broken, suite):
    kept = []
    for law in sorted(broken_by(broken)):
        try:
            getattr(suite(broken)(), law)()
        except Exception:  # noqa: BLE001 - however it fails, the law is broken
            continue
        kept.append(law)
    assert kept == []


def test_a_fault_breaks_no_law_that_is_about_something_else(every_broken, suite):
    tried = {one.__module__: one for one in every_broken}
    for name in ("key_in_the_query", "local_time"):
        assert verdict(suite(tried[name])).keys() == broken_by(tried[name])


def test_every_law_is_seen_to_break(every_broken, good):
    seen = set().union(*(broken_by(one) for one in every_broken))
    assert seen == set(laws(good.GoodSuite))
