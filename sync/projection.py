"""What a destination shall hold of a customer: which properties, and by which names."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from sync.audiences import Audiences
from sync.names import Names

#: The numbers and dates of a customer that ride along: column of the snapshot, digits kept.
FACTS: Mapping[str, int | None] = MappingProxyType(
    {
        "churn_probability": 4,
        "clv_3y": 2,
        "expected_next_order": None,
        "intervention_date": None,
    }
)

#: What a destination gets if ``also`` names it: column of the snapshot, digits kept.
MORE: Mapping[str, int | None] = MappingProxyType({"ranking_score": 4, "ranked_by": None})

#: Columns that hold days.
DAYS = frozenset({"lifecycle_since", "expected_next_order", "intervention_date"})

_SCHEME = re.compile(r"[a-z][a-z0-9_]*")


@dataclass(frozen=True, slots=True)
class Property:
    """One property: its name at the destination and the SQL of its value over the snapshot."""

    name: str
    column: str
    sql: str


@dataclass(frozen=True, slots=True)
class Projection:
    """How the published customers are turned into the properties and events of one destination.

    ``prefix`` is put before every name, ``rename`` replaces names. ``event_schemes`` are those
    whose moves become events, if ``events`` is on. ``refresh`` names numbers that are pushed even
    without a change of segment, once they differ by more than that from what was last accepted.
    ``names`` are what the segments themselves are called; ``also`` names some of ``MORE``.
    Raises ValueError for names that do not exist or collide.
    """

    prefix: str = ""
    rename: Mapping[str, str] = field(default_factory=dict[str, str])
    schemes: tuple[str, ...] = ("lifecycle", "rfm", "risk_value")
    events: bool = True
    event_schemes: tuple[str, ...] = ("lifecycle",)
    refresh: Mapping[str, float] = field(default_factory=dict[str, float])
    names: Names = field(default_factory=Names)
    #: Which lists there shall be beside the properties; None: none.
    audiences: Audiences | None = None
    also: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for scheme in self.schemes:
            if _SCHEME.fullmatch(scheme) is None:
                raise ValueError(f"{scheme!r} is no name of a scheme")
        if strange := sorted(set(self.also) - MORE.keys()):
            raise ValueError(f"also: there is no {strange[0]!r}; there are {', '.join(MORE)}")
        known = [name for name, _, _ in self._standard()]
        unknown = sorted(self.rename.keys() - set(known))
        if unknown:
            raise ValueError(
                f"rename: there is no property {unknown[0]!r}; there are {', '.join(known)}"
            )
        numbers = {name for name, _, digits in self._standard() if digits is not None}
        strange = sorted(self.refresh.keys() - numbers)
        if strange:
            raise ValueError(
                f"refresh: {strange[0]!r} is no number; there are {', '.join(sorted(numbers))}"
            )
        names = [p.name for p in self.properties()]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ValueError(f"rename: two properties would bear the name {twice[0]!r}")

    def properties(self) -> list[Property]:
        """The properties in the order in which they are sent."""
        return [
            Property(self.name(standard), column, self._sql(column, digits))
            for standard, column, digits in self._standard()
        ]

    def name(self, standard: str) -> str:
        """What a property is called at this destination."""
        return self.prefix + self.rename.get(standard, standard)

    def wanted(self) -> str:
        """The SQL of the text by which a change is seen: who it is, and his segments.

        A JSON list such as ``["17850",null,null,"Champions"]``: readable, in one line, and never
        the same for two states. Segments stand in it by the field's names. Names, of properties or
        of segments, that are not the usual ones add a mark to it, so that all is sent again after
        they were changed.
        """
        parts = ["customer_id", "email", "phone", *(f"{s}_segment" for s in self.schemes)]
        standard = [name for name, _, _ in self._standard()]
        named = [self.name(name) for name in standard]
        called = self.names.listed(self.schemes)
        if named != standard or called or self.also:
            mark = hashlib.sha256("\n".join([*named, *called]).encode()).hexdigest()[:8]
            parts.append(f"'#{mark}'")
        return f"to_json([{', '.join(parts)}])::VARCHAR"

    def value(self) -> str:
        """The SQL of what is sent, as the very text that ``sync.values.dump`` writes."""
        pairs = ", ".join(f"{_quoted(p.name)} := {p.sql}" for p in self.properties())
        inner = f"struct_pack({pairs})" if pairs else "json('{}')"
        return (
            f"to_json(struct_pack(email := email, phone := phone, properties := {inner}))::VARCHAR"
        )

    def drifted(self, accepted: str) -> str | None:
        """The SQL that is true where a number left its tolerance; None if none has one.

        ``accepted`` is the column with what was accepted last.
        """
        tests = [
            f"CASE WHEN ({old}) IS NULL OR ({new}) IS NULL THEN ({old}) IS DISTINCT FROM ({new}) "
            f"ELSE abs(({old}) - ({new})) > {float(tolerance)!r} END"
            for old, new, tolerance in self._tolerances(accepted)
        ]
        return " OR ".join(tests) or None

    def _tolerances(self, accepted: str) -> list[tuple[str, str, float]]:
        columns = {name: (column, digits) for name, column, digits in self._standard()}
        found: list[tuple[str, str, float]] = []
        for standard, tolerance in self.refresh.items():
            path = _text(f'$.properties."{self.name(standard)}"')
            old = f"json_extract({accepted}::JSON, {path})::VARCHAR::DOUBLE"
            found.append((f"try({old})", self._sql(*columns[standard]), tolerance))
        return found

    def _sql(self, column: str, digits: int | None) -> str:
        scheme, _, kind = column.rpartition("_")
        if kind in ("segment", "previous") and scheme in self.schemes:
            return self.names.sql(scheme, column)
        return _value(column, digits)

    def _standard(self) -> list[tuple[str, str, int | None]]:
        """The usual name, the snapshot's column, and the digits kept of a number."""
        found: list[tuple[str, str, int | None]] = []
        for scheme in self.schemes:
            found.append((f"{scheme}_segment", f"{scheme}_segment", None))
            if scheme == "lifecycle":
                found += [
                    ("lifecycle_segment_previous", "lifecycle_previous", None),
                    ("lifecycle_segment_since", "lifecycle_since", None),
                ]
            if scheme == "rfm":
                found.append(("rfm_score", "rfm_score", 2))
        more = {name: MORE[name] for name in MORE if name in self.also}
        return found + [(name, name, digits) for name, digits in {**FACTS, **more}.items()]


def _value(column: str, digits: int | None) -> str:
    if column in DAYS:
        return f"CASE WHEN {column} IS NOT NULL THEN struct_pack(date := {column}::DATE) END"
    if digits is None:
        return column
    return f"CASE WHEN isfinite({column}) THEN round({column}, {digits}) END"


def _quoted(name: str) -> str:
    """A name inside SQL."""
    return '"' + name.replace('"', '""') + '"'


def _text(value: str) -> str:
    """A text inside SQL."""
    return "'" + value.replace("'", "''") + "'"
