"""What an in-memory vendor must offer, so that the laws can look at what arrived and make trouble.

Trouble on the wire (statuses, waits, timeouts, lost and broken answers) is made by the kit itself.
A vendor class takes the one key that it lets in and starts empty; each law makes its own.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, Protocol, runtime_checkable

import httpx

from connectors.types import Person

#: The key that a vendor is made with. It must come to light nowhere.
KEY: Final = "right_key_canary_0123456789abcdef"
#: Where the vendor is; options must point the destination there.
ADDRESS: Final = "https://vendor.test"


@dataclass(frozen=True, slots=True)
class Recorded:
    """An event as the vendor holds it. ``occurred_at`` is aware.

    ``triggers`` is False if the vendor was told to start nothing by it.
    """

    name: str
    occurred_at: datetime
    properties: Mapping[str, object] = field(default_factory=dict[str, object])
    triggers: bool = True


@runtime_checkable
class Vendor(Protocol):
    """One account of a vendor, in memory."""

    def __init__(self, key: str) -> None: ...

    def options(self, key: str) -> Mapping[str, object]:
        """The options of a destination that comes with this key, perhaps a wrong one."""
        ...

    def people(self) -> int:
        """How many people it knows of, strays included."""
        ...


@runtime_checkable
class Choosy(Protocol):
    """Wanted unless nothing can be wrong with a single change, as where they are only written down.

    Without it no law of rejections counts.
    """

    def poison(self, people: Collection[Person]) -> None:
        """From now on, changes about these people are refused, and no others."""
        ...


@runtime_checkable
class HttpVendor(Vendor, Protocol):
    """A vendor that is spoken to by HTTP. One that has no ``transport`` is not."""

    def transport(self) -> httpx.AsyncBaseTransport:
        """The way to it, such as ``httpx.ASGITransport(app)`` or ``httpx.MockTransport``."""
        ...


@runtime_checkable
class Profiles(Protocol):
    """Wanted if the destination takes ``Identify``."""

    def properties(self, person: Person) -> Mapping[str, object] | None:
        """All that is held of a person, or None of somebody unknown."""
        ...


@runtime_checkable
class Events(Protocol):
    """Wanted if the destination takes ``Track``."""

    def events(self, person: Person) -> Sequence[Recorded]:
        """All events of a person, in any order."""
        ...


@runtime_checkable
class Audiences(Protocol):
    """Wanted if the destination takes ``Enter`` or ``Exit``."""

    def holds(self, audience: str, person: Person) -> bool:
        """Whether the person is in the audience; False if there is no such audience."""
        ...


@runtime_checkable
class Jobs(Protocol):
    """Wanted if a call of the destination returns a ticket. Each word is about the next job."""

    def slow(self, polls: int) -> None:
        """It is found unfinished for so many polls."""
        ...

    def cancel(self) -> None:
        """It is cancelled with nothing of it done."""
        ...

    def lose(self) -> None:
        """It is not known any more when it is asked for."""
        ...


@runtime_checkable
class Closing(Protocol):
    """A vendor that has something to give back, such as a folder."""

    def close(self) -> None:
        """Give it back."""
        ...
