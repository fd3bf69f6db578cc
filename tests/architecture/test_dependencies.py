"""What the packages import is what the distribution asks for, so that a wheel alone works."""

from __future__ import annotations

import ast
import re
import sys
import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path

# pydantic pins it to the digit and shows its errors by it
BROUGHT_BY = {"pydantic-core": "pydantic"}
PACKAGES = ("connectors", "segmenter", "sync", "config")


def normal(name: str) -> str:
    name = re.sub(r"[-_.]+", "-", re.split(r"[\s\[<>=!~;]", name, maxsplit=1)[0]).lower()
    return BROUGHT_BY.get(name, name)


def imports(folder: Path) -> dict[str, set[str]]:
    """Top package to the files that import it, anywhere in the file."""
    found: dict[str, set[str]] = {}
    for path in folder.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom) and node.level == 0:
                names = [node.module or ""]
            else:
                continue
            for name in names:
                found.setdefault(name.partition(".")[0], set()).add(str(path))
    return found


def test_every_import_is_ours_or_pythons_or_asked_for(root: Path) -> None:
    project = tomllib.loads((root / "pyproject.toml").read_text())["project"]
    asked = {normal(name) for name in project["dependencies"]}
    extras = project["optional-dependencies"]
    extra = {normal(name) for name in extras["testing"]}
    of_spark = {normal(name) for name in extras["spark"]}
    of_sources = {normal(name) for names in extras.values() for name in names} - extra - of_spark
    owners = packages_distributions()
    for package in PACKAGES:
        for name, files in imports(root / package).items():
            if name in sys.stdlib_module_names or name in PACKAGES:
                continue
            # an extra need not be installed here
            brought_by = {normal(owner) for owner in owners.get(name, [name])}
            for file in files:
                tries_out = "connectors/testing/" in file or "connectors/sandbox/shopify" in file
                allowed = asked | extra if tries_out else asked
                allowed = allowed | of_sources if "connectors/sources/" in file else allowed
                allowed = allowed | of_spark if file.endswith("sync/spark.py") else allowed
                assert brought_by & allowed, f"{file} imports {name}"


def test_everything_asked_for_is_imported(root: Path) -> None:
    project = tomllib.loads((root / "pyproject.toml").read_text())["project"]
    owners = packages_distributions()
    used = {
        normal(owner)
        for package in PACKAGES
        for name in imports(root / package)
        for owner in owners.get(name, [])
    }
    # data for the standard library where the machine has none, and what lifetimes stands on
    assert {normal(name) for name in project["dependencies"]} - used <= {"tzdata", "pandas"}
