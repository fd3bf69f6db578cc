"""Real processes, made cheaply: forked from a parent that has imported all and opened nothing.

A fork is a process of its own, with its own connections and its own death; it only saves the
seconds that imports take. The parent must never start a thread or an engine before it forks.
"""

from __future__ import annotations

import ctypes
import gc
import importlib
import io
import json
import os
import select
import signal
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

#: Seconds after which a process that neither ends nor dies is a finding.
LONGEST = 120.0


#: What a run imports late, so that its children need not.
MODULES = [
    "alembic.command",
    "alembic.config",
    "alembic.script",
    "anyio._backends._asyncio",
    "autograd",
    "certifi",
    "httpcore",
    "ibis",
    "ibis.backends.duckdb",
    "ibis.backends.duckdb.converter",
    "ibis.formats.pandas",
    "lifetimes",
    "pandas",
    "psycopg",
    "pyarrow.acero",
    "pyarrow.dataset",
    "pyarrow.parquet",
    "pyarrow.substrait",
    "rich._emoji_codes",
    "scipy.optimize",
    "sqlalchemy.dialects.postgresql.psycopg",
    "threadpoolctl",
    "typer._click.decorators",
    "tzdata",
    "config.load",
    "connectors.destinations.braze",
    "connectors.destinations.iterable",
    "connectors.destinations.klaviyo",
    "connectors.sandbox",
    "connectors.sources.files",
    "segmenter.evaluate",
    "segmenter.learn",
    "segmenter.lifetime",
    "sync.app",
    "sync.choices",
    "sync.cli",
    "sync.commands.bars",
    "sync.commands.run",
    "sync.commands.show",
    "sync.described",
    "sync.dispatch",
    "sync.engine",
    "sync.housekeeping",
    "sync.lake",
    "sync.logs",
    "sync.pull",
    "sync.run",
    "sync.segment",
]


def load_everything() -> None:
    """Import and read once what every child needs."""
    for name in MODULES:
        importlib.import_module(name)
    from connectors import registry

    for group in (registry.DESTINATIONS, registry.SOURCES):
        registry.names(group)
    gc.collect()
    gc.freeze()


def end_with_the_parent() -> None:
    """Be killed when the parent ends, whichever way: prctl(2), PR_SET_PDEATHSIG."""
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)


@dataclass(slots=True)
class Process:
    """A child at work; what it says goes to a file."""

    number: int
    said: Path
    code: int | None = None

    def kill(self) -> None:
        """As a power cut would."""
        os.kill(self.number, signal.SIGKILL)

    def ended(self, within: float) -> int | None:
        """The exit code, negative for the signal it died of; None if it is still there."""
        handle = os.pidfd_open(self.number)
        try:
            if not select.select([handle], [], [], within)[0]:
                return None
        finally:
            os.close(handle)
        return os.waitstatus_to_exitcode(os.waitpid(self.number, 0)[1])

    def paused(self) -> bool:
        """Wait until it stands still (True) or has ended (False, and then ``code`` is known)."""
        _, status = os.waitpid(self.number, os.WUNTRACED)
        if os.WIFSTOPPED(status):
            return True
        self.code = os.waitstatus_to_exitcode(status)
        return False

    def go_on(self) -> None:
        """Let it work again."""
        os.kill(self.number, signal.SIGCONT)

    def wait(self) -> int:
        """The exit code. Raises TimeoutError for one that does not come to its end."""
        code = self.ended(LONGEST)
        if code is None:
            self.kill()
            self.ended(LONGEST)
            raise TimeoutError(f"a process did not end within {LONGEST:.0f} s: {self.tail()}")
        return code

    def tail(self) -> str:
        """The end of what it said."""
        return self.said.read_text(errors="replace")[-2000:]


class Said(io.FileIO):
    """What a child says. A full disk is the shop's: at worst the words are lost."""

    def write(self, words: Any) -> int:
        """The bytes, or as many of them as if they had been written."""
        try:
            return super().write(words)
        except OSError:
            return len(words)


def start(said: Path, work: Callable[[], None]) -> Process:
    """Fork, and do the work there; an exception that leaves it is exit code 99."""
    number = os.fork()
    if number:
        return Process(number, said)
    code = 99
    try:
        end_with_the_parent()
        out = os.open(said, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644)
        os.dup2(out, 1)
        os.dup2(out, 2)
        sys.stdout = io.TextIOWrapper(Said(1, "wb"), write_through=True)
        sys.stderr = io.TextIOWrapper(Said(2, "wb"), write_through=True)
        work()
        code = 0
    except SystemExit as leaving:
        code = leaving.code if isinstance(leaving.code, int) else 0
    except BaseException:  # noqa: BLE001 - whatever it is, the process must end here
        import traceback

        traceback.print_exc()
    finally:
        os._exit(code)


def asked(said: Path, work: Callable[[], Any]) -> Any:
    """What a function gives that must not run in the parent, such as one that opens an engine."""
    answer = said.with_suffix(".answer")

    def write() -> None:
        answer.write_text(json.dumps(work()))

    child = start(said, write)
    if child.wait() != 0:
        raise RuntimeError(child.tail())
    return json.loads(answer.read_text())
