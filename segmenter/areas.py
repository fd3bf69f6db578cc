"""The area under the ROC curve of several scores at once, and how sure it is.

DeLong, DeLong and Clarke-Pearson (1988), by the ranks of Sun and Xu (2014): the covariance tells
how sure a difference between two scores of the same customers is: far surer than either.
"""

from __future__ import annotations

import numpy as np
from scipy.stats import rankdata

from segmenter.lifetime import Floats

#: Half an interval that holds the truth in 99 of 100 cases, in standard errors.
WIDE = 2.576


def areas(scores: Floats, came: Floats) -> tuple[Floats, Floats]:
    """The AUC of each row of ``scores`` and their covariance.

    ``came`` is 1 for who came back and 0 else; there must be at least two of each. Ties count half.
    """
    back = came > 0
    scores = np.atleast_2d(scores)
    yes, no = scores[:, back], scores[:, ~back]
    m, n = yes.shape[1], no.shape[1]
    both = rankdata(np.hstack([yes, no]), axis=1)
    above = (both[:, :m] - rankdata(yes, axis=1)) / n
    below = 1.0 - (both[:, m:] - rankdata(no, axis=1)) / m
    covariance = np.atleast_2d(np.cov(above)) / m + np.atleast_2d(np.cov(below)) / n
    found: Floats = above.mean(axis=1)
    return found, np.asarray(covariance, dtype=np.float64)
