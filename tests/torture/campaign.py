"""One campaign: a shop that is struck and killed day after day, and must be right every evening."""

from __future__ import annotations

import os
import random
import shutil
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path

from laws import Laws, state
from processes import Process, asked
from run import Job, Kill, begin
from script import Step, days
from shop import PEOPLE, Shop
from vendors import NAMES, Vendors

#: Exit codes of ``tidesman run`` that are no defect: done, to be mended, left undelivered, busy.
HONEST = {0, 2, 4, 5}
#: Runs that an evening may take: what was lost on the wire takes one more.
EVENINGS = 4


@dataclass
class Tally:
    """What befell, and what was found."""

    kills: Counter[str] = field(default_factory=Counter)
    conditions: Counter[str] = field(default_factory=Counter)
    faults: Counter[str] = field(default_factory=Counter)
    runs: int = 0
    days: int = 0
    rivals: int = 0
    findings: list[str] = field(default_factory=list)

    def add(self, other: Tally) -> None:
        """Count what befell another campaign, too."""
        self.kills += other.kills
        self.conditions += other.conditions
        self.faults += other.faults
        self.runs, self.days = self.runs + other.runs, self.days + other.days
        self.rivals += other.rivals
        self.findings += other.findings


class Campaign:
    """All of it follows from the seed; only how requests of one run interleave is the machine's."""

    def __init__(self, seed: int, folder: Path, url: str, vendors: Vendors) -> None:
        self.seed = seed
        self.chance = random.Random(seed)
        self.vendors = vendors
        self.folder = folder
        self.url = url
        self.tally = Tally()
        self.shop = Shop(folder / "shop", vendors.urls, self.chance)
        known = self.chance.sample(range(PEOPLE), 12)
        self.strangers = {f"c{n:03d}" for n in known}
        self.told: list[str] = []

    def go(self, count: int, kills: int) -> Tally:
        """Live through the days; stops at the first evening on which something is wrong."""
        os.environ["TORTURE_STATE"] = self.url
        self.vendors.reset()
        self.vendors.preload(sorted(self.strangers))
        for number, (steps, late) in enumerate(days(self.chance, self.seed, count, kills)):
            if number:
                self.shop.next_day()
            self.told.append(f"day {self.shop.day}")
            # what is all done needs no further kill but those of a run's end
            done = any(self._step(step) for step in steps)
            for step in late:
                done = self._step(step) or done
            self._evening(done=done)
            self.tally.days += 1
            if self.tally.findings:
                break
        else:
            self._quiet()
        self.tally.faults += self.vendors.struck()
        self.vendors.well()
        if not self.tally.findings:
            shutil.rmtree(self.folder)
        return self.tally

    def _step(self, step: Step) -> bool:
        """One run as the script wants it; whether it came to its end and all is done."""
        self.told.append(f"  {step}")
        for vendor, faults in step.faults.items():
            self.vendors.turn(vendor, faults)
        job = Job(self.shop.config, str(self.shop.day), self.shop.now(), step.kill, step.conditions)
        if step.rival:
            return self._beside_a_rival(job)
        process = self._begin(job)
        code = None
        if step.kill is not None and step.kill.kind == "moment":
            code = process.ended(step.kill.at / 1000)
            if code is None:
                process.kill()
        code = process.wait() if code is None else code
        self.told[-1] += f" -> {code}"
        if code == -9 and step.kill is not None:
            place = step.kill.place or step.kill.kind
            self.tally.kills[place] += 1
        else:
            self._honest(process, code)
        if step.conditions != type(step.conditions)():
            self.tally.conditions[step.conditions.name] += 1
        return code == 0

    def _begin(self, job: Job) -> Process:
        self.tally.runs += 1
        return begin(job, self.folder / "said")

    def _beside_a_rival(self, job: Job) -> bool:
        """One stands still past its lease, another takes over, the first writes no more."""
        pause = Kill("pause", 1 + self.shop.day.day % 3, "deliver.answered")
        first = begin(replace(job, kill=pause), self.folder / "first")
        self.tally.runs += 1
        if not first.paused():
            self._honest(first, first.code or 0)
            return first.code == 0
        self.tally.rivals += 1
        late = replace(job, now=job.now + timedelta(minutes=2))
        second = self._begin(late)
        done = second.wait()
        self._honest(second, done)
        first.go_on()
        code = first.wait()
        self._honest(first, code)
        if code != 5:
            self._found(f"who lost the lease ended with {code}: {first.tail()}")
        return done == 0

    def _honest(self, process: Process, code: int) -> None:
        if code not in HONEST:
            self._found(f"a run ended with {code}: {process.tail()}")

    def _evening(self, *, done: bool) -> None:
        """All is well again: then all must come right, in a few runs."""
        self.vendors.well()
        wrong = list(self._wrong()) if done else ["it is not done"]
        if not wrong:
            return
        for _ in range(EVENINGS):
            process = self._begin(Job(self.shop.config, str(self.shop.day), self.shop.now()))
            code = process.wait()
            self._honest(process, code)
            wrong = list(self._wrong()) if code in (0, 4) else [process.tail()]
            if not wrong:
                return
        for each in wrong[:10]:
            self._found(each)

    def _wrong(self) -> Iterator[str]:
        data = self.shop.folder / "data"
        kept = asked(self.folder / "asked", lambda: state(self.url, data))
        yield from Laws(kept, self.vendors, self.strangers).broken(len(self.shop.orders))

    def _quiet(self) -> None:
        """With nothing new, one more run makes no request."""
        before = self._requests()
        process = self._begin(Job(self.shop.config, str(self.shop.day), self.shop.now()))
        self._honest(process, process.wait())
        if self._requests() != before:
            self._found("a run with nothing to do made requests")

    def _requests(self) -> int:
        return sum(row["count"] for v in NAMES for row in self.vendors.look(v, "requests"))

    def _found(self, what: str) -> None:
        self.tally.findings.append(f"seed {self.seed}, {self.shop.day}: {what}")
