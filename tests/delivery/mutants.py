"""Are the tests any good? ``python tests/delivery/mutants.py [WORD]`` puts faults into the engine.

Each deliberate fault (of those whose name holds the word) is put into a copy of the packages, and
the test that must see it is run against the copy. A fault that it does not see is told, and the
exit code is 1. Not run by pytest, as it takes some minutes.
"""

from __future__ import annotations

import importlib
import os
import shutil
import sys
import tempfile
import traceback
from pathlib import Path

import pytest
from engine_faults import FAULTS, Fault

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("connectors", "segmenter", "sync", "config", "tests")
#: What takes long to import and none of ours: every test is run in a fork that has it already.
SLOW = ("duckdb", "httpx", "ibis", "pandas", "pyarrow.parquet", "sqlalchemy")


def seen(copy: Path, fault: Fault) -> bool:
    """Whether the test fails once the fault is in, and because of it."""
    path = copy / fault.file
    text = path.read_text()
    path.write_text(fault.put_into(text))
    # 1: some test failed; anything else, such as none found, is no proof
    found = _pytest(copy, fault.seen_by) == pytest.ExitCode.TESTS_FAILED
    path.write_text(text)
    return found


def _pytest(copy: Path, test: str) -> int:
    """Run it in a fork, on SQLite alone: the faults are not the database's."""
    number = os.fork()
    if number:
        return os.waitstatus_to_exitcode(os.waitpid(number, 0)[1])
    code = 99
    try:
        os.chdir(copy)
        sys.path.insert(0, str(copy))
        sys.dont_write_bytecode = True
        said = os.open(copy / "said", os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        os.dup2(said, 1)
        os.dup2(said, 2)
        options = [
            "-x",
            "-q",
            "-p",
            "no:cacheprovider",
            "-W",
            "ignore::pytest.PytestAssertRewriteWarning",
            "-k",
            "not postgres",
        ]
        code = int(pytest.main([*options, f"tests/{test}"]))
    except BaseException:  # noqa: BLE001 - the fork must end here
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        os._exit(code)


def main() -> int:
    """Try them."""
    word = "".join(sys.argv[1:2]).replace("-v", "")
    faults = [fault for fault in FAULTS if word in fault.name]
    for name in SLOW:
        importlib.import_module(name)
    missed = 0
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder)
        shutil.copy(ROOT / "pyproject.toml", copy)
        for package in PACKAGES:
            leave = shutil.ignore_patterns("__pycache__")
            shutil.copytree(ROOT / package, copy / package, ignore=leave)
        for fault in faults:
            caught = seen(copy, fault)
            missed += not caught
            sys.stdout.write(f"{'seen  ' if caught else 'MISSED'}  {fault.name}\n")
            if "-v" in sys.argv or not caught:
                sys.stdout.write("\n".join((copy / "said").read_text().splitlines()[-12:]) + "\n")
            sys.stdout.flush()
    sys.stdout.write(f"{len(faults) - missed} of {len(faults)} faults are seen\n")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
