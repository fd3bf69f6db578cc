"""What a history foretells under MBG/NBD: closed forms, one value a history, no loops over them.

Times are days. ``x`` repeat purchases, ``tx`` age at the last of them, ``T`` age. Notation and
formulas: Batislam et al. 2007 and Wagner and Hoppe 2008, as printed in segmenter/README.md.
"""

from __future__ import annotations

import numpy as np

from segmenter.lifetime import Floats, Parameters

DAYS_A_YEAR = 365.25
#: Points of the quadrature over the years of a discounted sum; 8 give five digits.
POINTS = 8


def chance_active(p: Parameters, x: Floats, tx: Floats, age: Floats) -> Floats:
    """Probability that he has not stopped: 1 / (1 + a/(b+x) ((alpha+T)/(alpha+tx))^(r+x))."""
    # Imported late: it takes a quarter of a second, and on a quiet day nothing is foretold.
    from scipy.special import expit

    return expit(np.log((p.b + x) / p.a) - (p.r + x) * np.log((p.alpha + age) / (p.alpha + tx)))


def chance_of_order(p: Parameters, x: Floats, tx: Floats, age: Floats, days: float) -> Floats:
    """Probability of at least one order within the next ``days``."""
    none = (p.r + x) * np.log((p.alpha + age) / (p.alpha + age + days))
    return chance_active(p, x, tx, age) * -np.expm1(none)


def orders_if_active(p: Parameters, x: Floats, age: Floats, days: float | Floats) -> Floats:
    """Expected orders within ``days`` of one who has not stopped; does not depend on ``tx``.

    Wagner and Hoppe's formula after Euler's transformation of 2F1, which keeps it finite for a
    buyer with hundreds of orders.
    """
    orders = _growth(p, p.a, x, age, days)
    # At a few points 2F1 of scipy has no value; a hair beside them it has the right one.
    for nudge in (1e-6, -1e-6, 1e-4):
        missing = ~np.isfinite(orders)
        if missing.any():
            orders = np.where(missing, _growth(p, p.a * (1.0 + nudge), x, age, days), orders)
    return orders


def _growth(p: Parameters, a: float, x: Floats, age: Floats, days: float | Floats) -> Floats:
    from scipy.special import hyp2f1

    a = a if abs(a - 1.0) > 1e-6 else 1.0 + 1e-6
    z = days / (p.alpha + age + days)
    rest = np.exp((a - 1.0) * np.log1p(-z)) * hyp2f1(a + p.b - p.r, a - 1.0, a + p.b + x, z)
    orders: Floats = np.maximum((a + p.b + x) / (a - 1.0) * (1.0 - rest), 0.0)
    return orders


def discounted_orders_if_active(
    p: Parameters, x: Floats, age: Floats, years: float, yearly: float
) -> Floats:
    """Expected orders within ``years`` of one who has not stopped, each worth less the later.

    The integral of exp(-d t) dG(t), by parts, with Gauss and Legendre's points for what is left.
    """
    days = years * DAYS_A_YEAR
    rate = float(np.log1p(yearly)) / DAYS_A_YEAR
    total: Floats = float(np.exp(-rate * days)) * orders_if_active(p, x, age, days)
    nodes, weights = np.polynomial.legendre.leggauss(POINTS)
    for node, weight in zip(nodes, weights, strict=True):
        t = float(days * (node + 1.0) / 2.0)
        share = float(rate * days / 2.0 * weight * np.exp(-rate * t))
        total += share * orders_if_active(p, x, age, t)
    return total


def days_to_next_order(p: Parameters, x: Floats, tx: Floats, longest: int) -> Floats:
    """Days after the last order by which half of those who did not stop have ordered again.

    Whole days, at least 1 and at most ``longest``. It depends on the orders only, so the date
    stands still while nothing is bought.
    """
    median = (p.alpha + tx) * np.expm1(np.log(2.0) / (p.r + x))
    days: Floats = np.clip(np.ceil(median), 1.0, float(longest))
    return days


def days_to_intervention(
    p: Parameters, x: Floats, tx: Floats, horizon: float, longest: int
) -> Floats:
    """Days of silence after which the chance of an order within ``horizon`` has fallen by half.

    The chance falls steadily while nothing is bought, so the first whole day is found by halving;
    at least 1 and at most ``longest``.
    """
    half = chance_of_order(p, x, tx, tx, horizon) / 2.0
    low = np.zeros_like(x)
    high = np.full_like(x, float(longest))
    for _ in range(int(longest).bit_length()):
        middle = np.floor((low + high) / 2.0)
        fallen = chance_of_order(p, x, tx, tx + middle, horizon) <= half
        high = np.where(fallen, middle, high)
        low = np.where(fallen, low, middle)
    return np.clip(high, 1.0, float(longest))
