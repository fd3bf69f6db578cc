"""All look-alikes together, in the foreground."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from connectors.sandbox import braze
from connectors.sandbox.braze import Braze
from connectors.sandbox.customerio import Customerio
from connectors.sandbox.hubspot import Hubspot
from connectors.sandbox.iterable import Iterable
from connectors.sandbox.klaviyo import Klaviyo
from connectors.sandbox.lookalike import LookAlike
from connectors.sandbox.mailchimp import Mailchimp
from connectors.sandbox.server import serve_until_stopped


def look_alikes(*, limits: bool = True) -> dict[str, LookAlike]:
    """One of each vendor, empty; Braze and Mailchimp take everybody for known before."""
    known = braze.Dials(everybody_known=True)
    return {
        "klaviyo": Klaviyo(limits=limits),
        "iterable": Iterable(limits=limits),
        "braze": Braze(limits=limits, dials=known),
        "hubspot": Hubspot(limits=limits),
        "mailchimp": Mailchimp(limits=limits, everybody_known=True),
        "customerio": Customerio(limits=limits),
    }


def run(
    ports: Mapping[str, int],
    *,
    host: str = "127.0.0.1",
    limits: bool = True,
    ready: Callable[[dict[str, str]], None] | None = None,
) -> None:
    """Serve them all until SIGINT or SIGTERM, on the ports by name (free ones for the others).

    ``ready`` is called with the base URLs once they listen. Call it from the main thread. Raises
    OSError with host and port if one is taken.
    """
    serve_until_stopped(look_alikes(limits=limits), ports, host, ready)
