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
    #: Changes of lists that are held with them.
    beside: int = 0

    def sentence(self) -> str:
        """Why they are held and how to let them go."""
        share = 100 * self.moves / self.known
        return (
            f"{self.destination}: {self.moves:,} of {self.known:,} known customers would change "
            f"({share:.0f} %), more than {self.ceiling:,}; nothing of it is sent. If it is right: "
            f"tidesman approve {self.run_id} --up-to {self.moves + self.beside}"
        )


@dataclass(frozen=True, slots=True)
class HeldLists:
    """Changes of the lists of one destination that wait for an approval.

    ``leaves`` are more than the brake lets go, or 0; ``first`` are people who would join lists
    that were never loaded; ``beside`` are moves that are held with them.
    """

    destination: str
    run_id: str
    leaves: int
    members: int
    ceiling: int
    first: int
    beside: int = 0

    def told(self) -> str:
        """Why they are held."""
        said: list[str] = []
        if self.leaves:
            said.append(
                f"{self.leaves:,} of {self.members:,} members would leave lists, more than "
                f"{self.ceiling:,}; they stay"
            )
        if self.first:
            said.append(
                f"{self.first:,} customers would join lists for the first time, which can start "
                "what waits there for new members; nobody joins these"
            )
        return f"{self.destination}: {'; '.join(said)}"

    def sentence(self) -> str:
        """Why they are held and how to let them go."""
        up_to = self.leaves + self.first + self.beside
        return f"{self.told()}. If it is right: tidesman approve {self.run_id} --up-to {up_to}"


@dataclass(frozen=True, slots=True)
class Brake:
    """Hold when more than ``customers`` *and* more than ``share`` of those known would change."""

    customers: int = 100
    share: float = 0.10
    #: Of those on our lists, who may leave at once.
    removals: float = 0.05

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

    def lists(
        self, destination: str, run_id: str, *, leaves: int, members: int, first: int
    ) -> HeldLists | None:
        """The changes of lists to be held if nobody approves them, None if there are none."""
        ceiling = max(self.customers, int(self.removals * members))
        many = leaves if leaves > ceiling else 0
        if not many and not first:
            return None
        return HeldLists(destination, run_id, many, members, ceiling, first)
