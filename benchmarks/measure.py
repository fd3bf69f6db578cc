"""Run something in a process of its own and say what it cost, as the kernel counted it."""

import json
import os
import subprocess
import sys
import time
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Cost:
    wall: float  # seconds, start of the interpreter and imports included
    cpu: float  # seconds, user and system, all threads
    peak: float  # MB, the largest that the process ever was
    said: dict[str, Any] = field(default_factory=dict)


def measure(module: str, *arguments: object) -> Cost:
    """Run ``python -m module arguments``; its last line of output may be a JSON object."""
    command = [sys.executable, "-m", module, *map(str, arguments)]
    began = time.monotonic()
    child = subprocess.Popen(command, stdout=subprocess.PIPE)
    assert child.stdout is not None
    printed = child.stdout.read().decode().strip().splitlines()
    _, status, usage = os.wait4(child.pid, 0)
    wall = time.monotonic() - began
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode != 0:
        raise SystemExit(f"{' '.join(command)} ended with {child.returncode}")
    said = json.loads(printed[-1]) if printed and printed[-1].startswith("{") else {}
    kilobytes = usage.ru_maxrss / (1024 if sys.platform == "darwin" else 1)
    return Cost(wall, usage.ru_utime + usage.ru_stime, kilobytes / 1000, said)
