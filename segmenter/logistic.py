"""A logistic regression on all that is known of a buyer: the rival that learns without a theory."""

from __future__ import annotations

import warnings

import numpy as np

from segmenter.lifetime import Floats

#: With fewer who came back, or who did not, nothing is fitted.
FEWEST = 30


def fit_logistic(features: dict[str, Floats], came: Floats) -> dict[str, tuple[float, ...]] | None:
    """Weights by feature and the ``intercept``, on the features as they are; None if too few.

    Ridge of strength 1 on standardized features (the default of scikit-learn).
    """
    if min(float(came.sum()), float(came.size - came.sum())) < FEWEST:
        return None
    # Imported late: it is needed once a week.
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from sklearn.linear_model import LogisticRegression
        from threadpoolctl import threadpool_limits

        columns = np.column_stack(list(features.values()))
        mean, spread = columns.mean(axis=0), columns.std(axis=0)
        # A column that is the same for all tells nothing and gets no weight.
        scale = np.where(spread > 1e-9, spread, np.inf)
        with threadpool_limits(1, "blas"):
            found = LogisticRegression(max_iter=1000).fit((columns - mean) / scale, came > 0)
    weights = found.coef_[0] / scale
    intercept = float(found.intercept_[0] - weights @ mean)
    named = dict(zip((*features, "intercept"), (*weights, intercept), strict=True))
    # Rounded, so that the last digit of a machine's arithmetic does not show.
    return {name: (float(f"{weight:.8g}"),) for name, weight in named.items()}
