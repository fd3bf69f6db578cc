"""What the operator writes about his own segments."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Rule:
    """A segment and its condition. What it is for is told to people only: it moves nobody."""

    name: str
    when: str
    description: str = field(default="", compare=False)
    action: str = field(default="", compare=False)


@dataclass(frozen=True, slots=True)
class Rules:
    """The segments, first match first, and the name of the segment for everybody else."""

    otherwise: str = "Everybody Else"
    segments: tuple[Rule, ...] = ()

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Rules:
        """Read plain values, as ``dataclasses.asdict`` gives them."""
        given = dict(values)
        segments = tuple(Rule(**rule) for rule in given.pop("segments", ()))
        return cls(segments=segments, **given)
