"""The conformance kit: subclass ``DestinationSuite``, give a vendor, get the laws as tests.

Needs the extra ``testing``.
"""

from connectors.testing.suite import DestinationSuite, laws, verdict
from connectors.testing.vendor import ADDRESS, KEY, Recorded, Vendor

__all__ = ["ADDRESS", "KEY", "DestinationSuite", "Recorded", "Vendor", "laws", "verdict"]
