"""Reading people back from a vendor: several calls at once, patient, and small where refused."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from connectors.base import Destination
from connectors.errors import ConnectorError, Refused
from connectors.types import Person
from sync.wire import Stopping, Wire

Held = Mapping[str, object]


@dataclass(slots=True)
class ReadBack:
    """What was told: properties by customer id, and why somebody could not be asked for.

    Who is in neither is not at the vendor.
    """

    held: dict[str, Held] = field(default_factory=dict[str, Held])
    unreadable: dict[str, str] = field(default_factory=dict[str, str])


async def read_back(
    connector: Destination[Any],
    wire: Wire,
    people: Sequence[Person],
    names: Sequence[str],
    on_answer: Callable[[int], None],
) -> ReadBack:
    """Read all of them. Raises what stops a destination: ConnectorError or Stopping."""
    reading = _Reading(connector, wire, names, on_answer)
    left = iter(people)
    await asyncio.gather(*(reading.work(left) for _ in range(wire.pace.at_once())))
    if reading.halted is not None:
        raise reading.halted
    return reading.told


class _Reading:
    def __init__(
        self,
        connector: Destination[Any],
        wire: Wire,
        names: Sequence[str],
        on_answer: Callable[[int], None],
    ) -> None:
        self.connector = connector
        self.wire = wire
        self.names = names
        self.on_answer = on_answer
        self.told = ReadBack()
        self.halted: ConnectorError | Stopping | None = None

    async def work(self, left: Iterator[Person]) -> None:
        while self.halted is None and (some := list(islice(left, self.connector.reads))):
            try:
                await self._read(some)
            except (ConnectorError, Stopping) as error:
                self.halted = self.halted or error
            self.on_answer(len(some))

    async def _read(self, some: Sequence[Person]) -> None:
        """One call; where it is refused, halves, until the one who cannot be read is alone."""
        try:
            found = await self.wire.send(
                lambda: self.connector.read(some, self.names), repeatable=True
            )
        except Refused as refusal:
            if len(some) == 1:
                self.told.unreadable[some[0].id] = str(refusal)
                return
            middle = len(some) // 2
            await self._read(some[:middle])
            await self._read(some[middle:])
        else:
            self.told.held.update(found)
