"""Which files of this machine a source's paths mean."""

from __future__ import annotations

import glob
from collections.abc import Sequence
from difflib import get_close_matches
from pathlib import Path

from connectors.errors import Misconfigured
from connectors.sources.files_open import is_export
from connectors.types import Fault

#: Between the kind of an object store and a place in it.
REMOTE = "://"


def find(paths: Sequence[str]) -> list[Path]:
    """The files that the paths, folders and patterns mean, by name, each once.

    Raises Misconfigured for one that means no file. Names that begin with a dot or an underscore
    are taken for unfinished uploads and left out, unless they are named in full.
    """
    found: set[Path] = set()
    for text in paths:
        found.update(_meant_by(text))
    return sorted(found)


def passed_over(paths: Sequence[str]) -> tuple[Fault, ...]:
    """The files of the folders that are no exports of orders, and are not read by their names."""
    folders = {Path(text) for text in paths if REMOTE not in text and Path(text).is_dir()}
    there = {path for folder in folders for path in folder.iterdir() if path.is_file()}
    read = {path for text in paths if REMOTE not in text for path in _meant_by(text)}
    others = sorted(path for path in there - read if not unfinished(path))
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
        files = [match for match in matches if match.is_file() and not unfinished(match)]
        if not files:
            raise Misconfigured(
                f"no file matches {text}; is the path right, and is the file there?"
            )
        return files
    raise Misconfigured(f"there is no file {text}{_near(path)}")


def _in_folder(folder: Path) -> list[Path]:
    there = [path for path in folder.iterdir() if path.is_file() and not unfinished(path)]
    files = [path for path in there if is_export(path)]
    if not files:
        other = f"only {min(there).name} and the like" if there else "nothing"
        raise Misconfigured(
            f"the folder {folder} has no .csv, .csv.gz, .parquet or .jsonl file, {other};"
            f" for text files of orders set path to {folder / '*.txt'}"
        )
    return files


def unfinished(path: Path) -> bool:
    """Whether a name is that of an upload which is not complete."""
    return path.name.startswith((".", "_"))


def _near(path: Path) -> str:
    if not path.parent.is_dir():
        return f": the folder {path.parent} does not exist"
    near = get_close_matches(path.name, [other.name for other in path.parent.iterdir()], n=1)
    return f"; did you mean {near[0]}?" if near else f" in the folder {path.parent}"
