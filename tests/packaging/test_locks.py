"""The locks are whole, hashed, and what the tests themselves run on."""

from __future__ import annotations

import re
import tomllib
from importlib.metadata import version
from pathlib import Path

import pytest
from packaging.markers import Marker
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

LOCKS = ("build", "run", "test", "check")


def entries(path: Path) -> dict[str, list[str]]:
    """Each requirement of a lock with its hashes."""
    joined = path.read_text().replace("\\\n", " ")
    found = {}
    for line in joined.splitlines():
        requirement, *hashes = line.split(" --hash=")
        found[requirement.strip()] = [digest.strip() for digest in hashes]
    return found


def pins(path: Path) -> dict[str, str]:
    """Name to version of what a lock installs on this machine."""
    found = {}
    for text in entries(path):
        requirement = Requirement(text)
        if requirement.marker is None or Marker(str(requirement.marker)).evaluate():
            (exact,) = requirement.specifier
            assert exact.operator == "=="
            found[canonicalize_name(requirement.name)] = exact.version
    return found


@pytest.mark.parametrize("name", LOCKS)
def test_every_line_is_a_version_with_hashes(root: Path, name: str) -> None:
    for requirement, hashes in entries(root / "requirements" / f"{name}.lock").items():
        assert hashes, requirement
        assert all(re.fullmatch(r"sha256:[0-9a-f]{64}", digest) for digest in hashes)


@pytest.mark.parametrize("name", ["build", "run", "test"])
def test_what_the_tests_run_on_is_the_lock(root: Path, name: str) -> None:
    locked = pins(root / "requirements" / f"{name}.lock")
    assert {package: version(package) for package in locked} == locked


def test_the_locks_agree_with_each_other(root: Path) -> None:
    whole = pins(root / "requirements" / "check.lock")
    for name in LOCKS:
        assert pins(root / "requirements" / f"{name}.lock").items() <= whole.items()


def test_the_locks_hold_all_that_the_project_asks_for(root: Path) -> None:
    project = tomllib.loads((root / "pyproject.toml").read_text())
    groups = project["dependency-groups"]
    asked = {
        "run": project["project"]["dependencies"],
        "build": groups["build"] + project["build-system"]["requires"],
        "test": groups["test"],
        "check": groups["check"],
    }
    for name, requirements in asked.items():
        locked = pins(root / "requirements" / f"{name}.lock")
        for requirement in map(Requirement, requirements):
            assert requirement.specifier.contains(locked[canonicalize_name(requirement.name)])
