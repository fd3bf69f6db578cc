"""Misbehaviour by dial: which of the next requests go wrong, and how.

A fault strikes the requests that match its method and path, the next ``times`` of them or, with
``times=None``, all until it is taken away; with a ``rate`` each of them by chance, from a seed.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Collection
from fnmatch import fnmatchcase
from typing import Final, Literal

from pydantic import BaseModel, ConfigDict, Field

Kind = Literal[
    "throttle",
    "status",
    "truncate",
    "cut",
    "wrong_json",
    "lost",
    "drop",
    "stall",
    "slow_job",
    "cancel_job",
    "lose_job",
    "small_pages",
    "poison",
    "queued",
    "unindexed",
]

#: Those that the wire suffers, whatever the vendor; the others are read by the vendor's own code.
WIRE: Final[frozenset[Kind]] = frozenset(
    {"throttle", "status", "truncate", "cut", "wrong_json", "lost", "drop", "stall"}
)


class Fault(BaseModel):
    """One dial. Only the fields that its kind names are read; unknown fields are refused.

    ``name`` is what it is counted as when it strikes; its kind, if none is given.

    throttle     429; ``dress`` says how the wait is told, ``seconds`` how long it is
    status       ``status`` (5xx, 401, 413 ...) in the vendor's shape; ``applied``: after doing it
    truncate     done, but only the first half of the JSON arrives, as a complete answer
    cut          done, but the connection ends in the middle of the answer's body
    wrong_json   done, but ``body`` stands in place of the answer
    lost         done, then the connection is dropped without an answer
    drop         the connection is dropped before anything is done
    stall        the answer comes after ``seconds``
    slow_job     Klaviyo: the next job is still processing for ``polls`` polls
    cancel_job   Klaviyo: the next job is cancelled after ``part`` of its records
    lose_job     Klaviyo: the next job answers 404 after ``part`` of its records
    small_pages  pages hold at most ``size`` items, whatever was asked for
    poison       records with one of ``ids`` ("*": every record) are refused, one by one or, with
                 ``how="request"``, the whole request; ``code`` is the vendor's word for it, with
                 ``named=False`` the answer does not tell which record it was
    queued       Braze: 202 "queued", done at the next request
    unindexed    Braze: an error that names no object, everything is done
    """

    model_config = ConfigDict(extra="forbid")

    kind: Kind
    times: int | None = Field(default=1, ge=1)
    skip: int = Field(default=0, ge=0)
    method: str = "*"
    path: str = "*"
    rate: float = Field(default=1.0, gt=0, le=1)
    status: int = 503
    applied: bool = False
    dress: Literal["vendor", "seconds", "date", "absent", "zero"] = "vendor"
    seconds: float = 1.0
    body: str = "[]"
    reset: bool = True
    polls: int = 3
    part: float = Field(default=0.0, ge=0, le=1)
    size: int = Field(default=2, ge=1)
    ids: tuple[str, ...] = ()
    how: Literal["record", "request"] = "record"
    code: str = ""
    named: bool = True
    name: str = ""

    def matches(self, method: str, path: str) -> bool:
        """Whether it is meant for such a request; ``path`` may hold ``*`` as in a shell."""
        return self.method in {"*", method} and fnmatchcase(path, self.path)

    def hits(self, *identifiers: str | None) -> bool:
        """Whether a record with these identifiers is poisoned."""
        return "*" in self.ids or any(i is not None and i in self.ids for i in identifiers)


class Faults:
    """The dials of one look-alike. ``struck`` counts, by name, how often each has struck."""

    def __init__(self, *faults: Fault, seed: int = 0) -> None:
        self._random = random.Random(seed)  # noqa: S311 - chance that can be replayed, no secret
        self._faults = list(faults)
        self.struck: Counter[str] = Counter()

    def add(self, fault: Fault) -> None:
        """Turn one more dial."""
        self._faults.append(fault)

    def clear(self, *, seed: int | None = None) -> None:
        """Take all faults away; with a seed, begin its chances anew."""
        self._faults = []
        if seed is not None:
            self._random.seed(seed)

    def standing(self) -> list[Fault]:
        """The faults that can still strike, with the times that are left."""
        return list(self._faults)

    def strike(self, kinds: Collection[str], method: str, path: str) -> Fault | None:
        """The first fault of these kinds that strikes this request; one of its times is spent."""
        for fault in self._faults:
            if fault.kind not in kinds or not fault.matches(method, path):
                continue
            if fault.skip:
                fault.skip -= 1
            elif fault.rate >= 1 or self._random.random() < fault.rate:
                self._spend(fault)
                return fault
        return None

    def _spend(self, fault: Fault) -> None:
        self.struck[fault.name or fault.kind] += 1
        if fault.times is None:
            return
        fault.times -= 1
        if not fault.times:
            self._faults = [other for other in self._faults if other is not fault]
