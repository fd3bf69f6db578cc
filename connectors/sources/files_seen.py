"""What files were when they were last read, so that only new and changed ones are read again."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Seen:
    """A file as it was read: bytes, time of change in ns, and the orders that it brought.

    ``mark`` tells its content: the SHA-256, or what an object store gives each version (its ETag).
    """

    size: int
    mtime_ns: int
    mark: str
    orders: int = 0


class Item(Protocol):
    """A file, wherever it lies. ``name`` is the path or URL; ``near``: it costs nothing to open."""

    @property
    def name(self) -> str:
        """Path or URL."""
        ...

    @property
    def near(self) -> bool:
        """Whether it is on this machine's disk."""
        ...

    def is_as(self, seen: Seen) -> bool:
        """Whether it is as it was read."""
        ...

    def now(self) -> Seen:
        """What it is now."""
        ...

    def here(self) -> AbstractContextManager[Path]:
        """The file on this machine's disk, for the time of the block."""
        ...

    def rests(self, before: Seen) -> bool:
        """Whether it has not changed since."""
        ...


@dataclass(frozen=True, slots=True)
class Local:
    """A file of this machine."""

    path: Path
    near: bool = True

    @property
    def name(self) -> str:
        """Its path."""
        return str(self.path)

    def is_as(self, seen: Seen) -> bool:
        """By size and time of change; where only the time differs, by content."""
        stat = self.path.stat()
        if seen.size != stat.st_size or not os.access(self.path, os.R_OK):
            return False
        return seen.mtime_ns == stat.st_mtime_ns or seen.mark == digest(self.path)

    def now(self) -> Seen:
        """With the digest of its content."""
        stat = self.path.stat()
        return Seen(stat.st_size, stat.st_mtime_ns, digest(self.path))

    def here(self) -> AbstractContextManager[Path]:
        """Itself."""
        return nullcontext(self.path)

    def rests(self, before: Seen) -> bool:
        """By size and time of change."""
        stat = self.path.stat()
        return (stat.st_size, stat.st_mtime_ns) == (before.size, before.mtime_ns)


@dataclass(frozen=True, slots=True)
class Cursor:
    """What has been read, under which options; by the file's name."""

    options: str
    files: Mapping[str, Seen]

    @classmethod
    def read(cls, text: str | None, options: str) -> Cursor:
        """The cursor, empty if there is none or if the options have changed since."""
        if text is None:
            return cls(options, {})
        stored = json.loads(text)
        if stored["options"] != options:
            return cls(options, {})
        return cls(options, {name: Seen(**seen) for name, seen in stored["files"].items()})

    def after(self, item: Item, seen: Seen) -> Cursor:
        """The cursor once that file is stored."""
        return Cursor(self.options, {**self.files, item.name: seen})

    def text(self) -> str:
        """As it is stored; equal cursors are equal texts."""
        files = {name: asdict(self.files[name]) for name in sorted(self.files)}
        return json.dumps({"options": self.options, "files": files}, separators=(",", ":"))

    def is_current(self, item: Item) -> bool:
        """Whether the file is as it was when it was read."""
        seen = self.files.get(item.name)
        return seen is not None and item.is_as(seen)


def digest(path: Path) -> str:
    """SHA-256 of the file's bytes."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
