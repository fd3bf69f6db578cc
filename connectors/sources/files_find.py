"""Which files a source's paths mean, and what they were when they were last read."""

from __future__ import annotations

import glob
import hashlib
import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from difflib import get_close_matches
from pathlib import Path

from connectors.errors import Misconfigured
from connectors.sources.files_open import is_export
from connectors.types import Fault


@dataclass(frozen=True, slots=True)
class Seen:
    """A file as it was read: bytes, time of change in ns, SHA-256, and the orders it brought."""

    size: int
    mtime_ns: int
    sha256: str
    orders: int


@dataclass(frozen=True, slots=True)
class Cursor:
    """What has been read, under which options; by the file's path."""

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
        return cls(options, {path: Seen(**seen) for path, seen in stored["files"].items()})

    def after(self, path: Path, seen: Seen) -> Cursor:
        """The cursor once that file is stored."""
        return Cursor(self.options, {**self.files, str(path): seen})

    def text(self) -> str:
        """As it is stored; equal cursors are equal texts."""
        files = {path: asdict(self.files[path]) for path in sorted(self.files)}
        return json.dumps({"options": self.options, "files": files}, separators=(",", ":"))

    def is_current(self, path: Path) -> bool:
        """Whether the file is as it was when it was read."""
        seen = self.files.get(str(path))
        stat = path.stat()
        if seen is None or seen.size != stat.st_size or not os.access(path, os.R_OK):
            return False
        return seen.mtime_ns == stat.st_mtime_ns or seen.sha256 == digest(path)


def digest(path: Path) -> str:
    """SHA-256 of the file's bytes."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def find(paths: Sequence[str]) -> list[Path]:
    """The files that the paths, folders and patterns mean, by name, each once.

    Raises Misconfigured for one that means no file. Names that begin with a dot or an underscore
    are taken for unfinished uploads and left out, unless they are named in full.
    """
    found: set[Path] = set()
    for text in paths:
        found.update(_meant_by(text))
    return sorted(found)


def passed_over(paths: Sequence[str], read: Sequence[Path]) -> tuple[Fault, ...]:
    """The files of the folders that are no exports of orders, and are not read by their names."""
    folders = {Path(text) for text in paths if Path(text).is_dir()}
    there = {path for folder in folders for path in folder.iterdir() if path.is_file()}
    others = sorted(path for path in there - set(read) if not _unfinished(path))
    if not others:
        return ()
    told = f"{others[0].name} is no .csv, .csv.gz, .parquet or .jsonl file and was not read"
    return (Fault("files of another type", len(others), told),)


def _meant_by(text: str) -> list[Path]:
    path = Path(text)
    if path.is_file():
        return [path]
    if path.is_dir():
        return _in_folder(path)
    if glob.has_magic(text):
        matches = [Path(match) for match in glob.glob(text, recursive=True)]  # noqa: PTH207 - absolute
        files = [match for match in matches if match.is_file() and not _unfinished(match)]
        if not files:
            raise Misconfigured(
                f"no file matches {text}; is the path right, and is the file there?"
            )
        return files
    raise Misconfigured(f"there is no file {text}{_near(path)}")


def _in_folder(folder: Path) -> list[Path]:
    there = [path for path in folder.iterdir() if path.is_file() and not _unfinished(path)]
    files = [path for path in there if is_export(path)]
    if not files:
        other = f"only {min(there).name} and the like" if there else "nothing"
        raise Misconfigured(
            f"the folder {folder} has no .csv, .csv.gz, .parquet or .jsonl file, {other};"
            f" for text files of orders set path to {folder / '*.txt'}"
        )
    return files


def _unfinished(path: Path) -> bool:
    return path.name.startswith((".", "_"))


def _near(path: Path) -> str:
    if not path.parent.is_dir():
        return f": the folder {path.parent} does not exist"
    near = get_close_matches(path.name, [other.name for other in path.parent.iterdir()], n=1)
    return f"; did you mean {near[0]}?" if near else f" in the folder {path.parent}"
