"""What a channel is told: what went wrong, and what is well again, in sentences."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

#: Characters of a subject.
SUBJECT = 120


@dataclass(frozen=True, slots=True)
class Change:
    """A condition that arose or, if ``well``, ended; ``since`` is when it was first seen."""

    condition: str
    says: str
    since: datetime
    well: bool = False

    def line(self) -> str:
        """As a line of text."""
        if self.well:
            return f"Well again: {self.says}"
        return f"Wrong: {self.says}"


@dataclass(frozen=True, slots=True)
class Message:
    """Everything that one channel is told at a time; ``at`` is when."""

    title: str
    at: datetime
    changes: tuple[Change, ...]

    def subject(self) -> str:
        """One line of it."""
        first = " ".join(self.changes[0].line().split())
        more = f" (and {len(self.changes) - 1} more)" if len(self.changes) > 1 else ""
        room = SUBJECT - len(more)
        text = f"{self.title}: {first}"
        return (text if len(text) <= room else f"{text[: room - 1]}…") + more

    def text(self) -> str:
        """All of it, a line a change."""
        return "\n".join([self.title, *(change.line() for change in self.changes)])

    def to_json(self) -> dict[str, Any]:
        """What a webhook gets; times as ISO 8601 in UTC."""
        return {
            "title": self.title,
            "at": self.at.isoformat(),
            "text": self.text(),
            "changes": [
                {
                    "condition": change.condition,
                    "state": "well" if change.well else "wrong",
                    "says": change.says,
                    "since": change.since.isoformat(),
                }
                for change in self.changes
            ],
        }
