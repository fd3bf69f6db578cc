"""How far the strata of the published day can be trusted."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

from connectors.errors import Misconfigured
from segmenter.schemes.stratification_report import Gap, Shift, gaps, sensitivity
from segmenter.settings import Settings
from segmenter.stage import stage
from segmenter.summary import summarize
from sync.past import basis_of

if TYPE_CHECKING:
    from sync.app import App


@dataclass(frozen=True, slots=True)
class Trust:
    """Where figures lack, and whom other weights would move, ``by`` so much up or down."""

    as_of: date
    customers: int
    by: float
    gaps: tuple[Gap, ...]
    shifts: tuple[Shift, ...]

    def to_dict(self) -> dict[str, Any]:
        """Plain values that JSON can hold."""
        return asdict(self) | {"as_of": self.as_of.isoformat()}


def trust(app: App, by: float) -> Trust:
    """Report on the published evaluation, with the figures and thresholds that it was made from.

    Raises Misconfigured if nothing is published, or stratification was off.
    """
    snapshot = app.store.latest_snapshot()
    if snapshot is None:
        raise Misconfigured("nothing was published yet; begin with: tidesman run")
    settings = Settings.from_dict(snapshot.settings)
    if "stratification" not in settings.schemes:
        raise Misconfigured(
            f"what was published for {snapshot.as_of} has no strata; add stratification to "
            "segmentation.schemes, say which columns tell its factors, and run"
        )
    engine = app.engine()
    basis = basis_of(app, engine, snapshot)
    if basis is None:
        raise Misconfigured("what was published names no model and thresholds; run once more")
    buyers = stage(engine, summarize(basis.orders, basis.as_of))
    return Trust(
        snapshot.as_of,
        snapshot.customers,
        by,
        gaps(engine, basis, settings, buyers=buyers),
        sensitivity(engine, basis, settings, by=by, buyers=buyers),
    )
