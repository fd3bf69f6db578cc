"""Which signs of interest count for affinity, how much, and how fast they fade."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Signal:
    """A kind of event, what one weighs on its day, and the days after which half of it is left.

    A weight of 0 has events of the kind ignored; one below 0 is for signs of dislike.
    """

    kind: str
    weight: float
    half_life_days: float


#: The kind of the orders themselves; all other kinds come from a table of events.
PURCHASE = "purchase"

#: An opening that a mail proxy such as Apple's made, not a person, tells nothing.
USUAL = (
    Signal(PURCHASE, 10.0, 180.0),
    Signal("site_click", 1.0, 30.0),
    Signal("email_click", 2.0, 60.0),
    Signal("email_open", 0.5, 30.0),
    Signal("email_open_by_proxy", 0.0, 30.0),
)


@dataclass(frozen=True, slots=True)
class Affinity:
    """The signals, each kind once, and after how many days an event is forgotten."""

    window_days: int = 365
    signals: tuple[Signal, ...] = USUAL

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Affinity:
        """Read plain values. ``signals`` is a list, or a mapping by kind over the usual ones."""
        given = dict(values)
        told = given.pop("signals", ())
        if isinstance(told, Mapping):
            by_kind = {signal.kind: signal for signal in USUAL}
            by_kind |= {kind: Signal(kind, **signal) for kind, signal in told.items()}
            return cls(signals=tuple(by_kind.values()), **given)
        return cls(signals=tuple(Signal(**signal) for signal in told) or USUAL, **given)

    def counted(self) -> tuple[Signal, ...]:
        """The signals that are not ignored."""
        return tuple(signal for signal in self.signals if signal.weight != 0)

    def problems(self) -> list[tuple[tuple[str | int, ...], str]]:
        """What is wrong with the choice, as the way to the key and a sentence."""
        found: list[tuple[tuple[str | int, ...], str]] = []
        if self.window_days < 1:
            found.append((("window_days",), "must be at least 1"))
        found += [
            (("signals", signal.kind, "half_life_days"), "must be above 0")
            for signal in self.signals
            if signal.half_life_days <= 0
        ]
        if not any(signal.weight > 0 for signal in self.signals):
            found.append((("signals",), "one of them needs a weight above 0"))
        return found
