"""Four cells: the risk that he is gone, against what he is worth if he is not: spent and expected.

From best to worst: Nurture (low risk, high value), Retain Aggressively (high risk, high value),
Automate (low risk, low value), Divest (high risk, low value).
"""

from __future__ import annotations

from segmenter.schemes.base import Axis, Scheme


def place(risk: int, value: int) -> str:
    """The cell of two levels."""
    if value:
        return "Retain Aggressively" if risk else "Nurture"
    return "Divest" if risk else "Automate"


RISK_VALUE = Scheme(
    name="risk_value",
    segments=("Nurture", "Retain Aggressively", "Automate", "Divest"),
    axes=(Axis("churn_probability", 1, "chance"), Axis("total_value", 1, "money")),
    place=place,
)
