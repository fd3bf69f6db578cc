import subprocess
import sys

import pytest

from sync.cli import COMMANDS

NAMES = [command.__name__ for command, _ in COMMANDS]


@pytest.mark.parametrize("name", NAMES)
def test_each_command_shows_an_example_in_100_columns(cli, name):
    done = cli(name, "--help")
    assert done.exit_code == 0
    assert f"Example: tidesman {name}" in done.stdout
    assert max(map(len, done.stdout.splitlines())) <= 100


def test_the_first_help_tells_every_command_and_exit_code(cli):
    said = cli("--help").stdout
    assert all(name in said for name in NAMES)
    for code in range(6):
        assert f"\n {code}  " in said


def test_the_version(cli):
    from importlib.metadata import version

    assert cli("--version").stdout.strip() == version("tidesman")


def test_help_waits_for_no_heavy_library():
    code = "import sys, sync.cli; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = set(done.stdout.split())
    assert loaded & {"pandas", "ibis", "sqlalchemy", "lifetimes", "duckdb", "pyarrow"} == set()
