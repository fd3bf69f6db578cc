"""What the operator writes about single schemes. What it means is checked by who computes it."""

from __future__ import annotations

from pathlib import Path as File
from typing import Annotated, Literal, Self

from pydantic import Field, SecretStr, model_validator

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


class OwnTable(Section):
    """A CSV or Parquet file; or a query, and the database that it is sent to.

    That is a URL, or the path of a SQLite or DuckDB file.
    """

    path: File | None = None
    url: SecretStr | None = None
    query: str | None = None

    @model_validator(mode="after")
    def _one_place(self) -> Self:
        if self.path is None and self.url is None:
            raise ValueError("needs path, or url and query, to say where the rows are")
        if self.path is not None and self.url is not None:
            raise ValueError("has both path and url; the rows are in one place")
        if self.url is not None and self.query is None:
            raise ValueError("needs query beside url: one SELECT")
        return self


class Figures(OwnTable):
    """One row a customer."""

    customer_id: str = "customer_id"


class Stratification(Section):
    """What a distributor asks of a customer."""

    data: Figures | None = None
    loyalty: Factor = Factor()
    buying_power: Factor = Factor()
    profitability: Factor = Factor()
    cost_to_serve: Factor = Factor()


class Events(OwnTable):
    """One row an event."""

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
