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
#: All of them.
PLACES = {**EARLY, **MIDDLE, **JOBS, **LATE}
PEOPLE = [f"c{n:03d}@example.com" for n in range(136)]
POISONED = {"1": 1, "2": 2, "all but 1": len(PEOPLE) - 1, "all": len(PEOPLE)}
DRESSES = ("vendor", "seconds", "date", "absent", "zero")
STATUSES = (500, 502, 503, 504, 408, 401)
PARTS = {"before it began": 0.0, "half done": 0.5, "all done": 1.0}
#: Each fault as the report counts it.
FAULTS = (
    *(f"429 with wait as {dress}" for dress in DRESSES),
    *(f"status {status}" for status in STATUSES),
    *("truncate", "cut", "wrong_json", "drop", "lost", "stall", "queued", "unindexed"),
    *("slow_job", "small_pages"),
    *(f"{kind} {part}" for kind in ("cancel_job", "lose_job") for part in PARTS),
    *(f"poison {count} by {how}" for count in POISONED for how in ("record", "request")),
)


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


def days(chance: random.Random, count: int, kills: int) -> Iterator[tuple[list[Step], list[Step]]]:
    """So many days, the first of which is the first load; at most about so many kills each.

    The first steps of a day last until all is delivered, the others come whatever was.
    """
    for number in range(count):
        steps = [_killed(chance, EARLY) for _ in range(chance.randrange(2 + (number == 0)))]
        # Klaviyo's jobs are soon over: those kills come first
        middle = [_killed(chance, {place: JOBS[place]}) for place in chance.sample([*JOBS], 4)]
        middle += [_killed(chance, MIDDLE) for _ in range(kills)]
        if chance.random() < 0.3:
            middle.insert(chance.randrange(kills), Step(rival=True, faults=_faults(chance, NAMES)))
        if chance.random() < 0.4:
            worse = Step(conditions=_conditions(chance), faults=_faults(chance, NAMES[:1]))
            middle.insert(chance.randrange(kills), worse)
        late = [Step(kill=Kill("place", LATE[p], p)) for p in chance.sample([*LATE], 2)]
        yield [*steps, *middle], late


def _killed(chance: random.Random, places: dict[str, int]) -> Step:
    struck = [name for name in NAMES if chance.random() < 0.3]
    kill, faults = _kill(chance, places), _faults(chance, struck)
    if kill.place == "deliver.lost":
        faults["klaviyo"] = [_ending(chance, "lose_job") | {"times": 4}]
    if kill.place == "deliver.polled":
        faults["klaviyo"] = [{"kind": "slow_job", "times": 4, "polls": 2}]
    return Step(kill=kill, faults=faults)


def _kill(chance: random.Random, places: dict[str, int]) -> Kill:
    kinds, weights = ["place", "before statement", "after statement", "moment"], [7, 1, 1, 1]
    kind = "place" if places.keys() <= JOBS.keys() else chance.choices(kinds, weights)[0]
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
    found = {v: [_fault(chance, v) for _ in range(chance.randint(1, 3))] for v in vendors}
    for faults in found.values():
        # pages are only asked for where some records are refused
        if any(fault["kind"] == "small_pages" for fault in faults):
            faults.insert(0, _poison(chance, "all but 1", "record"))
    return found


def _fault(chance: random.Random, vendor: str) -> dict[str, Any]:
    times, skip = chance.choice([1, 1, 2, 4]), chance.choice([0, 0, 1, 3])
    usual = {"times": times, "skip": skip}
    kinds = ["throttle", "status", "truncate", "cut", "wrong_json", "lost", "lost", "drop", "stall"]
    kinds += ["poison", "poison"]
    if vendor == "klaviyo":
        kinds += ["slow_job", "cancel_job", "lose_job", "small_pages"]
    kinds += ["queued", "unindexed"] if vendor == "braze" else []
    kind = chance.choice(kinds)
    if kind == "poison":
        how = chance.choice(["record", "record", "request"])
        return usual | _poison(chance, chance.choice([*POISONED]), how)
    if kind in ("cancel_job", "lose_job"):
        return usual | _ending(chance, kind)
    more: dict[str, Any] = {
        "throttle": {
            "dress": chance.choice(DRESSES),
            "seconds": chance.choice([0.2, 1.0, 5.0]),
        },
        "status": {
            "status": chance.choice(STATUSES),
            "applied": chance.random() < 0.5,
        },
        "wrong_json": {"body": chance.choice(["[]", "{}", "null", '{"data": 7}', "<html>"])},
        "lost": {"reset": chance.random() < 0.5},
        "drop": {"reset": chance.random() < 0.5},
        "stall": {"seconds": 0.03},
        "slow_job": {"polls": chance.randint(1, 4)},
        "small_pages": {"size": chance.randint(1, 5)},
    }.get(kind, {})
    name = {
        "throttle": f"429 with wait as {more.get('dress')}",
        "status": f"status {more.get('status')}",
    }.get(kind, kind)
    return {"kind": kind, "name": name, **usual, **more}


def _ending(chance: random.Random, kind: str) -> dict[str, Any]:
    part = chance.choice([*PARTS])
    return {"kind": kind, "name": f"{kind} {part}", "part": PARTS[part]}


def _poison(chance: random.Random, count: str, how: str) -> dict[str, Any]:
    """Records that cannot be taken; a few of them for the whole day, so that halving finds them."""
    number = POISONED[count]
    ids = ["*"] if count == "all" else chance.sample(PEOPLE, number)
    times = {"times": None} if number <= 2 else {}
    return {"kind": "poison", "name": f"poison {count} by {how}", "ids": ids, "how": how} | times
