"""How well a score foretold what came: ranking, level, and bias. Plain numpy, ties handled."""

from __future__ import annotations

import numpy as np
from scipy.stats import rankdata

from segmenter.lifetime import Floats


def auc(score: Floats, came: Floats) -> float | None:
    """Chance that one who came back scores above one who did not; ties count half.

    None where nobody or everybody came back.
    """
    positive = float(came.sum())
    negative = float(came.size - positive)
    if positive == 0 or negative == 0:
        return None
    ranks = rankdata(score)
    return float((ranks[came > 0].sum() - positive * (positive + 1) / 2) / (positive * negative))


def auc_error(area: float, came: Floats) -> float:
    """Standard error of an AUC (Hanley and McNeil 1982)."""
    positive = float(came.sum())
    negative = float(came.size - positive)
    q1, q2 = area / (2 - area), 2 * area**2 / (1 + area)
    spread = area * (1 - area) + (positive - 1) * (q1 - area**2) + (negative - 1) * (q2 - area**2)
    return float(np.sqrt(max(spread, 0.0) / (positive * negative)))


def capture(score: Floats, came: Floats, share: float = 0.1) -> float | None:
    """Share of those who came back that stand in the best ``share`` by score.

    Customers with equal scores at the border count in proportion, so that their order is nothing.
    """
    if came.sum() == 0:
        return None
    wanted = share * came.size
    order = np.argsort(-score, kind="stable")
    border = score[order][min(int(wanted), came.size - 1)]
    above, level = score > border, score == border
    part = (wanted - above.sum()) / level.sum()
    return float((came[above].sum() + part * came[level].sum()) / came.sum())


def brier(chance: Floats, came: Floats) -> float:
    """Mean squared distance between the chance that was given and what came (Brier 1950)."""
    return float(np.mean((chance - came) ** 2))


def calibration_error(chance: Floats, came: Floats, groups: int = 10) -> float:
    """Mean distance, over ten groups of equal size, between the chance given and the share come."""
    order = np.argsort(chance, kind="stable")
    parts = [part for part in np.array_split(order, groups) if part.size]
    gaps = [abs(chance[p].mean() - came[p].mean()) * p.size for p in parts]
    return float(sum(gaps) / came.size)


def bias(foretold: Floats, came: Floats) -> float | None:
    """Total foretold over total come, less one: 0.1 is a tenth too much. None if nothing came."""
    total = float(came.sum())
    return None if total == 0 else float(foretold.sum()) / total - 1.0
