"""The three look-alikes together, in the foreground."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from connectors.sandbox import braze
from connectors.sandbox.braze import Braze
from connectors.sandbox.iterable import Iterable
from connectors.sandbox.klaviyo import Klaviyo
from connectors.sandbox.lookalike import LookAlike
from connectors.sandbox.server import serve_until_stopped


def look_alikes(*, limits: bool = True) -> dict[str, LookAlike]:
    """One of each vendor, empty; in Braze every external id counts as known."""
    known = braze.Dials(everybody_known=True)
    return {
        "klaviyo": Klaviyo(limits=limits),
        "iterable": Iterable(limits=limits),
        "braze": Braze(limits=limits, dials=known),
    }


def run(
    ports: Mapping[str, int],
    *,
    host: str = "127.0.0.1",
    limits: bool = True,
    ready: Callable[[dict[str, str]], None] | None = None,
) -> None:
    """Serve the three until SIGINT or SIGTERM, on the ports by name (free ones for the others).

    ``ready`` is called with the base URLs once they listen. Call it from the main thread. Raises
    OSError with host and port if one is taken.
    """
    serve_until_stopped(look_alikes(limits=limits), ports, host, ready)
