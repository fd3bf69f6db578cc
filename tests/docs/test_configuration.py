"""Every key of the configuration is explained where an operator looks for it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from pydantic import BaseModel

from config.settings import (
    Alert,
    Brake,
    Destination,
    Engine,
    Identity,
    Segmentation,
    Settings,
    Source,
)
from connectors import registry
from connectors.base import Connector

SECTIONS: dict[str, type[BaseModel]] = {
    "": Settings,
    "segmentation.": Segmentation,
    "sources.NAME.": Source,
    "destinations.NAME.": Destination,
    "alerts.NAME.": Alert,
    "brake.": Brake,
    "engine.": Engine,
    "identity.": Identity,
}


def keys() -> Iterator[str]:
    for before, section in SECTIONS.items():
        yield from (before + name for name in section.model_fields)


def kinds() -> Iterator[type[Connector]]:
    yield from map(registry.source, registry.names(registry.SOURCES))
    yield from map(registry.destination, registry.names(registry.DESTINATIONS))


def test_every_key_stands_in_the_example(root: Path) -> None:
    example = (root / "config" / "example.yaml").read_text()
    for key in keys():
        assert f"{key.rpartition('.')[2]}:" in example, key


@pytest.mark.parametrize("key", list(keys()))
def test_every_key_is_explained_in_the_docs(root: Path, key: str) -> None:
    assert f"| `{key}` |" in (root / "docs" / "configuration.md").read_text()


@pytest.mark.parametrize("kind", list(kinds()), ids=lambda kind: kind.__name__)
def test_every_option_of_a_connector_says_what_it_is(kind: type[Connector]) -> None:
    for name, field in kind.options_class.model_fields.items():
        assert field.description, name
