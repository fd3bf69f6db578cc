"""Nine segments from churn probability, past revenue and future revenue.

Churn has three levels (low, middle, high), past revenue three (small, fair, great), future
revenue, the three-year value, two (small, great). From best to worst:

=================== ====== ======================= =================
segment             churn  past                    future
=================== ====== ======================= =================
Champions           low    fair or great           great
Loyal Customers     low    fair or great           small
Potential Loyalists low    small                   great
Promising           low    small                   small
Need Attention      middle fair or great, or future great
Can't Lose Them     high   great                   any
At Risk             high   fair, or small with a great future
About to Sleep      middle small                   small
Lost                high   small                   small
=================== ====== ======================= =================

A higher churn probability never leads to a better segment, a higher value never to a worse one.
"""

from __future__ import annotations

from segmenter.schemes.base import Axis, Scheme

_LOW, _MIDDLE = 0, 1
_FAIR, _GREAT = 1, 2


def place(churn: int, past: int, future: int) -> str:
    """The segment of one cell of the grid above."""
    if churn == _LOW:
        if past >= _FAIR:
            return "Champions" if future else "Loyal Customers"
        return "Potential Loyalists" if future else "Promising"
    if churn == _MIDDLE:
        return "Need Attention" if past >= _FAIR or future else "About to Sleep"
    if past >= _GREAT:
        return "Can't Lose Them"
    return "At Risk" if past >= _FAIR or future else "Lost"


LIFECYCLE = Scheme(
    name="lifecycle",
    segments=(
        "Champions",
        "Loyal Customers",
        "Potential Loyalists",
        "Promising",
        "Need Attention",
        "Can't Lose Them",
        "At Risk",
        "About to Sleep",
        "Lost",
    ),
    axes=(
        Axis("churn_probability", 2, "chance"),
        Axis("past_revenue", 2),
        Axis("future_revenue", 1, "money"),
    ),
    place=place,
)
