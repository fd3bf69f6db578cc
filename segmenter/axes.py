"""What the schemes that are on need beside the forecasts, as columns of each buyer."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

import ibis

from segmenter.basis import Basis
from segmenter.expr import Table
from segmenter.schemes.affinity import with_affinity
from segmenter.schemes.stratification import COLUMNS, known, strata
from segmenter.settings import Settings

#: The scores that are published, by scheme.
SCORES: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {"stratification": COLUMNS, "affinity": ("affinity_score",)}
)


def with_axes(rows: Table, basis: Basis, settings: Settings) -> Table:
    """The scored buyers with the axes of stratification and affinity, if those are on.

    A score that is not known is below every edge, and null again once ``published``.
    """
    if "stratification" in settings.schemes:
        full = basis.model.level != "rules only"
        choice = settings.stratification
        rows = known(rows, basis.figures, choice, full=full)
        scores = strata(rows, choice, basis.thresholds.edges)
        metrics = [f"metric_{column}" for column in choice.columns()]
        rows = rows.mutate(**{name: s.fill_null(-1.0) for name, s in scores.items()}).drop(*metrics)
    if "affinity" in settings.schemes:
        rows = with_affinity(rows, basis.orders, basis.events, basis.as_of, settings.affinity)
    return rows


def published(rows: Table, settings: Settings) -> dict[str, Table]:
    """The scores of the schemes that are on, null where there is none."""
    found: dict[str, Table] = {}
    for scheme in settings.schemes:
        for name in SCORES.get(scheme, ()):
            there = rows.affinity_events > 0 if scheme == "affinity" else rows[name] >= 0
            found[name] = ibis.ifelse(there, rows[name], ibis.null("float64"))
    return found
