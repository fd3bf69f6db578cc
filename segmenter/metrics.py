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


def spearman(score: Floats, money: Floats) -> float | None:
    """Rank correlation of a score with the money that came; None if either is the same for all."""
    ranks, came = rankdata(score), rankdata(money)
    if score.size == 0 or np.ptp(ranks) == 0 or np.ptp(came) == 0:
        return None
    return float(np.corrcoef(ranks, came)[0, 1])


def gini(score: Floats, money: Floats) -> float | None:
    """How much of the money that came stands with the best by score: 1 as by the money itself, 0 at
    random, below 0 the wrong way round. Equal scores share; None where no money came.

    The area between the curve of gained money and the diagonal, over that of a perfect ranking;
    money below zero (refunds) counts as none.
    """
    spent = np.maximum(money, 0.0)
    best = _gain(spent, spent)
    return None if best == 0 else _gain(score, spent) / best


def _gain(score: Floats, money: Floats) -> float:
    # By mean ranks, so that the order of equal scores is nothing.
    ranks = rankdata(score) - (score.size + 1) / 2.0
    return float(ranks @ money)
