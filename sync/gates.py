"""Whether what the sources brought is complete enough to be published, and if not, why."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from connectors.types import Coverage
from sync.report import Pulled

if TYPE_CHECKING:
    from sync.app import App

#: Seconds that a source's clock and ours may be apart.
APART = 300.0
#: Schemes that rest on all that a customer ever bought; the others look at what is recent.
LIFETIME = ("lifecycle", "risk_value", "stratification", "rules")


def held(app: App, run_id: str, pulled: Sequence[Pulled]) -> str | None:
    """The sentences for which a run must not publish; None if it may.

    A short history is accepted by the configuration alone, as it would be the same each day; all
    else by an approval of the run, or of one that was held since the last was done.
    """
    # imported late, as it brings the lake's engine
    from sync.shrunk import shrunk

    wrong = [short_history(app, each.source, each.coverage()) for each in pulled]
    if not is_approved(app, run_id):
        ask = f"tidesman approve {run_id} --up-to 1"
        asked = [clock_off(each.source, each.clock_off) for each in pulled]
        asked += [*(_too_many(each) for each in pulled), shrunk(app)]
        wrong += [f"{each}: {ask}" for each in asked if each is not None]
    return "\n".join(each for each in wrong if each is not None) or None


def is_approved(app: App, run_id: str) -> bool:
    """Whether a person let this run go on, or one held for the same since the last was done."""
    store = app.store
    earlier = [run for run in store.held_before(run_id) if store.snapshot_of(run) is None]
    return any(store.approval(run) is not None for run in (run_id, *earlier))


def short_history(app: App, name: str, coverage: Coverage) -> str | None:
    """The sentence about a source that hides old orders on which a scheme rests, or None."""
    if coverage.history is None or app.loaded.settings.sources[name].accept_short_history:
        return None
    on = [scheme for scheme in app.loaded.settings.segmentation.schemes if scheme in LIFETIME]
    if not on:
        return None
    advice = f"{coverage.advice.rstrip('.')}. " if coverage.advice else ""
    return (
        f"the source {name} shows only the orders of the last {coverage.history.days:,} days, and "
        f"{', '.join(on)} {'rests' if len(on) == 1 else 'rest'} on all of them; nothing is "
        f"published. {advice}To go on with what is there, set accept_short_history: true under "
        f"sources: {name}"
    )


def clock_off(name: str, seconds: float | None) -> str | None:
    """The sentence about a source whose clock is ``seconds`` ahead of ours, if that is too much."""
    if seconds is None or abs(seconds) <= APART:
        return None
    return (
        f"the clock of the source {name} is {abs(seconds):,.0f} seconds "
        f"{'ahead of' if seconds > 0 else 'behind'} this machine's, so that one of them is wrong "
        "and orders would fall on other days; set this machine's clock, or if it is the source's, "
        "let it go on"
    )


def _too_many(pulled: Pulled) -> str | None:
    if pulled.too_many is None:
        return None
    gone, of = pulled.too_many
    return (
        f"all orders of the source {pulled.source} were looked at anew, and {gone:,} of {of:,} did "
        "not come again; nothing is taken away or published until this is mended or approved"
    )
