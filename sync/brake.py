"""The brake: when far more customers would move than on a usual day, a person looks first."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Held:
    """Moves of one destination that wait for an approval."""

    destination: str
    run_id: str
    moves: int
    known: int
    ceiling: int

    def sentence(self) -> str:
        """Why they are held and how to let them go."""
        share = 100 * self.moves / self.known
        return (
            f"{self.destination}: {self.moves:,} of {self.known:,} known customers would change "
            f"({share:.0f} %), more than {self.ceiling:,}; nothing of it is sent. If it is right: "
            f"tidesman approve {self.run_id} --up-to {self.moves}"
        )


@dataclass(frozen=True, slots=True)
class Brake:
    """Hold when more than ``customers`` *and* more than ``share`` of those known would change."""

    customers: int = 100
    share: float = 0.10

    def check(
        self, destination: str, run_id: str, *, moves: int, known: int, approved: int | None
    ) -> Held | None:
        """The moves to be held, None if they may go.

        ``moves`` are changes of customers that the destination has accepted before, ``known`` how
        many those are. ``approved`` is a ceiling: one move more and all of them are held.
        """
        ceiling = max(self.customers, int(self.share * known))
        if moves <= ceiling or (approved is not None and moves <= approved):
            return None
        return Held(destination, run_id, moves, known, ceiling)
