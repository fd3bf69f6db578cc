"""The conformance kit: subclass a suite, give a vendor or a shop, get the laws as tests.

``DestinationSuite`` is for destinations, ``SourceSuite`` for sources. Needs the extra ``testing``.
"""

from connectors.testing.shop import Sale, Shop
from connectors.testing.source_suite import SourceSuite
from connectors.testing.suite import DestinationSuite, laws, verdict
from connectors.testing.vendor import ADDRESS, KEY, Recorded, Vendor

__all__ = [
    "ADDRESS",
    "KEY",
    "DestinationSuite",
    "Recorded",
    "Sale",
    "Shop",
    "SourceSuite",
    "Vendor",
    "laws",
    "verdict",
]
