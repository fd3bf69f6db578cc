"""What an operator may choose about segmentation; every choice has a default."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any

#: The schemes that exist, in the order in which they are shown.
SCHEMES = ("lifecycle", "rfm", "risk_value")


@dataclass(frozen=True, slots=True)
class Settings:
    """The choices of one shop.

    ``churn_horizon_days``: a customer counts as churned if no order comes within so many days.
    ``clv_years`` and ``yearly_discount``: how far, and at what yearly rate, future money counts.
    ``hysteresis``: how far a probability must pass an edge before a customer who bought nothing
    changes segment; ``money_hysteresis`` is the same for money, as a share of the edge.
    ``rfm_weights``: weights of recency, frequency and money in the final score; they are scaled
    to a sum of 1. ``max_wait_days``: neither date lies further than this behind the last order.
    ``keep_date_days``: a published date stays unless it moves by more than this.
    ``late_days``: a new order this much older than the last evaluation still counts as a purchase
    that came in late; an older one as a correction.

    Raises ``ValueError`` with a sentence when a value cannot be worked with.
    """

    schemes: tuple[str, ...] = SCHEMES
    churn_horizon_days: int = 90
    clv_years: float = 3.0
    yearly_discount: float = 0.10
    hysteresis: float = 0.03
    money_hysteresis: float = 0.10
    rfm_weights: tuple[float, float, float] = (0.15, 0.28, 0.57)
    max_wait_days: int = 365
    keep_date_days: int = 3
    late_days: int = 3

    def __post_init__(self) -> None:
        unknown = [name for name in self.schemes if name not in SCHEMES]
        if unknown:
            raise ValueError(f"there is no scheme {unknown[0]!r}; there are {', '.join(SCHEMES)}")
        if len(set(self.schemes)) < len(self.schemes):
            raise ValueError("a scheme stands twice in schemes")
        for name in ("churn_horizon_days", "clv_years", "max_wait_days"):
            if getattr(self, name) <= 0:
                raise ValueError(f"{name} must be above 0")
        for name in ("yearly_discount", "money_hysteresis", "keep_date_days", "late_days"):
            if getattr(self, name) < 0:
                raise ValueError(f"{name} must not be below 0")
        if not 0 <= self.hysteresis < 1:
            raise ValueError("hysteresis is a probability: at least 0 and below 1")
        if min(self.rfm_weights) < 0 or sum(self.rfm_weights) <= 0:
            raise ValueError("rfm_weights must not be negative, and one of them must be above 0")

    def to_dict(self) -> dict[str, Any]:
        """Plain values that JSON can hold."""
        return {k: list(v) if isinstance(v, tuple) else v for k, v in asdict(self).items()}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Settings:
        """Build settings from what ``to_dict`` gave; keys that are not there take the default."""
        known = {field.name for field in fields(cls)}
        unknown = [key for key in values if key not in known]
        if unknown:
            raise ValueError(f"there is no setting {unknown[0]!r}")
        given: dict[str, Any] = {}
        for key, value in values.items():
            given[key] = tuple(value) if isinstance(value, list) else value
        return cls(**given)
