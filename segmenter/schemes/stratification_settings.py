"""Which figures a distributor looks at, and what they weigh."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

#: What is asked of a customer, and by which factors it is answered.
AXES: Mapping[str, tuple[str, str]] = {
    "value": ("loyalty", "buying_power"),
    "profit": ("profitability", "cost_to_serve"),
}


@dataclass(frozen=True, slots=True)
class Metric:
    """A column, what it weighs within its factor, and whether more of it is better or worse."""

    column: str
    weight: float = 1.0
    better: Literal["higher", "lower"] = "higher"


@dataclass(frozen=True, slots=True)
class Factor:
    """What a factor weighs, and its metrics. One without metrics does not count."""

    weight: float = 1.0
    metrics: tuple[Metric, ...] = ()

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Factor:
        """Read plain values."""
        given = dict(values)
        metrics = tuple(Metric(**metric) for metric in given.pop("metrics", ()))
        return cls(metrics=metrics, **given)


@dataclass(frozen=True, slots=True)
class Stratification:
    """Four factors; weights are scaled, so that only their proportions count."""

    loyalty: Factor = Factor()
    buying_power: Factor = Factor()
    profitability: Factor = Factor()
    cost_to_serve: Factor = Factor()

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Stratification:
        """Read plain values, as ``dataclasses.asdict`` gives them."""
        return cls(**{name: Factor.from_dict(factor) for name, factor in values.items()})

    def factors(self) -> dict[str, Factor]:
        """The factors that count, by name."""
        names = [name for pair in AXES.values() for name in pair]
        found: dict[str, Factor] = {name: getattr(self, name) for name in names}
        return {n: f for n, f in found.items() if f.weight > 0 and any(m.weight for m in f.metrics)}

    def columns(self) -> tuple[str, ...]:
        """The columns that are looked at, each once, in alphabetical order."""
        return tuple(sorted({m.column for f in self.factors().values() for m in f.metrics}))

    def problems(self) -> list[tuple[tuple[str | int, ...], str]]:
        """What is wrong with the choice, as the way to the key and a sentence."""
        found: list[tuple[tuple[str | int, ...], str]] = []
        for names in AXES.values():
            for name in names:
                found += [((name, *path), s) for path, s in _wrong_in(getattr(self, name))]
            if not set(names) & set(self.factors()):
                either = f"{names[0]} and {names[1]} have no metrics, and one of them is needed"
                found.append(((names[0],), f"{either}: name the columns that tell it"))
        return found


def _wrong_in(factor: Factor) -> list[tuple[tuple[str | int, ...], str]]:
    found: list[tuple[tuple[str | int, ...], str]] = []
    if factor.weight < 0:
        found.append((("weight",), "must not be below 0"))
    seen: set[str] = set()
    for number, metric in enumerate(factor.metrics):
        here = ("metrics", number)
        if metric.weight < 0:
            found.append(((*here, "weight"), "must not be below 0; say better: lower instead"))
        if metric.better not in ("higher", "lower"):
            found.append(((*here, "better"), "is higher or lower"))
        if metric.column in seen:
            found.append(((*here, "column"), f"{metric.column!r} stands twice in this factor"))
        seen.add(metric.column)
    return found
