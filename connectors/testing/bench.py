"""Where a law is tried: one vendor, the wire to it, and the little of an engine that it takes."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from types import TracebackType
from typing import TYPE_CHECKING, Any, ParamSpec, Self

from connectors.base import Delivery, Destination
from connectors.errors import ConnectorError
from connectors.exchange import cut, exchange, verified
from connectors.testing.changes import AUDIENCES, change, enter
from connectors.testing.vendor import (
    KEY,
    Audiences,
    Choosy,
    Closing,
    Events,
    HttpVendor,
    Profiles,
    Recorded,
    Vendor,
)
from connectors.testing.wire import Wire
from connectors.types import (
    Batch,
    Change,
    Delivered,
    Enter,
    Exit,
    Identify,
    Outcome,
    Person,
    Receipt,
    Rejected,
    Track,
    Unsure,
)

if TYPE_CHECKING:
    from connectors.testing.law import Laws

P = ParamSpec("P")

#: How often a ticket is asked for at most, before it counts as never finished.
POLLS = 50


@dataclass(slots=True)
class Sent:
    """What became of changes, and how many attempts it took."""

    outcomes: dict[str, Outcome] = field(default_factory=dict[str, Outcome])
    attempts: int = 0

    @property
    def delivered(self) -> set[str]:
        """The ids of the changes that were delivered."""
        return self._of(Delivered)

    @property
    def rejected(self) -> set[str]:
        """The ids of the changes that were rejected."""
        return self._of(Rejected)

    @property
    def unsure(self) -> set[str]:
        """The ids of the changes of which nobody knows."""
        return self._of(Unsure)

    def _of(self, kind: type[Outcome]) -> set[str]:
        return {change_id for change_id, one in self.outcomes.items() if isinstance(one, kind)}


class Bench:
    """One law's own vendor with a destination for it."""

    def __init__(self, laws: Laws, key: str = KEY) -> None:
        self.key = key
        self.vendor: Vendor = laws.vendor(key)
        self.wire = self._reach()
        self._class = laws.destination
        self._always = laws.always
        self._made: list[Destination[Any]] = []
        #: The vendor's ids of the audiences, by name, as the engine remembers them.
        self._audiences: dict[str, str] = {}
        self.it = self.connect()

    async def __aenter__(self) -> Self:
        if type(self.it).ensure is not Destination.ensure:
            # by another wire, as in an earlier run: what is counted is this run's
            before = self._class(self.it.options, transport=self._reach())
            self._made.append(before)
            for name in AUDIENCES:
                self._audiences[name] = (await before.ensure(name)).id
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for one in self._made:
            await one.aclose()
        if isinstance(self.vendor, Closing):
            self.vendor.close()

    def _reach(self) -> Wire:
        return Wire(self.vendor.transport() if isinstance(self.vendor, HttpVendor) else None)

    def connect(self, key: str | None = None) -> Destination[Any]:
        """One more instance, as after a restart; perhaps with another key."""
        given = self.vendor.options(self.key if key is None else key)
        made = self._class(self._class.options_class(**given), transport=self.wire)
        self._made.append(made)
        return made

    def poison(self, people: Iterable[Person]) -> bool:
        """Let the vendor refuse these people and no others; False if it can refuse nobody."""
        if isinstance(self.vendor, Choosy):
            self.vendor.poison(list(people))
        return isinstance(self.vendor, Choosy)

    # -- sending

    @property
    def kinds(self) -> list[type[Change]]:
        """The kinds of change that it takes."""
        return list(self.it.deliveries)

    def delivery(self, kind: type[Change]) -> Delivery:
        """How it takes that kind."""
        found = self.it.delivery(kind)
        if found is None:
            raise AssertionError(f"it has a method for {kind.__name__}, but delivery() says no")
        return found

    def many(self, kind: type[Change], most: int = 250) -> int:
        """As many changes as one request takes, though not too many."""
        return min(self.delivery(kind).size, most)

    async def once(
        self, changes: Iterable[Change], by: Destination[Any] | None = None
    ) -> tuple[Batch[Any], Receipt]:
        """One call with all of them, and what it says; a ticket is not settled."""
        batch = Batch(tuple(self._whole(changes)))
        it = self.it if by is None else by
        method = getattr(it, self.delivery(type(batch.changes[0])).method)
        return batch, await method(batch)

    async def settled(
        self, batch: Batch[Any], receipt: Receipt, by: Destination[Any] | None = None
    ) -> Receipt:
        """The receipt that a ticket leads to in the end."""
        it = self.it if by is None else by
        for _ in range(POLLS):
            if receipt.ticket is None:
                return verified(batch, receipt)
            receipt = await it.settle(receipt.ticket, batch)
        raise AssertionError(f"a ticket was still pending after {POLLS} polls")

    async def send(self, changes: Sequence[Change], by: Destination[Any] | None = None) -> Sent:
        """Send all as the engine does: cut, halved where refused, settled to the end."""
        sent = Sent()
        async for part, receipt in self.parts(changes, by, sent):
            sent.outcomes |= (await self.settled(part, receipt, by)).outcomes
        return sent

    async def parts(
        self,
        changes: Sequence[Change],
        by: Destination[Any] | None = None,
        sent: Sent | None = None,
    ) -> AsyncIterator[tuple[Batch[Any], Receipt]]:
        """What becomes of each part of the changes, tickets not settled; counted in ``sent``."""
        it = self.it if by is None else by
        delivery = self.delivery(type(changes[0]))

        async def attempt(batch: Batch[Any]) -> Receipt:
            if sent is not None:
                sent.attempts += 1
            receipt: Receipt = await getattr(it, delivery.method)(batch)
            return receipt

        for batch in cut(it, delivery, self._whole(changes)):
            async for told in exchange(batch, attempt):
                yield told

    def _whole(self, changes: Iterable[Change]) -> Iterator[Change]:
        """The changes with what this destination wants in each."""
        for one in changes:
            if isinstance(one, Enter | Exit):
                yield replace(one, audience=self._audiences.get(one.audience, one.audience))
            elif isinstance(one, Identify) and self._always:
                yield replace(one, properties={**self._always, **one.properties})
            else:
                yield one

    async def deliver(self, *changes: Change, by: Destination[Any] | None = None) -> Sent:
        """Send all, and the law is broken if not each is delivered."""
        sent = await self.send(changes, by)
        lost = [(i, o) for i, o in sent.outcomes.items() if not isinstance(o, Delivered)]
        if lost or len(sent.outcomes) != len({c.id for c in changes}):
            raise AssertionError(f"good changes were not delivered: {lost[:3]}")
        return sent

    async def prepare(self, changes: Sequence[Change]) -> None:
        """Make the changes mean something: who shall leave an audience must be in it."""
        leaving = [c for c in changes if isinstance(c, Exit)]
        if leaving and Enter in self.kinds:
            await self.deliver(*(Enter(f"before-{c.id}", c.person, c.audience) for c in leaving))

    def calls(self) -> Iterator[tuple[str, Callable[[], Awaitable[object]]]]:
        """Every way to make a request but settling: the check, and one change of each kind."""
        yield "check", self.it.check
        for kind in self.kinds:
            yield kind.__name__, partial(self.once, [change(kind, 1)])

    # -- looking

    def properties(self, person: Person) -> dict[str, object]:
        """What the vendor holds of somebody; nothing of somebody unknown."""
        return dict(self.profiles.properties(person) or {})

    @property
    def profiles(self) -> Profiles:
        """The vendor as one that holds properties."""
        return self.vendor  # type: ignore[return-value]

    def events(self, person: Person) -> list[Recorded]:
        """The events that the vendor holds of somebody."""
        holder: Events = self.vendor  # type: ignore[assignment]
        return list(holder.events(person))

    def holds(self, audience: str, person: Person) -> bool:
        """Whether somebody is in an audience."""
        holder: Audiences = self.vendor  # type: ignore[assignment]
        return holder.holds(audience, person)

    def arrived(self, one: Change) -> bool:
        """Whether the vendor shows what the change asked for."""
        if isinstance(one, Track):
            number = one.properties["number"]
            return any(_number(event) == number for event in self.events(one.person))
        if isinstance(one, Identify):
            held = self.properties(one.person)
            return all(str(held.get(name)) == str(v) for name, v in one.properties.items())
        if isinstance(one, Enter | Exit):
            return self.holds(one.audience, one.person) is isinstance(one, Enter)
        raise AssertionError(f"there is no law for a {type(one).__name__}")

    def state(self, people: Iterable[Person]) -> object:
        """Everything that is held of these people, and how many there are; comparable."""
        held: list[object] = [self.vendor.people()]
        for person in people:
            if isinstance(self.vendor, Profiles):
                held.append(self.properties(person))
            if isinstance(self.vendor, Events):
                held.append(sorted(repr(event) for event in self.events(person)))
            if isinstance(self.vendor, Audiences):
                held.append(self.holds(enter(0).audience, person))
        return held


async def failing(
    call: Callable[P, Awaitable[object]], *args: P.args, **kwargs: P.kwargs
) -> ConnectorError | None:
    """The error of a connector that the call raises, or None; another error passes through."""
    try:
        await call(*args, **kwargs)
    except ConnectorError as error:
        return error
    return None


def _number(event: Recorded) -> object:
    held = event.properties.get("number")
    return int(held) if isinstance(held, str) and held.isdecimal() else held
