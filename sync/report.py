"""What became of a run, for a person, for the state database and for other programs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import date, timedelta
from typing import Any, Literal

from connectors.types import Coverage
from sync.store.records import Rechecked

Status = Literal["done", "held", "stopped"]

#: The keys of a destination that other programs may rely on.
COUNTS = ("planned", "requests", "delivered", "rejected", "unsure", "waiting")


@dataclass(frozen=True, slots=True)
class Segment:
    """One segment of one scheme: customers, and their share of all that was ever spent (0 to 1)."""

    scheme: str
    segment: str
    customers: int
    revenue_share: float


@dataclass(frozen=True, slots=True)
class Move:
    """How many customers went from one segment to another for one cause; None: first seen."""

    scheme: str
    from_segment: str | None
    to_segment: str
    cause: str
    customers: int


@dataclass(frozen=True, slots=True)
class Pulled:
    """What a source brought: rows, and by name those that could not be used, with an example."""

    source: str
    rows: int
    faults: tuple[tuple[str, int, str], ...] = ()
    #: The folder of the rows that were set aside, if there were any.
    set_aside: str | None = None
    #: Beside ``rows`` of orders.
    events: int = 0
    #: Days back to which it can see, None for all of them, and what to ask for.
    history_days: float | None = None
    advice: str = ""
    #: Seconds by which its clock is ahead of ours, where it answers by HTTP.
    clock_off: float | None = None
    #: What a full recheck of this run found that the source had not told of.
    rechecked: Rechecked | None = None
    #: How many a full recheck would take away, of how many, if that is more than may be.
    too_many: tuple[int, int] | None = None

    def coverage(self) -> Coverage:
        """How much of the shop it can see."""
        days = self.history_days
        return Coverage(None if days is None else timedelta(days=days), self.advice)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Pulled:
        """What was written down with ``asdict``."""
        faults = tuple((name, count, example) for name, count, example in values["faults"])
        found, gone = values.get("rechecked"), values.get("too_many")
        read: dict[str, Any] = {
            "faults": faults,
            "rechecked": None if found is None else Rechecked(**found),
            "too_many": None if gone is None else tuple(gone),
        }
        return cls(**{**values, **read})


@dataclass(frozen=True, slots=True)
class Delivered:
    """What became of the changes for one destination.

    ``delivered``, ``rejected``, ``unsure`` and ``waiting`` add up to ``planned``. What waits was
    not attempted, or surely without effect; ``held_back`` of it by the brake. ``writes`` are those
    of the requests that could change something. ``stopped`` is why it stopped before the end,
    ``held`` why moves wait for a person.
    """

    planned: int
    requests: int
    delivered: int
    rejected: int
    unsure: int
    waiting: int = 0
    writes: int = 0
    reasons: Mapping[str, int] = field(default_factory=dict[str, int])
    stopped: str | None = None
    held: str | None = None
    held_back: int = 0
    #: What "delivered" leaves open at this destination, as a sentence, and of how many.
    unconfirmed: str | None = None
    left_open: int = 0
    #: Of ``delivered`` who ``joined`` lists and who ``left``; empty where nobody did.
    lists: Mapping[str, int] = field(default_factory=dict[str, int])


def merged(lines: Mapping[str, str]) -> list[str]:
    """Sentences by destination, each of which begins with its name; the same ones told once."""
    same: dict[str, list[str]] = {}
    for name, line in lines.items():
        same.setdefault(line.removeprefix(f"{name}: "), []).append(name)
    return [f"{', '.join(names)}: {line}" for line, names in same.items()]


@dataclass(frozen=True, slots=True)
class Report:
    """One run. ``orders`` counts all orders up to the day, ``seconds`` is by step."""

    run_id: str
    as_of: date
    status: Status
    orders: int
    customers: int
    pulled: tuple[Pulled, ...]
    segments: tuple[Segment, ...]
    moves: tuple[Move, ...]
    destinations: Mapping[str, Delivered]
    seconds: Mapping[str, float]
    #: Whether nothing had been published before.
    first_load: bool = False
    future_orders: int = 0
    #: Plain sentences of the model about itself.
    notes: tuple[str, ...] = ()
    #: Why the run is held, and what to do about it.
    held: str | None = None

    def undelivered(self) -> bool:
        """Whether a destination stopped, or left changes that are not delivered."""
        return any(
            d.stopped is not None or d.unsure or d.waiting for d in self.destinations.values()
        )

    def to_json(self) -> dict[str, Any]:
        """The keys that other programs rely on; no more and no fewer."""
        segments: dict[str, dict[str, int]] = {}
        for each in self.segments:
            segments.setdefault(each.scheme, {})[each.segment] = each.customers
        return {
            "as_of": self.as_of.isoformat(),
            "orders": self.orders,
            "customers": self.customers,
            "segments": segments,
            "moves": [
                {
                    "scheme": move.scheme,
                    "from": move.from_segment,
                    "to": move.to_segment,
                    "cause": move.cause,
                    "customers": move.customers,
                }
                for move in self.moves
            ],
            "destinations": {
                name: {
                    **{key: getattr(result, key) for key in COUNTS},
                    "unconfirmed": result.left_open,
                    **({"lists": dict(result.lists)} if result.lists else {}),
                }
                for name, result in self.destinations.items()
            },
            "seconds": {step: round(seconds, 3) for step, seconds in self.seconds.items()},
        }

    def brief(self) -> dict[str, Any]:
        """A run in a line of a log."""
        told = self.destinations.values()
        sums = {key: sum(getattr(each, key) for each in told) for key in COUNTS}
        seconds = round(sum(self.seconds.values()), 1)
        day = {"run": self.run_id, "as_of": self.as_of.isoformat(), "status": self.status}
        return {**day, "customers": self.customers, **sums, "seconds": seconds}

    def to_dict(self) -> dict[str, Any]:
        """Everything, as values that JSON can hold; ``from_dict`` reads it back."""
        return {**asdict(self), "as_of": self.as_of.isoformat()}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Report:
        """The report that ``to_dict`` gave."""
        read: dict[str, Any] = {
            "as_of": date.fromisoformat(values["as_of"]),
            "pulled": tuple(Pulled.from_dict(each) for each in values["pulled"]),
            "segments": tuple(Segment(**each) for each in values["segments"]),
            "moves": tuple(Move(**each) for each in values["moves"]),
            "destinations": {n: Delivered(**d) for n, d in values["destinations"].items()},
            "notes": tuple(values["notes"]),
        }
        return cls(**{**values, **read})
