"""What the pages say is so: links lead somewhere, code runs, commands and keys exist."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
import types
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import typer
import yaml

from sync.cli import app
from sync.commands.guard import Code

ROOT = Path(__file__).resolve().parent.parent.parent
PAGES = sorted(
    page
    for page in ROOT.rglob("*.md")
    if not any(part.startswith(".") for part in page.relative_to(ROOT).parts)
)
Fences = Callable[[Path, str], list[str]]
names = {"ids": lambda page: str(page.relative_to(ROOT))}


def commands(page: Path, fences: Fences) -> list[list[str]]:
    """The command lines of a page, split into words, comments and prompts left out."""
    lines = [line for body in fences(page, "sh") for line in body.replace("\\\n", " ").splitlines()]
    words = [shlex.split(line.partition(" | ")[0], comments=True) for line in lines]
    return [line for line in words if line]


@pytest.mark.parametrize("page", PAGES, **names)
def test_links_lead_to_files_and_headings_that_exist(page: Path) -> None:
    for target in re.findall(r"\]\(([^)\s]+)\)", page.read_text()):
        if "://" in target:
            continue
        file, _, heading = target.partition("#")
        found = (page.parent / file).resolve() if file else page
        assert found.exists(), target
        if heading:
            titles = re.findall(r"^#+ (.+)$", found.read_text(), re.MULTILINE)
            assert heading in {re.sub(r"[^\w -]", "", t.lower()).replace(" ", "-") for t in titles}


@pytest.mark.parametrize("page", PAGES, **names)
def test_python_in_a_page_runs_from_top_to_bottom(
    page: Path, fences: Fences, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    module = types.ModuleType("page")
    monkeypatch.setitem(sys.modules, "page", module)
    for number, body in enumerate(fences(page, "python"), start=1):
        exec(compile(body, f"{page.name}, block {number}", "exec"), vars(module))


@pytest.mark.parametrize("page", PAGES, **names)
def test_commands_in_a_page_exist(page: Path, fences: Fences) -> None:
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    group: Any = typer.main.get_command(app)
    for program, *words in commands(page, fences):
        if program == "make":
            assert {word for word in words if "=" not in word} <= targets, words
        elif program == "tidesman" and words:
            name, *rest = words
            command = group.commands[name] if not name.startswith("-") else group
            while rest and rest[0] in getattr(command, "commands", {}):
                command = command.commands[rest.pop(0)]
            known = {option for parameter in command.params for option in parameter.opts}
            known |= {"--help", "-h"}
            used = {word.partition("=")[0] for word in rest if word.startswith("-")}
            assert used <= known, f"tidesman {name}: {used - known}"


def test_yaml_in_the_readme_is_a_configuration_that_loads(fences: Fences) -> None:
    from config.settings import Settings

    whole = [yaml.safe_load(body) for body in fences(ROOT / "README.md", "yaml")]
    known = set(Settings.model_fields)
    assert whole
    for part in whole:
        assert set(part) <= known
    for part in whole:
        if "sources" in part:
            Settings.model_validate(part)


def test_the_tree_in_the_readme_is_the_tree(fences: Fences) -> None:
    (tree,) = [body for body in fences(ROOT / "README.md", "text") if body.startswith("tidesman/")]
    depth: dict[int, str] = {0: ""}
    for line in tree.splitlines()[1:]:
        name = line.split()[0]
        level = (len(line) - len(line.lstrip())) // 2
        path = depth[level - 1] + name if level > 1 else name
        depth[level] = path
        assert (ROOT / path).exists(), path


def test_the_readme_names_every_segment() -> None:
    schemes = yaml.safe_load((ROOT / "config" / "segments.yaml").read_text())
    told = " ".join((ROOT / "README.md").read_text().split())
    for scheme in schemes.values():
        for name in scheme["segments"]:
            assert name in told, name


def test_the_readme_tells_every_exit_code() -> None:
    table = re.findall(r"^\| (\d) \| ", (ROOT / "README.md").read_text(), re.MULTILINE)
    assert [int(code) for code in table] == sorted(Code)


def test_the_reference_pages_are_what_the_code_says() -> None:
    checked = subprocess.run(
        [sys.executable, ROOT / "docs" / "reference.py", "--check"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert checked.returncode == 0, checked.stderr
