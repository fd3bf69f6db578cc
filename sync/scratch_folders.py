"""Folders of trials in the system's temporary folder, and those that a killed trial left behind."""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

PREFIX = "tidesman-scratch-"
#: Held by whoever uses the folder, and by the system let go with the process.
LOCK = "in-use"


@contextmanager
def scratch_folder() -> Generator[Path]:
    """A folder that is gone at the end; those of trials that were killed go first."""
    sweep()
    with tempfile.TemporaryDirectory(prefix=PREFIX) as name:
        folder = Path(name)
        # first under another name: whoever sweeps takes what bears the name and is not held
        held = folder / f"{LOCK}.new"
        with held.open("w") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            held.rename(folder / LOCK)
            yield folder


def sweep() -> None:
    """Take away the folders of trials whose process has ended."""
    for lock in Path(tempfile.gettempdir()).glob(f"{PREFIX}*/{LOCK}"):
        try:
            with lock.open() as file:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                if os.fstat(file.fileno()).st_uid == os.getuid():
                    shutil.rmtree(lock.parent, ignore_errors=True)
        except OSError:
            # it is in use, another's, or gone by now
            continue
