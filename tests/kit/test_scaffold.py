"""``tidesman new``: what it makes says what is missing, and the README fills it in."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tomllib
from importlib.metadata import EntryPoint
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from typer.testing import CliRunner

from sync.cli import app

KINDS = ("destination", "source")
#: By kind, what the README's own connector is called.
OWN = {"destination": "postbox", "source": "till"}


def make(kind: str, *arguments: object) -> object:
    return CliRunner().invoke(app, ["new", kind, *map(str, arguments)])


def tried(folder: Path) -> dict[str, str | None]:
    """By law, how it is broken, as pytest tells it; None for one that holds."""
    report = folder / "report.xml"
    command = [sys.executable, "-m", "pytest", "-q", "--tb=short", f"--junit-xml={report}"]
    # another package's settings must not reach it, and ours not its own
    environment = {k: v for k, v in os.environ.items() if not k.startswith("PYTEST")}
    subprocess.run(
        [*command, "-p", "no:cacheprovider"],
        cwd=folder,
        env=environment,
        capture_output=True,
        check=False,
    )
    cases = ET.parse(report).iter("testcase")
    failed = {case.get("name", ""): case.find("failure") for case in cases}
    return {name: None if told is None else told.get("message") for name, told in failed.items()}


def blocks(root: Path, kind: str) -> list[str]:
    """The code of the chapter about that kind: the adapter, then the look-alike."""
    page = (root / "connectors" / "README.md").read_text()
    chapter = page.split(f"\n## A {kind}\n")[1].split("\n## ")[0]
    return re.findall(r"^```python\n(.*?)^```$", chapter, re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize("kind", KINDS)
def test_a_new_connector_is_not_written_yet_and_with_the_readmes_code_it_is(root, tmp_path, kind):
    name = OWN[kind]
    folder = tmp_path / name
    assert make(kind, name, "--into", folder).exit_code == 0
    broken = {name: how for name, how in tried(folder).items() if how is not None}
    assert len(broken) > 60
    assert {how.splitlines()[0].rpartition(":")[0] for how in broken.values()} == {
        "NotImplementedError: not written yet"
    }

    package = folder / f"tidesman_{name}"
    for module, code in zip(("adapter", "lookalike"), blocks(root, kind), strict=False):
        (package / f"{module}.py").write_text(code)
    after = tried(folder)
    assert {name: how for name, how in after.items() if how is not None} == {}
    assert set(after) >= set(broken)
    files = [*package.glob("*.py"), folder / "tests" / f"test_{name}.py"]
    assert sum(len(file.read_text().splitlines()) for file in files) < 200


@pytest.mark.parametrize("kind", KINDS)
def test_its_entry_point_leads_to_the_class(tmp_path, monkeypatch, kind):
    own = f"my_{kind}"  # two packages of one name would be one to Python
    assert make(kind, own, "--into", tmp_path / "new").exit_code == 0
    project = tomllib.loads((tmp_path / "new" / "pyproject.toml").read_text())["project"]
    ((name, value),) = project["entry-points"][f"tidesman.{kind}s"].items()
    monkeypatch.syspath_prepend(tmp_path / "new")
    loaded = EntryPoint(name, value, f"tidesman.{kind}s").load()
    assert (project["name"], name, loaded.__name__) == (
        f"tidesman-my-{kind}",
        own,
        f"My{kind.capitalize()}",
    )


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", ["Postbox", "post-box", "1st", "class", "", "files", "../x"])
def test_a_name_that_cannot_be_a_type_is_told(tmp_path, monkeypatch, kind, name):
    monkeypatch.chdir(tmp_path)
    done = make(kind, name)
    assert done.exit_code == 2
    assert repr(name) in done.stderr
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("kind", KINDS)
def test_nothing_is_written_over(tmp_path, kind):
    (tmp_path / "mine.txt").write_text("mine")
    done = make(kind, "postbox", "--into", tmp_path)
    assert done.exit_code == 2
    assert "--into" in done.stderr
    assert [file.name for file in tmp_path.iterdir()] == ["mine.txt"]
