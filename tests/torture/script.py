"""What befalls a shop: days, faults and kills, all of it drawn from one seed before it begins."""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from run import WELL, Conditions, Kill
from vendors import NAMES

#: Each place of sync.failpoints that the engine names, and how often a run may have to reach it:
#: before anything is published (in the order in which a run comes by), while it is delivered, and
#: at the end of a run.
EARLY = {
    "lake.written": 1,
    "lake.renamed": 1,
    "lake.committed": 1,
    "ingest.page": 1,
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


class Deck:
    """Cards that are dealt in any order, all of them before one comes again: no luck is needed."""

    def __init__(self, chance: random.Random, cards: Iterable[str]) -> None:
        self._chance = chance
        self._cards = list(cards)
        self._left: list[str] = []

    def deal(self) -> str:
        """The next one."""
        if not self._left:
            self._left = self._chance.sample(self._cards, len(self._cards))
        return self._left.pop()


class Decks:
    """What befalls: places in the middle of a delivery, and the faults of each vendor."""

    def __init__(self, chance: random.Random) -> None:
        self.chance = chance
        self.kills = Deck(
            chance, [*MIDDLE, *MIDDLE, "before statement", "after statement", "moment"]
        )
        self.faults = {v: Deck(chance, faults_of(v)) for v in NAMES}


def days(
    chance: random.Random, seed: int, count: int, kills: int
) -> Iterator[tuple[list[Step], list[Step]]]:
    """So many days, the first of which is the first load; at most about so many kills each.

    The first steps of a day last until all is delivered, the others come whatever was. What can
    come only once a day takes turns over the days of all seeds: each place before the publication
    and each mishap of the machine every third day, each place at the end every second.
    """
    decks = Decks(chance)
    for number in range(count):
        turn = seed * count + number
        # in the order in which a run comes by, or the later ones would never be reached
        steps = [_at(chance, decks, EARLY, place) for place in [*EARLY][turn % 3 :: 3]]
        # Klaviyo's jobs are soon over: those kills come first
        middle = [_at(chance, decks, JOBS, place) for place in chance.sample([*JOBS], 4)]
        middle += [_killed(chance, decks) for _ in range(kills)]
        mishap = _mishap(chance, turn % 3)
        worse = Step(conditions=mishap, faults=_faults(decks, NAMES[:1]))
        middle.insert(chance.randrange(len(JOBS)), worse)
        if turn % 3 == 1:
            rival = Step(rival=True, faults=_faults(decks, NAMES))
            middle.insert(chance.randrange(len(middle)), rival)
        late = [Step(kill=Kill("place", LATE[p], p)) for p in [*LATE][turn % 2 :: 2]]
        yield [*steps, *middle], late


def _at(chance: random.Random, decks: Decks, places: dict[str, int], place: str) -> Step:
    struck = [name for name in NAMES if chance.random() < 0.3]
    faults = _faults(decks, struck)
    if place == "deliver.lost":
        faults["klaviyo"] = [_ending(chance, "lose_job") | {"times": 4}]
    if place == "deliver.polled":
        faults["klaviyo"] = [{"kind": "slow_job", "times": 4, "polls": 2}]
    return Step(kill=Kill("place", chance.randint(1, places[place]), place), faults=faults)


def _killed(chance: random.Random, decks: Decks) -> Step:
    dealt = decks.kills.deal()
    if dealt in MIDDLE:
        return _at(chance, decks, MIDDLE, dealt)
    struck = [name for name in NAMES if chance.random() < 0.3]
    at = chance.randint(20, 300) if dealt == "moment" else chance.randint(5, 45)
    return Step(kill=Kill(dealt, at), faults=_faults(decks, struck))


def _mishap(chance: random.Random, turn: int) -> Conditions:
    return (
        Conditions(disk=chance.choice([0, 4_096, 20_000, 200_000])),
        Conditions(read_only=True),
        Conditions(set_back=chance.choice([0.5, 3.0, 22.0, 40.0])),
    )[turn]


def _faults(decks: Decks, vendors: Iterable[str]) -> dict[str, list[dict[str, Any]]]:
    chance = decks.chance
    found = {
        v: [_fault(chance, decks.faults[v].deal()) for _ in range(chance.randint(1, 3))]
        for v in vendors
    }
    for faults in found.values():
        # pages are only asked for where some records are refused
        if any(fault["kind"] == "small_pages" for fault in faults):
            faults.insert(0, _poison(chance, "all but 1", "record"))
    return found


def faults_of(vendor: str) -> list[str]:
    """The faults that this vendor can have, by name."""
    jobs, odd = ("slow_job", "small_pages", "cancel_job", "lose_job"), ("queued", "unindexed")
    others = {"klaviyo": odd, "braze": jobs}.get(vendor, (*jobs, *odd))
    return [name for name in FAULTS if not name.startswith(others)]


def _fault(chance: random.Random, name: str) -> dict[str, Any]:
    usual = {"times": chance.choice([1, 1, 2, 4]), "skip": chance.choice([0, 0, 1, 3])}
    kind, _, which = name.partition(" ")
    if kind == "poison":
        count, _, how = which.partition(" by ")
        return usual | _poison(chance, count, how)
    if kind in ("cancel_job", "lose_job"):
        return usual | {"kind": kind, "name": name, "part": PARTS[which]}
    kind = {"429": "throttle"}.get(kind, kind)
    more: dict[str, Any] = {
        "throttle": {
            "dress": which.rpartition(" ")[2],
            "seconds": chance.choice([0.2, 1.0, 5.0]),
        },
        "status": {
            "status": which,
            # a vendor that says 401 has not done it
            "applied": chance.random() < 0.5 and which != "401",
        },
        "wrong_json": {"body": chance.choice(["[]", "{}", "null", '{"data": 7}', "<html>"])},
        "lost": {"reset": chance.random() < 0.5},
        "drop": {"reset": chance.random() < 0.5},
        "stall": {"seconds": 0.03},
        "slow_job": {"polls": chance.randint(1, 4)},
        "small_pages": {"size": chance.randint(1, 5)},
    }.get(kind, {})
    if kind == "status":
        more["status"] = int(which)
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
