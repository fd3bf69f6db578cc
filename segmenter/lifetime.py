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
        return self.where(slice(None, None, step))

    def where(self, which: npt.NDArray[np.bool_] | slice) -> Histories:
        """Some of the histories."""
        return Histories(self.x[which], self.tx[which], self.T[which], self.weight[which])

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
    fit = _search_orders(histories, unit, family, prior)
    r, alpha, a, b = fit.values
    # The density of the x gaps is per unit of time: back to days.
    shift = float((histories.x * histories.weight).sum()) * float(np.log(unit))
    parameters = Parameters(r, alpha * unit, a, b)
    values = (r, parameters.alpha, a, b)
    return parameters, Fit(values, fit.log_likelihood - shift, fit.converged, fit.at_bound)


def _search_orders(h: Histories, unit: float, family: Family, prior: bool) -> Fit:
    spread = SPREAD if prior else None
    customers = float(h.weight.sum())
    cost = _cost_of_orders(h, unit, family)
    if h.x.size > MANY:
        # A sixteenth of the histories leads close to the answer at a sixteenth of the cost, and
        # knows how the cost curves there, so that a few steps over all of them are enough.
        some = h.every(16)
        nearby = _cost_of_orders(some, unit, family)
        known = _minimum(nearby, USUAL, spread, float(some.weight.sum()))
        if known.success:
            found = _minimum(cost, USUAL, spread, customers, near=known)
            fit = _fit(found, USUAL, spread, customers)
            if fit.converged and not fit.at_bound:
                return fit
    return _fit(_minimum(cost, USUAL, spread, customers), USUAL, spread, customers)


def _cost_of_orders(h: Histories, unit: float, family: Family) -> Callable[[Logs], Logs]:
    likelihood = _likelihood(_FITTERS[family])
    recency, age = h.tx / unit, h.T / unit

    def cost(logs: Logs) -> Logs:
        return likelihood(logs, h.x, recency, age, h.weight, 0.0)

    return cost


def fit_spend(count: Floats, mean: Floats, weight: Floats, *, prior: bool = True) -> Fit:
    """Fit Gamma-Gamma p, q, v on ``count`` purchases of ``mean`` money each, all above zero."""
    unit = float((mean * weight).sum() / weight.sum())
    likelihood = _likelihood("GammaGammaFitter")

    def cost(logs: Logs) -> Logs:
        return likelihood(logs, count, mean / unit, weight, 0.0)

    spread, customers = SPREAD_SPEND if prior else None, float(weight.sum())
    fit = _fit(_minimum(cost, USUAL_SPEND, spread, customers), USUAL_SPEND, spread, customers)
    p, q, v = fit.values
    shift = customers * float(np.log(unit))
    return Fit((p, q, v * unit), fit.log_likelihood - shift, fit.converged, fit.at_bound)


def _likelihood(fitter: str) -> Any:  # noqa: ANN401 - lifetimes has no types
    # Imported late: it takes a second to load, and on six days of seven nothing is fitted.
    with warnings.catch_warnings():
        # While it is imported, lifetimes sets a pandas option that pandas 3 has deprecated.
        warnings.simplefilter("ignore")
        import lifetimes
    return getattr(lifetimes, fitter)._negative_log_likelihood  # noqa: SLF001 - it has no public name


def _minimum(
    cost: Callable[[Logs], Logs],
    usual: Floats,
    spread: Floats | None,
    customers: float,
    near: Any = None,  # noqa: ANN401 - scipy has no type for what it found
) -> Any:  # noqa: ANN401
    """What scipy found: within the bounds from the usual, or freely from what lies ``near``."""
    # Imported late, as in _likelihood.
    from autograd import value_and_grad  # pyright: ignore[reportAttributeAccessIssue]
    from scipy.optimize import minimize
    from threadpoolctl import threadpool_limits

    gradient: Any = cast("Any", value_and_grad)(cost)

    def objective(logs: Floats) -> tuple[float, Floats]:
        value, slope = gradient(logs)
        value = float(value) + _surprise(logs, usual, spread) / customers
        if spread is not None:
            slope = slope + (logs - usual) / spread**2 / customers
        return value, np.asarray(slope, dtype=np.float64)

    # lifetimes appends to the global warning filters each time it is evaluated.
    # One thread, as for four numbers several only wait for each other.
    with warnings.catch_warnings(), np.errstate(all="ignore"), threadpool_limits(1, "blas"):
        if near is not None:
            curve = near.hess_inv.todense()
            return minimize(
                objective,
                near.x,
                jac=True,
                method="BFGS",
                options={"gtol": 1e-7, "hess_inv0": (curve + curve.T) / 2.0},
            )
        return minimize(
            objective,
            usual,
            jac=True,
            method="L-BFGS-B",
            bounds=[(-BOUND, BOUND)] * len(usual),
            options={"ftol": 1e-13, "gtol": 1e-7, "maxiter": 500},
        )


def _surprise(logs: Floats, usual: Floats, spread: Floats | None) -> float:
    """What the prior adds to the cost of all customers together."""
    if spread is None:
        return 0.0
    away = (logs - usual) / spread
    return 0.5 * float(away @ away)


def _fit(found: Any, usual: Floats, spread: Floats | None, customers: float) -> Fit:  # noqa: ANN401
    value = float(found.fun) * customers - _surprise(found.x, usual, spread)
    slope = float(np.abs(np.asarray(found.jac)).max())
    converged = bool(np.isfinite(value)) and (bool(found.success) or slope < 1e-5)
    at_bound = bool((np.abs(found.x) > BOUND - 1e-6).any())
    return Fit(tuple(float(v) for v in np.exp(found.x)), -value, converged, at_bound)
