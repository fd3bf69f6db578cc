"""The four packages have everyday names; here they are ours and nobody else's."""

from importlib.metadata import entry_points, packages_distributions
from importlib.util import find_spec
from pathlib import Path

import pytest

from connectors import registry

NAMES = ("connectors", "segmenter", "sync", "config")


@pytest.mark.parametrize("name", NAMES)
def test_no_other_distribution_brings_a_package_of_this_name(name: str) -> None:
    # An editable install lists no packages, so ours may be absent here; the wheel's test is strict.
    assert set(packages_distributions().get(name, ["tidesman"])) == {"tidesman"}


@pytest.mark.parametrize("name", NAMES)
def test_the_package_that_is_imported_stands_beside_the_others(name: str) -> None:
    found, anchor = find_spec(name), find_spec("segmenter")
    assert found is not None
    assert found.origin is not None
    assert anchor is not None
    assert anchor.origin is not None
    assert Path(found.origin).parent.parent == Path(anchor.origin).parent.parent


def test_every_source_and_destination_of_ours_loads() -> None:
    sources, destinations = registry.names(registry.SOURCES), registry.names(registry.DESTINATIONS)
    assert {"files"} <= set(sources)
    assert {"klaviyo", "iterable", "braze", "webhook", "files"} <= set(destinations)
    for name in sources:
        assert registry.source(name).options_class.model_fields
    for name in destinations:
        assert registry.destination(name).options_class.model_fields


def test_the_command_is_there() -> None:
    (script,) = entry_points(group="console_scripts", name="tidesman")
    assert callable(script.load())
