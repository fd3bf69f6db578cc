"""Files that the state knows: whether they are still there, before anything reads them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from connectors.errors import Misconfigured

if TYPE_CHECKING:
    from sync.app import App
    from sync.store import NewSnapshot


def present(path: Path) -> Path:
    """The path of a file that the state says is there. Raises Misconfigured if it is gone."""
    if path.is_file():
        return path
    raise Misconfigured(
        f"the file {path} that the state knows is gone: was data_dir changed? Put it back, or "
        "start afresh with a new state_url"
    )


def located(app: App, snapshot: NewSnapshot) -> Path:
    """Where a snapshot's file lies; its path is kept relative, so that the folder can be moved.

    Raises Misconfigured if it is gone.
    """
    return present(app.loaded.data_dir / snapshot.path)
