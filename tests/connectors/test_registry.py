"""Types by name: ours and strangers', and what is said of broken ones."""

from __future__ import annotations

import sys
from importlib.metadata import EntryPoint, EntryPoints
from types import ModuleType

import pytest

from connectors import registry
from connectors.destinations.klaviyo import Klaviyo
from connectors.errors import BrokenConnector, Misconfigured


@pytest.fixture
def installed(monkeypatch):
    """Entry points as if other distributions had brought them."""
    points: list[EntryPoint] = []
    monkeypatch.setattr(
        registry, "_installed", lambda group: EntryPoints(points).select(group=group)
    )

    def add(name, value, group=registry.DESTINATIONS):
        points.append(EntryPoint(name, value, group))

    return add


def test_what_ships_is_found():
    assert registry.destination("klaviyo") is Klaviyo
    assert {"braze", "iterable", "klaviyo", "webhook"} <= set(registry.names(registry.DESTINATIONS))


def test_a_strangers_class_is_found_like_ours(installed):
    installed("elsewhere", "connectors.destinations.klaviyo:Klaviyo")
    assert registry.destination("elsewhere") is Klaviyo


@pytest.mark.parametrize("name", ["klavio", "Klaviyo", "braize"])
def test_an_unknown_type_is_told_the_nearest_name(name):
    with pytest.raises(Misconfigured, match=r"did you mean '(klaviyo|braze)'"):
        registry.destination(name)


def test_an_unknown_type_with_nothing_near_is_told_all_names():
    with pytest.raises(Misconfigured, match="there are braze, "):
        registry.destination("zzz")


@pytest.mark.usefixtures("installed")
def test_with_nothing_installed_it_says_so():
    with pytest.raises(Misconfigured, match="no connector of type 'x' is installed"):
        registry.source("x")


def test_a_plugin_that_cannot_be_loaded_is_named(installed, monkeypatch):
    class Failing(ModuleType):
        def __getattr__(self, name):
            raise RuntimeError("its database is away")

    monkeypatch.setitem(sys.modules, "failing_plugin", Failing("failing_plugin"))
    installed("gone", "no_such_package:Gone")
    installed("away", "failing_plugin:Away")
    with pytest.raises(BrokenConnector, match=r"no_such_package:Gone of .* cannot be loaded"):
        registry.destination("gone")
    with pytest.raises(BrokenConnector, match="its database is away"):
        registry.destination("away")


@pytest.mark.parametrize(
    "value", ["connectors.types:Batch", "connectors.registry:DESTINATIONS", "connectors.http:mask"]
)
def test_a_plugin_that_is_no_destination_is_named(installed, value):
    installed("odd", value)
    with pytest.raises(BrokenConnector, match="is no Destination"):
        registry.destination("odd")


def test_a_destination_is_no_source(installed):
    installed("odd", "connectors.destinations.klaviyo:Klaviyo", registry.SOURCES)
    with pytest.raises(BrokenConnector, match="is no Source"):
        registry.source("odd")


def test_two_that_offer_one_name_are_both_named(installed):
    installed("twice", "connectors.destinations.klaviyo:Klaviyo")
    installed("twice", "connectors.destinations.braze:Braze")
    with pytest.raises(BrokenConnector, match=r"klaviyo:Klaviyo.*and by.*braze:Braze.*keep one"):
        registry.destination("twice")


def test_one_class_offered_twice_is_one(installed):
    installed("same", "connectors.destinations.klaviyo:Klaviyo")
    installed("same", "connectors.destinations.klaviyo:Klaviyo")
    assert registry.destination("same") is Klaviyo
