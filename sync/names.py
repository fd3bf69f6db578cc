"""What the operator calls a segment. Inside, segments keep the field's names: these are for people
and destinations alone, so that another name moves nobody.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Protocol, TypeVar

if TYPE_CHECKING:
    from sync.app import App


class _Move(Protocol):
    @property
    def scheme(self) -> str: ...
    @property
    def from_segment(self) -> str | None: ...
    @property
    def to_segment(self) -> str: ...


M = TypeVar("M", bound=_Move)


@dataclass(frozen=True, slots=True)
class Names:
    """The segments that bear another name than the field's, by scheme."""

    given: Mapping[str, Mapping[str, str]] = field(default_factory=dict[str, Mapping[str, str]])

    def of(self, scheme: str, segment: str) -> str:
        """What a segment is called."""
        return self.given.get(scheme, {}).get(segment, segment)

    def told(self, move: M) -> M:
        """A move, from and to as they are called."""
        came = move.from_segment
        named = None if came is None else self.of(move.scheme, came)
        went = self.of(move.scheme, move.to_segment)
        return replace(move, from_segment=named, to_segment=went)  # type: ignore[type-var]

    def sql(self, scheme: str, column: str) -> str:
        """The SQL of a column of segments as they are called."""
        given = self.given.get(scheme, {})
        if not given:
            return column
        cases = " ".join(f"WHEN {_text(key)} THEN {_text(name)}" for key, name in given.items())
        return f"CASE {column} {cases} ELSE {column} END"

    def listed(self, schemes: tuple[str, ...]) -> list[str]:
        """The other names of these schemes, one a line; the same list for the same names."""
        return [
            f"{scheme}.{key}={name}"
            for scheme in schemes
            for key, name in sorted(self.given.get(scheme, {}).items())
        ]


def names_of(app: App) -> Names:
    """What the operator calls the segments."""
    return Names(app.loaded.segments.names)


def _text(value: str) -> str:
    """A text inside SQL."""
    return "'" + value.replace("'", "''") + "'"
