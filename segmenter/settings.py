"""What an operator may choose about segmentation; every choice has a default."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from typing import Any

from segmenter.schemes.affinity_settings import Affinity
from segmenter.schemes.rules_settings import Rules
from segmenter.schemes.stratification_settings import Stratification

#: The schemes that are on unless the operator says otherwise.
SCHEMES = ("lifecycle", "rfm", "risk_value")
#: The schemes that exist.
KNOWN = (*SCHEMES, "stratification", "affinity", "rules")


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
    that came in late; an older one as a correction. ``stratification``,
    ``affinity`` and ``rules``: the choices of those schemes.

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
    stratification: Stratification = field(default_factory=Stratification)
    affinity: Affinity = field(default_factory=Affinity)
    rules: Rules = field(default_factory=Rules)

    def __post_init__(self) -> None:
        unknown = [name for name in self.schemes if name not in KNOWN]
        if unknown:
            raise ValueError(f"there is no scheme {unknown[0]!r}; there are {', '.join(KNOWN)}")
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
        values: dict[str, Any] = _plain(asdict(self))
        return values

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
        for scheme, choice in _CHOSEN.items():
            if scheme in given:
                given[scheme] = choice.from_dict(given[scheme])
        return cls(**given)

    def as_before(self, before: Settings) -> Settings:
        """The choices of ``before`` for the schemes of now.

        A scheme that was off then keeps its choices of now, as there are none to go back to.
        """
        fresh = {s: getattr(self, s) for s in _CHOSEN if s not in before.schemes}
        return replace(before, schemes=self.schemes, **fresh)


#: The schemes that have choices of their own, under a key of their name.
_CHOSEN: dict[str, Any] = {"stratification": Stratification, "affinity": Affinity, "rules": Rules}


def _plain(value: object) -> Any:  # noqa: ANN401 - whatever JSON can hold
    if isinstance(value, dict):
        return {key: _plain(inner) for key, inner in value.items()}
    return [_plain(inner) for inner in value] if isinstance(value, list | tuple) else value
