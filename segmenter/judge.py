"""Which way of ranking wins: the simplest that no other beats by more than chance would."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np

from segmenter.areas import WIDE, areas
from segmenter.lifetime import Floats
from segmenter.model import LOGISTIC, MODEL, SILENCE, Model, Numbers
from segmenter.ranking import LEARNED, SIMPLE, WAYS
from segmenter.trial import Trial

#: With fewer who came back, or who did not, a cut-off decides nothing.
FEWEST = 20


@dataclass(frozen=True, slots=True)
class Margin:
    """Mean AUC of one less that of another, and half the 99 % interval of it."""

    mean: float
    within: float


@dataclass(frozen=True, slots=True)
class Verdict:
    """``winner`` is None where nothing could be compared; ``rival`` the best of the other kind."""

    winner: str | None
    auc: float | None
    rival: str | None
    margin: Margin | None
    sentence: str


def is_fair(trial: Trial) -> bool:
    """Whether enough came back, and enough did not, to tell one way from another."""
    came = trial.seen.came()
    return min(float(came.sum()), float(came.size - came.sum())) >= FEWEST


def margin(trials: Sequence[Trial], one: str, other: str | None) -> Margin | None:
    """How far one way is above another over the cut-offs that have both; None if none has.

    Without ``other`` it is held against a coin.

    The standard errors of the cut-offs (DeLong) are averaged, not divided by their number's root:
    the same customers stand in all of them, so this is the most that the true one can be.
    """
    gaps: list[tuple[float, float]] = []
    for trial in trials:
        if one in trial.scores and (other is None or other in trial.scores):
            first = trial.scores[one]
            second = np.zeros_like(first) if other is None else trial.scores[other]
            both = np.vstack([first, second])
            found, spread = areas(both, trial.seen.came())
            variance = spread[0, 0] + spread[1, 1] - 2.0 * spread[0, 1]
            gaps.append((float(found[0] - found[1]), float(np.sqrt(max(variance, 0.0)))))
    if not gaps:
        return None
    mean, error = np.mean(gaps, axis=0)
    return Margin(float(mean), WIDE * float(error))


def _beats(trials: Sequence[Trial], one: str, other: str | None) -> bool:
    """Whether one is ahead by more than the interval; None is a coin."""
    found = margin(trials, one, other)
    return found is not None and found.mean > found.within


def mean_areas(trials: Sequence[Trial]) -> dict[str, float]:
    """The AUC of each way, averaged over the cut-offs that have it."""
    found: dict[str, list[float]] = {}
    for trial in trials:
        scores: Floats = np.vstack(list(trial.scores.values()))
        for way, area in zip(trial.scores, areas(scores, trial.seen.came())[0], strict=True):
            found.setdefault(way, []).append(float(area))
    return {way: float(np.mean(each)) for way, each in found.items()}


def barred(model: Model, weights: Numbers | None) -> list[str]:
    """What may not rank today: a fit that is not believed, a regression with nothing to go by."""
    found = [MODEL] if model.level == "rules only" else []
    return found if weights is not None else [*found, LOGISTIC]


def judge(trials: Sequence[Trial], barred: Collection[str] = ()) -> Verdict:
    """Decide over the cut-offs; ``barred`` ways are not in the race.

    It begins with the simplest way. Another simple rule must be ahead of the best so far by more
    than the 99 % interval of the difference; what is learned must be so far ahead of each that is
    simpler, and of a coin, so that noise never publishes a model.
    """
    fair = [trial for trial in trials if is_fair(trial)]
    if not fair:
        return Verdict(None, None, None, None, _nothing(trials))
    means = {way: area for way, area in mean_areas(fair).items() if way not in barred}
    winner = SILENCE
    for way in WAYS[1:]:
        simpler = [winner] if way in SIMPLE else [w for w in WAYS[: WAYS.index(way)] if w in means]
        if way in means and all(_beats(fair, way, other) for other in (*simpler, None)):
            winner = way
    kind = LEARNED if winner in SIMPLE else SIMPLE
    rivals = [way for way in kind if way in means]
    if not rivals:
        told = f"Customers are ranked by the simple rule '{winner}': AUC {means[winner]:.3f}."
        return Verdict(winner, means[winner], None, None, told + _not_in_race(fair, barred))
    rival = max(rivals, key=lambda way: means[way])
    gap = margin(fair, winner, rival) or Margin(0.0, 0.0)
    told = _sentence(winner, rival, means, gap) + _not_in_race(fair, barred)
    return Verdict(winner, means[winner], rival, gap, told)


def called(way: str) -> str:
    """A way of ranking inside a sentence."""
    if way == MODEL:
        return "the model"
    return "the logistic regression" if way == LOGISTIC else f"the simple rule '{way}'"


def _sentence(winner: str, rival: str, means: dict[str, float], gap: Margin) -> str:
    within = f"{abs(gap.mean):.3f} ± {gap.within:.3f}"
    told = f"Customers are ranked by {called(winner)}: AUC {means[winner]:.3f}"
    if gap.mean > gap.within:
        return f"{told}, {within} above {called(rival)}."
    other = f"{called(rival)} has {means[rival]:.3f}"
    if gap.mean >= 0:
        return f"{told}. {other[0].upper()}{other[1:]}, {within} less, so nothing is lost by it."
    return (
        f"{told}. {other[0].upper()}{other[1:]}, but {within} more can be chance, and then the "
        "simpler ranks."
    )


def _not_in_race(trials: Sequence[Trial], barred: Collection[str]) -> str:
    told = " The model was not in the race, as its fit is not believed." if MODEL in barred else ""
    if LOGISTIC in barred and any(LOGISTIC in trial.scores for trial in trials):
        told += (
            " The logistic regression was not in the race, as of late there is too little to "
            "learn it from."
        )
    return told


def _nothing(trials: Sequence[Trial]) -> str:
    customers = max((trial.seen.rows.num_rows for trial in trials), default=0)
    if customers == 0:
        return "Nothing can be compared: there is no customer before the cut."
    return (
        f"Nothing can be compared: it takes {FEWEST} customers who came back after the cut and "
        f"{FEWEST} who did not. Customers are ranked by {called(SILENCE)}."
    )
