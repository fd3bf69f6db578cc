"""What befalls a shop: days, faults and kills, all of it drawn from one seed before it begins."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from run import WELL, Conditions, Kill
from vendors import NAMES

#: Each place of sync.failpoints that the engine names, and how often a run may have to reach it:
#: before anything is published, while it is delivered, and at the end of a run.
EARLY = {
    "ingest.page": 1,
    "lake.written": 1,
    "lake.renamed": 1,
    "lake.committed": 1,
    "run.ingest": 1,
    "segment.written": 1,
    "publish.half": 1,
    "publish.done": 1,
    "run.segment": 1,
}
MIDDLE = {
    "run.plan": 1,
    "deliver.marked": 3,
    "deliver.answered": 3,
    "deliver.written": 3,
}
JOBS = {
    "deliver.ticketed": 1,
    "deliver.polled": 1,
    "deliver.settled": 1,
    "deliver.lost": 1,
}
LATE = {
    "run.deliver": 1,
    "run.report": 1,
    "run.finished": 1,
    "tidy.compacted": 1,
}
PEOPLE = [f"c{n:03d}@example.com" for n in range(136)]


@dataclass(frozen=True, slots=True)
class Step:
    """One run of ``tidesman``. ``rival``: a second one at the same time, the first being paused."""

    kill: Kill | None = None
    conditions: Conditions = WELL
    faults: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    rival: bool = False

    def __str__(self) -> str:
        told = [str(self.conditions)]
        told += [f"killed at {self.kill}"] if self.kill is not None else []
        told += ["paused past its lease beside a rival"] if self.rival else []
        told += [f"{v}: {f}" for v, some in self.faults.items() for f in some]
        return "; ".join(told)


def days(chance: random.Random, count: int, kills: int) -> Iterator[list[Step]]:
    """So many days, the first of which is the first load; at most about so many kills each."""
    for number in range(count):
        steps = [_killed(chance, EARLY) for _ in range(chance.randrange(2 + (number == 0)))]
        # Klaviyo's jobs are soon over: those kills come first
        middle = [_killed(chance, JOBS) for _ in range(3)]
        middle += [_killed(chance, MIDDLE) for _ in range(kills)]
        if chance.random() < 0.3:
            middle.insert(chance.randrange(kills), Step(rival=True, faults=_faults(chance, NAMES)))
        if chance.random() < 0.4:
            worse = Step(conditions=_conditions(chance), faults=_faults(chance, NAMES[:1]))
            middle.insert(chance.randrange(kills), worse)
        yield [*steps, *middle, _killed(chance, LATE), _killed(chance, LATE)]


def _killed(chance: random.Random, places: dict[str, int]) -> Step:
    struck = [name for name in NAMES if chance.random() < 0.3]
    kill, faults = _kill(chance, places), _faults(chance, struck)
    if kill.place == "deliver.lost":
        faults["klaviyo"] = [{"kind": "lose_job", "times": 4, "part": chance.choice([0.0, 0.5])}]
    if kill.place == "deliver.polled":
        faults["klaviyo"] = [{"kind": "slow_job", "times": 4, "polls": 2}]
    return Step(kill=kill, faults=faults)


def _kill(chance: random.Random, places: dict[str, int]) -> Kill:
    kinds, weights = ["place", "before statement", "after statement", "moment"], [7, 1, 1, 1]
    kind = "place" if places is LATE else chance.choices(kinds, weights)[0]
    if kind == "place":
        place = chance.choice(list(places))
        return Kill(kind, chance.randint(1, places[place]), place)
    return Kill(kind, chance.randint(20, 300) if kind == "moment" else chance.randint(5, 45))


def _conditions(chance: random.Random) -> Conditions:
    return chance.choice(
        [
            Conditions(disk=chance.choice([0, 4_096, 20_000, 200_000])),
            Conditions(read_only=True),
            Conditions(set_back=chance.choice([0.5, 3.0, 22.0, 40.0])),
        ]
    )


def _faults(chance: random.Random, vendors: Any) -> dict[str, list[dict[str, Any]]]:
    return {v: [_fault(chance, v) for _ in range(chance.randint(1, 3))] for v in vendors}


def _fault(chance: random.Random, vendor: str) -> dict[str, Any]:
    times, skip = chance.choice([1, 1, 2, 4]), chance.choice([0, 0, 1, 3])
    usual = {"times": times, "skip": skip}
    kinds = ["throttle", "status", "truncate", "cut", "wrong_json", "lost", "lost", "drop", "stall"]
    kinds += ["poison", "small_pages"]
    kinds += ["slow_job", "cancel_job", "lose_job"] if vendor == "klaviyo" else []
    kinds += ["queued", "unindexed"] if vendor == "braze" else []
    kind = chance.choice(kinds)
    if kind == "poison":
        return usual | _poison(chance)
    more: dict[str, Any] = {
        "throttle": {
            "dress": chance.choice(["vendor", "seconds", "date", "absent", "zero"]),
            "seconds": chance.choice([0.2, 1.0, 5.0]),
        },
        "status": {
            "status": chance.choice([500, 502, 503, 504, 408, 500, 503, 401]),
            "applied": chance.random() < 0.5,
        },
        "wrong_json": {"body": chance.choice(["[]", "{}", "null", '{"data": 7}', "<html>"])},
        "lost": {"reset": chance.random() < 0.5},
        "drop": {"reset": chance.random() < 0.5},
        "stall": {"seconds": 0.03},
        "slow_job": {"polls": chance.randint(1, 4)},
        "cancel_job": {"part": chance.choice([0.0, 0.5, 1.0])},
        "lose_job": {"part": chance.choice([0.0, 0.5, 1.0])},
        "small_pages": {"size": chance.randint(1, 5)},
    }.get(kind, {})
    return {"kind": kind, **usual, **more}


def _poison(chance: random.Random) -> dict[str, Any]:
    """One record that cannot be taken, two, all but one, or all."""
    count = chance.choice([1, 2, len(PEOPLE) - 1, len(PEOPLE)])
    ids = ["*"] if count == len(PEOPLE) else chance.sample(PEOPLE, count)
    return {"kind": "poison", "ids": ids, "how": chance.choice(["record", "record", "request"])}
