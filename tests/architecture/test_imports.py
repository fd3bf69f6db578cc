"""The directions between the packages hold, and each rule is seen to break when it is broken."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

PACKAGES = ("connectors", "segmenter", "sync", "config")

# A rule's name, and what would break it: a line of code at the end of a file.
BREAKS = [
    ("sync stands on", "connectors/types.py", "import segmenter.settings"),
    ("sync stands on", "segmenter/settings.py", "import sync.clock"),
    ("only the composition root", "sync/clock.py", "import config.settings"),
    ("the segmenter does no I/O", "segmenter/settings.py", "import sqlite3"),
    ("connectors keep no state", "connectors/types.py", "import sqlalchemy"),
]


def lint(folder: Path) -> str:
    """What import-linter says of the packages in this folder."""
    command = [Path(sys.executable).with_name("lint-imports"), "--no-logo", "--no-cache"]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False).stdout


@pytest.fixture
def copy(root: Path, tmp_path: Path) -> Path:
    for package in PACKAGES:
        ignored = shutil.ignore_patterns("__pycache__")
        shutil.copytree(root / package, tmp_path / package, ignore=ignored)
    shutil.copy(root / "pyproject.toml", tmp_path)
    return tmp_path


def test_every_rule_is_kept(root: Path) -> None:
    said = lint(root)
    assert re.search(r"Contracts: [1-9]\d* kept, 0 broken", said), said


@pytest.mark.parametrize(("rule", "file", "line"), BREAKS)
def test_a_rule_that_is_broken_says_so(copy: Path, rule: str, file: str, line: str) -> None:
    with (copy / file).open("a") as source:
        source.write(f"\n{line}\n")
    broken = [text for text in lint(copy).splitlines() if " BROKEN" in text]
    assert any(text.startswith(rule) for text in broken), broken


def test_every_rule_is_among_those_seen_to_break(root: Path) -> None:
    names = re.findall(r'^name = "(.+)"$', (root / "pyproject.toml").read_text(), re.MULTILINE)
    rules = [name for name in names if name != "tidesman"]
    assert rules
    for name in rules:
        assert any(name.startswith(rule) for rule, _, _ in BREAKS), name
