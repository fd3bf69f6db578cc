"""Files that the state knows: whether they are still there, before anything reads them."""

from __future__ import annotations

from pathlib import Path

from connectors.errors import Misconfigured


def present(path: Path) -> Path:
    """The path of a file that the state says is there. Raises Misconfigured if it is gone."""
    if path.is_file():
        return path
    raise Misconfigured(
        f"the file {path} that the state knows is gone: was data_dir changed? Put it back, or "
        "start afresh with a new state_url"
    )
