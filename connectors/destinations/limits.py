"""What one record may hold at a vendor, as data, and the sentence if it holds more."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from connectors.destinations.guards import Identifier, identify
from connectors.errors import Refused
from connectors.http import encode
from connectors.types import Batch, Change, Identify, Outcome, Rejected, Track, Value

#: The most bytes of JSON that one character becomes: a control character, as a \\u escape.
WIDEST = 6
#: More than the JSON of a property takes beside its name and its text.
AROUND = 64


@dataclass(frozen=True, slots=True)
class Limits:
    """The documented limits of one record; None: none is documented.

    ``names`` and ``texts`` are characters of a property's name and value, ``text_bytes`` and
    ``ids_bytes`` bytes in UTF-8, ``record_bytes`` bytes of the record's JSON, ``event_name``
    characters, ``properties`` a count.
    """

    vendor: str
    ids: int | None = None
    ids_bytes: int | None = None
    names: int | None = None
    texts: int | None = None
    text_bytes: int | None = None
    record_bytes: int | None = None
    event_name: int | None = None
    properties: int | None = None

    def within(
        self,
        batch: Batch[Any],
        by: Identifier,
        wire: Callable[[Change], Mapping[str, Any]],
    ) -> None:
        """Raise Refused, naming the changes that are too large; nothing is sent for it."""
        large: dict[str, Outcome] = {}
        room = self._room()
        for change in batch:
            if self._is_surely_within(change, room):
                continue
            fault = next(self._faults(change, by, wire), None)
            if fault is not None:
                large[change.id] = Rejected(fault)
        if large:
            raise Refused(f"{len(large)} of {len(batch)} are too large", outcomes=large)

    def _room(self) -> float:
        """The length that any text may have, and the count of properties, whatever it is for."""
        plain = (self.ids, self.names, self.texts, self.event_name, self.properties)
        octets = (self.ids_bytes, self.text_bytes)
        given = [n for n in plain if n is not None] + [n // WIDEST for n in octets if n is not None]
        return min(given, default=math.inf)

    def _is_surely_within(self, change: Change, room: float) -> bool:
        """Whether its longest text is below every limit; nearly all are, and that is seen soon."""
        properties: Mapping[str, Value] = {}
        if isinstance(change, Identify | Track):
            properties = change.properties
        name = change.name if isinstance(change, Track) else ""
        texts = [len(value) for value in properties.values() if isinstance(value, str)]
        longest = max(len(change.person.id), len(name), *map(len, properties), *texts)
        heaviest = AROUND + len(properties) * (AROUND + 2 * WIDEST * longest)
        light = self.record_bytes is None or heaviest <= self.record_bytes
        return light and max(longest, len(properties)) <= room

    def _faults(
        self, change: Change, by: Identifier, wire: Callable[[Change], Mapping[str, Any]]
    ) -> Iterator[str]:
        field, value = identify(change.person, by) or ("email", "")
        if field == "external_id":
            yield from self._over("the customer id", value, self.ids, self.ids_bytes)
        properties: Mapping[str, Value] = {}
        if isinstance(change, Identify | Track):
            properties = change.properties
        if isinstance(change, Track):
            yield from self._over("the event's name", change.name, self.event_name, None)
        if self.properties is not None and len(properties) > self.properties:
            yield self._sentence("the event", len(properties), "properties", self.properties)
        size = AROUND
        for name, held in properties.items():
            text = held if isinstance(held, str) else ""
            size += AROUND + WIDEST * (len(name) + len(text))
            yield from self._over(f"the property's name {name[:40]!r}", name, self.names, None)
            yield from self._over(f"the property {name[:40]!r}", text, self.texts, self.text_bytes)
        # the JSON is only made where it could be too long
        if self.record_bytes is not None and size > self.record_bytes:
            exact = len(encode(wire(change)))
            if exact > self.record_bytes:
                yield self._sentence("the record", exact, "bytes", self.record_bytes)

    def _over(
        self, what: str, text: str, characters: int | None, octets: int | None
    ) -> Iterator[str]:
        if characters is not None and len(text) > characters:
            yield self._sentence(what, len(text), "characters", characters)
        if octets is not None and WIDEST * len(text) > octets:
            exact = len(text.encode())
            if exact > octets:
                yield self._sentence(what, exact, "bytes", octets)

    def _sentence(self, what: str, size: int, unit: str, limit: int) -> str:
        return f"{what} has {size:,} {unit}, and {self.vendor} takes {limit:,} at most"
