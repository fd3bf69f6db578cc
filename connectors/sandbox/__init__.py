"""Stateful look-alikes of the vendors, served on loopback, with faults by dial.

``serve`` puts them on ports in a background thread; ``run`` serves them all until stopped. They
are for demonstrations and tests: nothing is kept, and no vendor is ever called.
"""

from connectors.sandbox.braze import Braze
from connectors.sandbox.braze import Dials as BrazeDials
from connectors.sandbox.customerio import Customerio
from connectors.sandbox.faults import Fault, Faults
from connectors.sandbox.hubspot import Hubspot
from connectors.sandbox.iterable import Dials as IterableDials
from connectors.sandbox.iterable import Iterable
from connectors.sandbox.klaviyo import Dials as KlaviyoDials
from connectors.sandbox.klaviyo import Klaviyo
from connectors.sandbox.lookalike import LookAlike
from connectors.sandbox.mailchimp import Mailchimp
from connectors.sandbox.run import look_alikes, run
from connectors.sandbox.server import serve
from connectors.sandbox.woocommerce import Woocommerce

__all__ = [
    "Braze",
    "BrazeDials",
    "Customerio",
    "Fault",
    "Faults",
    "Hubspot",
    "Iterable",
    "IterableDials",
    "Klaviyo",
    "KlaviyoDials",
    "LookAlike",
    "Mailchimp",
    "Woocommerce",
    "look_alikes",
    "run",
    "serve",
]
