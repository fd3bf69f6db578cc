"""What make does on a fresh machine, with an interpreter that only writes down what it is told."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

# Stands for Python: knows its version, makes a .venv of itself, and installs by taking notes.
INTERPRETER = """\
#!/bin/sh
echo "$@" >> {folder}/calls
case "$*" in
  "-V") echo "Python {version}" ;;
  *version_info*) exit {too_old} ;;
  *ensurepip*) exit {without_venv} ;;
  "-m venv"*)
    rm -rf .venv; mkdir -p .venv/bin; cp "$0" .venv/bin/python
    printf '#!/bin/sh\\necho "{{\\\\"told\\\\": \\\\"$*\\\\"}}"\\n' > .venv/bin/tidesman
    chmod +x .venv/bin/tidesman ;;
  *) echo "what pip prints" ;;
esac
"""


class Machine:
    """A folder with the Makefile, and what the interpreter was told."""

    def __init__(self, folder: Path, root: Path) -> None:
        self.folder = folder
        shutil.copy(root / "Makefile", folder)
        shutil.copy(root / "pyproject.toml", folder)
        shutil.copytree(root / "requirements", folder / "requirements")

    def interpreter(self, version: str = "3.11.2", *, old: bool = False, bare: bool = False) -> str:
        path = self.folder / f"python-{version}"
        script = INTERPRETER.format(
            folder=self.folder, version=version, too_old=int(old), without_venv=int(bare)
        )
        path.write_text(script)
        path.chmod(0o755)
        return str(path)

    def make(self, *words: str) -> subprocess.CompletedProcess[str]:
        (self.folder / "calls").write_text("")
        kept = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
        return subprocess.run(
            ["make", *words], cwd=self.folder, env=kept, capture_output=True, text=True, check=False
        )

    def installs(self) -> list[str]:
        calls = (self.folder / "calls").read_text().splitlines()
        return [call for call in calls if " pip install " in f" {call} "]


@pytest.fixture
def machine(root: Path, tmp_path: Path) -> Machine:
    return Machine(tmp_path, root)


def test_only_the_command_itself_writes_to_standard_output(machine: Machine) -> None:
    done = machine.make("demo", "ARGS=--json", f"PYTHON={machine.interpreter()}")
    assert done.returncode == 0, done.stderr
    assert done.stdout == '{"told": "demo --json"}\n'
    assert "what pip prints" in done.stderr


def test_nothing_is_installed_but_by_hash_or_from_here(machine: Machine) -> None:
    machine.make("setup", f"PYTHON={machine.interpreter()}")
    locked, ours = machine.installs()
    assert "--require-hashes --only-binary :all: -r requirements/run.lock" in locked
    assert "--no-deps --no-build-isolation --editable ." in ours


def test_a_second_time_nothing_is_done(machine: Machine) -> None:
    machine.make("setup", f"PYTHON={machine.interpreter()}")
    machine.make("setup")
    assert machine.installs() == []


@pytest.mark.parametrize("changed", ["requirements/run.lock", "pyproject.toml"])
def test_a_changed_lock_is_installed_again(machine: Machine, changed: str) -> None:
    machine.make("setup", f"PYTHON={machine.interpreter()}")
    later = (machine.folder / ".venv" / "run.stamp").stat().st_mtime + 10
    os.utime(machine.folder / changed, (later, later))
    machine.make("setup")
    assert len(machine.installs()) == 2


def test_another_interpreter_or_another_place_makes_it_anew(
    machine: Machine, tmp_path_factory: pytest.TempPathFactory
) -> None:
    machine.make("setup", f"PYTHON={machine.interpreter()}")
    machine.make("setup", f"PYTHON={machine.interpreter('3.12.1')}")
    assert len(machine.installs()) == 2
    machine.make("setup")  # without a name it stays with the last one that was named
    assert machine.installs() == []
    moved = tmp_path_factory.mktemp("elsewhere") / "moved"
    shutil.copytree(machine.folder, moved)
    before = machine.folder
    machine.folder = moved
    machine.make("setup")
    machine.folder = before  # the interpreter takes its notes where it was made
    assert len(machine.installs()) == 2


def test_a_missing_interpreter_is_one_sentence(machine: Machine) -> None:
    done = machine.make("demo", "PYTHON=/nowhere/python3")
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.startswith("There is no /nowhere/python3 here: install Python 3.11, 3.12")


def test_a_wrong_version_is_one_sentence(machine: Machine) -> None:
    done = machine.make("demo", f"PYTHON={machine.interpreter('3.10.9', old=True)}")
    assert done.returncode == 2
    assert "needs Python 3.11, 3.12 or 3.13, and" in done.stderr.splitlines()[0]
    assert "is Python 3.10.9: name another" in done.stderr.splitlines()[0]


def test_a_debian_without_venv_is_told_what_to_install(machine: Machine) -> None:
    done = machine.make("demo", f"PYTHON={machine.interpreter(bare=True)}")
    assert done.returncode == 2
    assert "run apt-get install python3-venv" in done.stderr.splitlines()[0]


def test_help_names_every_target(machine: Machine) -> None:
    targets = re.findall(
        r"^\.PHONY: (.+)$", (machine.folder / "Makefile").read_text(), re.MULTILINE
    )
    told = re.findall(r"^make ([\w-]+)", machine.make().stdout, re.MULTILINE)
    assert set(targets[0].split()) - {"help"} == set(told)
