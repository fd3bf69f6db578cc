"""The schemes that there are. Each customer is in exactly one segment of each."""

from segmenter.schemes.base import Axis, Scheme
from segmenter.schemes.lifecycle import LIFECYCLE
from segmenter.schemes.rfm import RFM
from segmenter.schemes.risk_value import RISK_VALUE

#: By name, in the order in which they are shown.
ALL: dict[str, Scheme] = {scheme.name: scheme for scheme in (LIFECYCLE, RFM, RISK_VALUE)}

__all__ = ["ALL", "LIFECYCLE", "RFM", "RISK_VALUE", "Axis", "Scheme"]
