"""The broken samples, destinations and sources, found by their attribute ``breaks``."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path
from types import ModuleType

import pytest

HERE = Path(__file__).resolve().parent
DESTINATIONS, SOURCES = HERE / "broken", HERE / "broken_sources"


def samples(folder: Path) -> list[type]:
    """All broken ones of a folder; the good one is what they are made from."""
    return [
        one
        for name in sorted(path.stem for path in folder.glob("*.py"))
        for one in vars(_load(folder, name)).values()
        if isinstance(one, type) and one.__module__ == name and "breaks" in vars(one)
    ]


def _load(folder: Path, name: str) -> ModuleType:
    # a folder of its own on the path, for as long as it takes: they import each other by name
    sys.path.insert(0, str(folder))
    try:
        return importlib.import_module(name)
    finally:
        sys.path.remove(str(folder))


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """``broken`` is each of the broken destinations in turn, ``broken_source`` each source."""
    for fixture, folder in (("broken", DESTINATIONS), ("broken_source", SOURCES)):
        if fixture in metafunc.fixturenames:
            found = samples(folder)
            ids = [f"{one.__module__}.{one.__name__}" for one in found]
            metafunc.parametrize(fixture, found, ids=ids)


@pytest.fixture
def every_broken() -> list[type]:
    return samples(DESTINATIONS)


@pytest.fixture
def every_broken_source() -> list[type]:
    return samples(SOURCES)


@pytest.fixture
def good() -> ModuleType:
    """The module of the good destination, with its suite."""
    return _load(DESTINATIONS, "good")


@pytest.fixture
def good_source() -> ModuleType:
    """The module of the good source, with its shop and its suite."""
    return _load(SOURCES, "good_source")
