"""What the operator writes about single schemes. What it means is checked by who computes it."""

from __future__ import annotations

from pathlib import Path as File
from typing import Annotated, Literal

from pydantic import Field

from config.section import Section

Weight = Annotated[float, Field(ge=0)]


class Rule(Section):
    """A segment of the operator's own, and the condition that a customer meets."""

    name: str
    when: str
    #: For people: what the segment is, and what to do with it.
    description: str = ""
    action: str = ""


class Rules(Section):
    """Segments by condition, first match first; everybody else is in ``otherwise``."""

    otherwise: str = "Everybody Else"
    segments: tuple[Rule, ...] = ()


class Metric(Section):
    """A column of the buyers or of the table of figures."""

    column: str
    weight: Weight = 1.0
    better: Literal["higher", "lower"] = "higher"


class Factor(Section):
    """Metrics that tell one thing together; without any it does not count."""

    weight: Weight = 1.0
    metrics: tuple[Metric, ...] = ()


class Figures(Section):
    """A CSV or Parquet file with one row a customer."""

    path: File
    customer_id: str = "customer_id"


class Stratification(Section):
    """What a distributor asks of a customer."""

    data: Figures | None = None
    loyalty: Factor = Factor()
    buying_power: Factor = Factor()
    profitability: Factor = Factor()
    cost_to_serve: Factor = Factor()


class Events(Section):
    """A CSV or Parquet file with one row an event."""

    path: File
    customer_id: str = "customer_id"
    kind: str = "kind"
    occurred_at: str = "occurred_at"


class Signal(Section):
    """What an event of a kind weighs on its day, and when half of it is left."""

    weight: float
    half_life_days: Annotated[float, Field(gt=0)]


class Affinity(Section):
    """How interest is counted; signals that are not named are as they ship."""

    data: Events | None = None
    window_days: Annotated[int, Field(ge=1)] = 365
    signals: dict[str, Signal] = Field(default_factory=dict[str, Signal])
