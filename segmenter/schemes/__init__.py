"""The schemes that there are. Each customer is in exactly one segment of each."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from segmenter.schemes.affinity import AFFINITY
from segmenter.schemes.base import Axis, Definition, Scheme
from segmenter.schemes.lifecycle import LIFECYCLE
from segmenter.schemes.rfm import RFM
from segmenter.schemes.risk_value import RISK_VALUE
from segmenter.schemes.rules import Problem, RuleScheme, compiled
from segmenter.schemes.rules import problems as rule_problems
from segmenter.schemes.stratification import STRATIFICATION

if TYPE_CHECKING:
    from segmenter.settings import Settings

#: Those with segments that are the same for every shop, in the order in which they are shown.
FIXED: dict[str, Scheme] = {
    scheme.name: scheme for scheme in (LIFECYCLE, RFM, RISK_VALUE, STRATIFICATION, AFFINITY)
}
#: Those of them that need orders only, and so are on unless the operator says otherwise.
ALL: dict[str, Scheme] = {scheme.name: scheme for scheme in (LIFECYCLE, RFM, RISK_VALUE)}

#: The name of the scheme that reads what the others published.
RULES = "rules"

__all__ = [
    "AFFINITY",
    "ALL",
    "FIXED",
    "LIFECYCLE",
    "RFM",
    "RISK_VALUE",
    "RULES",
    "STRATIFICATION",
    "Axis",
    "Definition",
    "RuleScheme",
    "Scheme",
    "definitions",
    "problems",
    "rules_of",
]


def definitions(settings: Settings) -> Mapping[str, Definition]:
    """Every scheme that is on, by name and in the operator's order.

    Raises ``ValueError`` with a sentence if the choices about one cannot be used.
    """
    found: dict[str, Definition] = {s: FIXED[s] for s in settings.schemes if s != RULES}
    if wrong := _problems(settings):
        path, sentence = wrong[0]
        raise ValueError(f"{'.'.join(map(str, path))}: {sentence}")
    if RULES in settings.schemes:
        found[RULES] = rules_of(settings)
    return {scheme: found[scheme] for scheme in settings.schemes}


def rules_of(settings: Settings) -> RuleScheme:
    """The scheme of the operator's own rules. Raises ``ValueError`` as ``definitions``."""
    return compiled(settings.rules, _beside(settings))


def problems(settings: Settings) -> list[Problem]:
    """All that is wrong with the choices about single schemes: the way to the key, a sentence.

    Rules are looked at whether or not they are on, so that they can be written before.
    """
    found = _problems(settings)
    if RULES in settings.schemes and not settings.rules.segments:
        found.append((("rules", "segments"), "is empty, and schemes name rules; write a first one"))
    wrong = rule_problems(settings.rules, _beside(settings))
    return found + [((RULES, *path), sentence) for path, sentence in wrong]


def _problems(settings: Settings) -> list[Problem]:
    found: list[Problem] = []
    if "stratification" in settings.schemes:
        wrong = settings.stratification.problems()
        found += [(("stratification", *path), sentence) for path, sentence in wrong]
    if "affinity" in settings.schemes:
        found += [
            (("affinity", *path), sentence) for path, sentence in settings.affinity.problems()
        ]
    return found


def _beside(settings: Settings) -> dict[str, tuple[str, ...]]:
    return {s: FIXED[s].segments for s in settings.schemes if s != RULES}
