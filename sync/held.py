"""What a destination may be told in a run, and what waits for a person: moves and lists."""

from __future__ import annotations

from dataclasses import dataclass, replace

from sync.brake import Brake, Held, HeldLists
from sync.difference import Difference, Kind
from sync.roster import Roster


@dataclass(frozen=True, slots=True)
class Stays:
    """What is held at one destination; None: nothing of it."""

    moves: Held | None
    lists: HeldLists | None

    def sentence(self) -> str | None:
        """Why, and how to let them go."""
        return "\n".join(h.sentence() for h in (self.moves, self.lists) if h is not None) or None


def stays(
    brake: Brake,
    destination: str,
    run_id: str,
    difference: Difference | None,
    roster: Roster | None,
    approved: int | None,
) -> Stays:
    """Ask the brake, and have the roster hold what it must.

    ``approved`` is a ceiling for all that is held at a destination together: moves, those who
    leave lists and first loads of lists. Whose move is held changes no list either.
    """
    held = None
    if difference is not None:
        counts = difference.counts
        held = brake.check(
            destination, run_id, moves=counts.moves, known=counts.known, approved=None
        )
    lists = None
    if roster is not None:
        told = roster.counts
        first = 0 if roster.chosen.load else told.first
        lists = brake.lists(
            destination, run_id, leaves=told.leaves, members=told.members, first=first
        )
    moves = 0 if held is None else held.moves
    others = 0 if lists is None else lists.leaves + lists.first
    if approved is not None and moves + others <= approved:
        held = lists = None
    if held is not None and others:
        held = replace(held, beside=others)
    if lists is not None and moves:
        lists = replace(lists, beside=moves)
    if roster is not None:
        stuck = set[str]() if held is None or difference is None else difference.ids(Kind.MOVE)
        leaves, first_load = (
            (False, False) if lists is None else (lists.leaves > 0, lists.first > 0)
        )
        roster.hold(stuck, leaves=leaves, first=first_load)
    return Stays(held, lists)
