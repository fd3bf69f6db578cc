"""The model of buying until one stops: fitting it. The only file that imports lifetimes.

MBG/NBD (Batislam, Denizel and Filiztekin 2007; Wagner and Hoppe 2008) for orders, Gamma-Gamma
(Fader and Hardie 2013, note 025) for money. The likelihoods are those of lifetimes; the search is
ours, because lifetimes knows no prior but one that biases totals by 10 % at its usual strength.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias, cast

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize

Floats = npt.NDArray[np.float64]

#: Where the logs of r, alpha / mean T, a and b usually lie, and how widely: counted once, as if
#: it were one more observation of each. Over 840 small shops no fit failed with it.
USUAL = np.log([0.6, 0.35, 0.8, 2.5])
SPREAD = np.array([0.7, 1.0, 0.7, 0.9])
#: The same for p, q and v / mean money.
USUAL_SPEND = np.log([4.0, 4.0, 0.75])
SPREAD_SPEND = np.array([1.5, 1.0, 1.5])
#: The logs of the scaled parameters are searched within plus and minus this.
BOUND = 10.0
#: With more distinct histories than this the search begins on a part of them.
MANY = 50_000

#: The logs of the parameters, and what autograd makes of them while it takes a gradient.
Logs: TypeAlias = Any

Family = Literal["mbg", "bg"]
_FITTERS: dict[Family, str] = {"mbg": "ModifiedBetaGeoFitter", "bg": "BetaGeoFitter"}


@dataclass(frozen=True, slots=True)
class Histories:
    """Distinct buying histories and how many customers share each; all in days.

    ``x`` repeat purchases (frequency), ``tx`` age at the last (recency), ``T`` age, ``weight``.
    """

    x: Floats
    tx: Floats
    T: Floats
    weight: Floats

    def every(self, step: int) -> Histories:
        """Every so many-th history."""
        return Histories(self.x[::step], self.tx[::step], self.T[::step], self.weight[::step])

    def mean_age(self) -> float:
        """Mean ``T`` over customers, at least a day, so that it can serve as the unit of time."""
        if self.weight.sum() <= 0:
            return 1.0
        return max(float((self.T * self.weight).sum() / self.weight.sum()), 1.0)


@dataclass(frozen=True, slots=True)
class Parameters:
    """MBG/NBD: rates are Gamma(r, alpha) a day; the chance to stop after a purchase Beta(a, b)."""

    r: float
    alpha: float
    a: float
    b: float


@dataclass(frozen=True, slots=True)
class Fit:
    """The outcome of a search: ``log_likelihood`` is without the prior."""

    values: tuple[float, ...]
    log_likelihood: float
    converged: bool
    at_bound: bool


def typical(mean_age: float) -> Parameters:
    """The parameters of a usual shop whose customers are ``mean_age`` days old on average."""
    r, alpha, a, b = (float(v) for v in np.exp(USUAL))
    return Parameters(r, alpha * mean_age, a, b)


def fit_orders(
    histories: Histories, *, family: Family = "mbg", prior: bool = True
) -> tuple[Parameters, Fit]:
    """Fit r, alpha, a, b; with ``prior`` by maximum a posteriori, else by maximum likelihood."""
    unit = histories.mean_age()
    start = USUAL
    if histories.x.size > MANY:
        # A sixteenth of the histories leads close to the answer at a sixteenth of the cost.
        start = _search_orders(histories.every(16), unit, family, prior, USUAL)[1]
    fit, _ = _search_orders(histories, unit, family, prior, start)
    r, alpha, a, b = fit.values
    # The density of the x gaps is per unit of time: back to days.
    shift = float((histories.x * histories.weight).sum()) * float(np.log(unit))
    parameters = Parameters(r, alpha * unit, a, b)
    values = (r, parameters.alpha, a, b)
    return parameters, Fit(values, fit.log_likelihood - shift, fit.converged, fit.at_bound)


def _search_orders(
    h: Histories, unit: float, family: Family, prior: bool, start: Floats
) -> tuple[Fit, Floats]:
    likelihood = _likelihood(_FITTERS[family])

    def cost(logs: Logs) -> Logs:
        return likelihood(logs, h.x, h.tx / unit, h.T / unit, h.weight, 0.0)

    fit = _search(cost, USUAL, SPREAD if prior else None, float(h.weight.sum()), start)
    return fit, np.log(np.array(fit.values))


def fit_spend(count: Floats, mean: Floats, weight: Floats, *, prior: bool = True) -> Fit:
    """Fit Gamma-Gamma p, q, v on ``count`` purchases of ``mean`` money each, all above zero."""
    unit = float((mean * weight).sum() / weight.sum())
    likelihood = _likelihood("GammaGammaFitter")

    def cost(logs: Logs) -> Logs:
        return likelihood(logs, count, mean / unit, weight, 0.0)

    spread = SPREAD_SPEND if prior else None
    fit = _search(cost, USUAL_SPEND, spread, float(weight.sum()), USUAL_SPEND)
    p, q, v = fit.values
    shift = float(weight.sum()) * float(np.log(unit))
    return Fit((p, q, v * unit), fit.log_likelihood - shift, fit.converged, fit.at_bound)


def _likelihood(fitter: str) -> Any:  # noqa: ANN401 - lifetimes has no types
    # Imported late: it takes a second to load, and on six days of seven nothing is fitted.
    with warnings.catch_warnings():
        # While it is imported, lifetimes sets a pandas option that pandas 3 has deprecated.
        warnings.simplefilter("ignore")
        import lifetimes
    return getattr(lifetimes, fitter)._negative_log_likelihood  # noqa: SLF001 - it has no public name


def _search(
    cost: Callable[[Logs], Logs],
    usual: Floats,
    spread: Floats | None,
    customers: float,
    start: Floats,
) -> Fit:
    from autograd import value_and_grad  # pyright: ignore[reportAttributeAccessIssue]

    gradient: Any = cast("Any", value_and_grad)(cost)

    def objective(logs: Floats) -> tuple[float, Floats]:
        value, slope = gradient(logs)
        if spread is not None:
            away = (logs - usual) / spread
            value = value + 0.5 * float(away @ away) / customers
            slope = slope + away / spread / customers
        return float(value), np.asarray(slope, dtype=np.float64)

    # lifetimes appends to the global warning filters each time it is evaluated.
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        found: Any = minimize(
            objective,
            start,
            jac=True,
            method="L-BFGS-B",
            bounds=[(-BOUND, BOUND)] * len(usual),
            options={"ftol": 1e-13, "gtol": 1e-7, "maxiter": 500},
        )
        value = float(cost(found.x)) if np.isfinite(found.x).all() else float("nan")
    slope = float(np.abs(np.asarray(found.jac)).max())
    converged = bool(np.isfinite(value)) and (bool(found.success) or slope < 1e-5)
    at_bound = bool((np.abs(found.x) > BOUND - 1e-6).any())
    return Fit(tuple(float(v) for v in np.exp(found.x)), -value * customers, converged, at_bound)
