from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

Fences = Callable[[Path, str], list[str]]

FENCE = re.compile(r"^```([a-z]+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@pytest.fixture(scope="session")
def fences() -> Fences:
    """The fenced blocks of a page in one language, in order."""

    def find(page: Path, language: str) -> list[str]:
        return [body for word, body in FENCE.findall(page.read_text()) if word == language]

    return find
