"""The broken sample destinations, found by their attribute ``breaks``."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path
from types import ModuleType

import pytest

HERE = Path(__file__).resolve().parent / "broken"
FILES = sorted(path.stem for path in HERE.glob("*.py"))


def samples() -> list[type]:
    """All broken destinations; the good one is what they are made from."""
    return [
        one
        for name in FILES
        for one in vars(_load(name)).values()
        if isinstance(one, type) and one.__module__ == name and "breaks" in vars(one)
    ]


def _load(name: str) -> ModuleType:
    # a folder of its own on the path, for as long as it takes: they import each other by name
    sys.path.insert(0, str(HERE))
    try:
        return importlib.import_module(name)
    finally:
        sys.path.remove(str(HERE))


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """``broken`` is each of the broken destinations in turn."""
    if "broken" in metafunc.fixturenames:
        ids = [f"{one.__module__}.{one.__name__}" for one in samples()]
        metafunc.parametrize("broken", samples(), ids=ids)


@pytest.fixture
def every_broken() -> list[type]:
    return samples()


@pytest.fixture
def good() -> ModuleType:
    """The module of the good destination, with its suite."""
    return _load("good")
