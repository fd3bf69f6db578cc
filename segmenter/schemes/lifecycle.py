"""Nine segments from churn probability, past revenue and future revenue.

Each has three levels: churn low, middle, high; revenue small, fair, great. Past revenue is what
was spent net of refunds; future revenue is the value of the next three years as of the last order,
so that silence counts on the churn axis only. Best to worst:

=================== ====== ============= =========================================
segment             churn  past revenue  future revenue
=================== ====== ============= =========================================
Champions           low    fair or great great
Loyal Customers     low    fair or great small or fair
Potential Loyalists low    small         fair or great
Promising           low    small         small
Need Attention      middle fair or great any (and past small with a great future)
Can't Lose Them     high   great         any
At Risk             high   fair          any (and past small with a great future)
About to Sleep      middle small         small or fair
Lost                high   small         small or fair
=================== ====== ============= =========================================

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
            return "Champions" if future >= _GREAT else "Loyal Customers"
        return "Potential Loyalists" if future >= _FAIR else "Promising"
    worth_it = past >= _FAIR or future >= _GREAT
    if churn == _MIDDLE:
        return "Need Attention" if worth_it else "About to Sleep"
    if past >= _GREAT:
        return "Can't Lose Them"
    return "At Risk" if worth_it else "Lost"


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
        Axis("future_revenue", 2, "money"),
    ),
    place=place,
)
