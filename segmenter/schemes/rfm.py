"""Recency, frequency and money, each scored from 1 to 5, and ten groups named by the scores.

R by days since the last order (5 is the most recent), F by days with an order (1, 2, 3-4, 5-9,
10 and more), M by past revenue. From best to worst:

============================ ============== =========== ==========
group                        R              F           M
============================ ============== =========== ==========
Best Customers               4-5            4-5         4-5
Loyal Customers              3-5            3-5         any other
Repeat Customers             3-5            2           any
High-Spending New Customers  4-5            1           4-5
New Customers                4-5            1           1-3
One-Time Buyers              3              1           any
Lost Best Customers          1-2            4-5         4-5
Slipping Customers           2              2-5         any other
Hibernating                  2              1           any
Lost Customers               1              any other   any other
============================ ============== =========== ==========
"""

from __future__ import annotations

from segmenter.schemes.base import Axis, Scheme

#: Days with an order at which F rises to 2, 3, 4 and 5. Fixed: they mean the same in every shop.
ORDER_EDGES = (2.0, 3.0, 5.0, 10.0)


def place(silence: int, often: int, money: int) -> str:
    """The group of one cell; levels from 0 to 4, more days of silence being a higher level."""
    r, f, m = 5 - silence, often + 1, money + 1
    best = f >= 4 and m >= 4
    if r >= 3:
        return _active(r, f, m, best=best)
    if best:
        return "Lost Best Customers"
    if r == 1:
        return "Lost Customers"
    return "Slipping Customers" if f >= 2 else "Hibernating"


def _active(r: int, f: int, m: int, *, best: bool) -> str:
    if f >= 3:
        return "Best Customers" if best and r >= 4 else "Loyal Customers"
    if f == 2:
        return "Repeat Customers"
    if r == 3:
        return "One-Time Buyers"
    return "High-Spending New Customers" if m >= 4 else "New Customers"


RFM = Scheme(
    name="rfm",
    segments=(
        "Best Customers",
        "Loyal Customers",
        "Repeat Customers",
        "High-Spending New Customers",
        "New Customers",
        "One-Time Buyers",
        "Lost Best Customers",
        "Slipping Customers",
        "Hibernating",
        "Lost Customers",
    ),
    axes=(
        Axis("days_since_order", 4),
        Axis("order_days", 4),
        Axis("past_revenue", 4),
    ),
    place=place,
)
