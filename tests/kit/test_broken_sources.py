"""A source that breaks a law is refused with the name of that law, and every law can break."""

from __future__ import annotations

import logging

import pytest

from connectors.testing import laws, verdict


@pytest.fixture(autouse=True)
def _client_keeps_quiet(caplog):
    # one of the samples puts its key into a URL on purpose, and the HTTP client logs URLs
    caplog.set_level(logging.WARNING, logger="httpx")


@pytest.fixture
def suite(good_source):
    return lambda source: type("Suite", (good_source.GoodSuite,), {"source": source})


def broken_by(one: type) -> set[str]:
    return {one.breaks, *getattr(one, "also", ())}


def test_the_good_twin_keeps_every_law(good_source):
    assert verdict(good_source.GoodSuite) == {}


def test_there_are_at_least_twenty_laws_and_each_says_what_it_means(good_source):
    names = laws(good_source.GoodSuite)
    assert len(set(names)) == len(names) >= 20
    for name in names:
        told = getattr(good_source.GoodSuite, name).__doc__
        assert told, name
        assert told.strip().endswith("."), name


def test_a_broken_source_breaks_the_law_that_is_named(broken_source, suite):
    kept = []
    for law in sorted(broken_by(broken_source)):
        try:
            getattr(suite(broken_source)(), law)()
        except Exception:  # noqa: BLE001 - however it fails, the law is broken
            continue
        kept.append(law)
    assert kept == []


def test_a_fault_breaks_no_law_that_is_about_something_else(every_broken_source, suite):
    tried = {one.__name__: one for one in every_broken_source}
    for name in ("OneCurrency", "NobodysRefunds", "HalfCounted", "FollowsRedirects"):
        assert verdict(suite(tried[name])).keys() == broken_by(tried[name])


def test_every_law_is_seen_to_break(every_broken_source, good_source):
    seen = set().union(*(broken_by(one) for one in every_broken_source))
    assert seen == set(laws(good_source.GoodSuite))


def test_laws_of_what_a_shop_cannot_do_are_not_there(good_source):
    class OnlySells:
        def __init__(self, key):
            self.whole = good_source.GoodShop(key)
            for name in ("options", "place", "now", "wait", "transport"):
                setattr(self, name, getattr(self.whole, name))

        options = place = now = wait = transport = print

    least = set(laws(type("Suite", (good_source.GoodSuite,), {"shop": OnlySells})))
    gone = set(laws(good_source.GoodSuite)) - least
    assert {"test_a_refund_is_its_customers", "test_a_cancelled_order_is_taken_away"} <= gone
    assert not any(word in name for name in least for word in ("refund_", "cancel", "vanish"))


def test_what_is_no_shop_is_a_mistake(good_source):
    with pytest.raises(TypeError, match="object must be a Shop"):
        type("Suite", (good_source.GoodSuite,), {"shop": object})
    with pytest.raises(TypeError, match="test_no_such_law"):
        type("Suite", (good_source.GoodSuite,), {"departs": {"test_no_such_law": "?"}})
