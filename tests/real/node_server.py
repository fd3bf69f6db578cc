"""A server from npm packages, for as long as a test session: installed once, then kept.

It listens on a free loopback port, says ``open at PORT`` on its standard output, and ends when its
standard input does: also when the tests are killed.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import signal
import subprocess
import tempfile
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path


class Missing(Exception):
    """This machine cannot have the server; the message says why."""


def install(recipe: Path, cache: Path, *, seconds: float) -> Path:
    """The folder with the recipe's packages, of exactly the versions of its lock file.

    It is made under ``cache`` unless it is there. Raises Missing without Node or its packages.
    """
    for program in ("node", "npm"):
        if shutil.which(program) is None:
            raise Missing(f"there is no {program} here")
    lists = [recipe / "package.json", recipe / "package-lock.json"]
    digest = hashlib.sha256(b"".join(each.read_bytes() for each in lists)).hexdigest()[:12]
    home = cache / f"{recipe.name}-{digest}"
    if not home.exists():
        cache.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=cache) as made:
            for each in lists:
                shutil.copy(each, made)
            said = ["--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]
            # not ci: it insists on packages for other machines, which not every registry has
            run(["npm", "install", *said], Path(made), seconds=seconds)
            Path(made).rename(home)
            Path(made).mkdir()
    for each in set(recipe.iterdir()) - set(lists):
        shutil.copy(each, home)
    return home


def run(
    command: list[str], folder: Path, *, seconds: float, env: Mapping[str, str] | None = None
) -> str:
    """What a command says. Raises Missing if it fails or takes longer; nothing of it stays."""
    with (
        tempfile.TemporaryFile("w+") as out,
        subprocess.Popen(
            command,
            cwd=folder,
            env={**os.environ, **(env or {})},
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=out,
            start_new_session=True,
        ) as process,
    ):
        try:
            code: int | None = process.wait(timeout=seconds)
        except subprocess.TimeoutExpired:
            code = None
        finally:
            end(process)
        out.seek(0)
        said = out.read()
    if code != 0:
        how = f"took more than {seconds:g} s" if code is None else "failed"
        raise Missing(f"{' '.join(command[:2])} {how}: {' '.join(said.split())[:300]}")
    return said


@contextmanager
def serve(home: Path, script: str, *, seconds: float, env: Mapping[str, str]) -> Iterator[int]:
    """The port of the server that this script of the folder starts; it is over with the block."""
    log = home / f"{script}.{os.getpid()}.log"
    with (
        log.open("w+") as told,
        subprocess.Popen(
            ["node", script],
            cwd=home,
            env={**os.environ, **env},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=told,
            text=True,
            start_new_session=True,
        ) as process,
    ):
        assert process.stdin is not None
        assert process.stdout is not None
        late = threading.Timer(seconds, end, [process])
        late.start()
        try:
            # whatever it says besides, such as warnings
            lines = iter(process.stdout.readline, "")
            port = next((int(line.split()[-1]) for line in lines if line[:7] == "open at"), None)
            late.cancel()
            if port is None:
                raise RuntimeError(
                    f"{script} did not open in {seconds} s: {log.read_text()[-2000:]}"
                )
            drain = threading.Thread(target=process.stdout.read, daemon=True)
            drain.start()
            yield port
        finally:
            late.cancel()
            process.stdin.close()
            try:
                process.wait(timeout=10)
            except subprocess.TimeoutExpired:
                end(process)
    log.unlink()


def end(process: subprocess.Popen[str] | subprocess.Popen[bytes]) -> None:
    """End a process and all that it began."""
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        return
