"""What the operator writes about single schemes. What it means is checked by who computes it."""

from __future__ import annotations

from config.section import Section


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
