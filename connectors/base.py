"""What a connector is: a class with options, rates as data, and one method for each thing it does.

A connector speaks one vendor's language. It keeps no state, has no clock, and never decides when,
how often, or again: diffing, batching, pacing, retries, halving and polling are the engine's.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Generic, TypeVar, cast

import httpx
from pydantic import SecretStr

from connectors import http
from connectors.errors import ConnectorError
from connectors.held import holds
from connectors.options import HttpOptions, Options, SharedOptions
from connectors.rate import Rate
from connectors.types import Audience, Batch, Change, Coverage, Page, Person, Receipt, Value

__all__ = [
    "Connector",
    "Delivery",
    "Destination",
    "HttpOptions",
    "Options",
    "Rate",
    "SharedOptions",
    "Source",
    "delivers",
]

O_co = TypeVar("O_co", bound=Options, covariant=True)
D = TypeVar("D", bound="Destination[Any]")
C = TypeVar("C", bound=Change)


class Connector(ABC, Generic[O_co]):
    """The common part of sources and destinations."""

    #: The class of the options, for whoever builds a connector from a configuration.
    options_class: ClassVar[type[Options]]
    #: The vendor's documented limits; the transport keeps them.
    rates: ClassVar[tuple[Rate, ...]] = ()

    def __init__(self, options: O_co, *, transport: httpx.AsyncBaseTransport) -> None:
        self.options = options
        base_url = options.base_url if isinstance(options, HttpOptions) else ""
        self.client = httpx.AsyncClient(
            base_url=base_url, transport=transport, auth=self.authorize, timeout=30.0
        )

    def limits(self) -> tuple[Rate, ...]:
        """The limits in force; override where a contract or an option decides them."""
        return self.spared(self.rates)

    def spared(self, rates: tuple[Rate, ...]) -> tuple[Rate, ...]:
        """These limits less what the options reserve for the shop's other apps."""
        if not isinstance(self.options, SharedOptions):
            return rates
        reserve = self.options.reserve
        return tuple(rate.without(reserve) for rate in rates)

    def authorize(self, request: httpx.Request) -> httpx.Request:
        """Add the credentials to a request."""
        return request

    def secrets(self) -> tuple[str, ...]:
        """What must stand in no error, however the vendor repeats it."""
        values = (getattr(self.options, name) for name in type(self.options).model_fields)
        return tuple(v.get_secret_value() for v in values if isinstance(v, SecretStr))

    def failure(self, response: httpx.Response) -> ConnectorError:
        """The error that an unsuccessful answer stands for; override for a vendor's own."""
        return http.failure(response, secrets=self.secrets())

    async def call(
        self,
        method: str,
        path: str,
        *,
        json: object = None,
        params: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        accept: tuple[int, ...] = (),
    ) -> httpx.Response:
        """One request. 2xx and the statuses in ``accept`` are returned, all else is raised.

        ``json`` is sent as ``application/json`` unless ``headers`` name another media type.
        """
        request = http.request(self.client, method, path, json=json, params=params, headers=headers)
        return await http.send(
            self.client, request, accept=accept, fail=self.failure, secrets=self.secrets()
        )

    async def check(self) -> None:
        """One harmless request that shows whether the connector can work; raises if not."""

    async def aclose(self) -> None:
        """Give back connections."""
        await self.client.aclose()


class Source(Connector[O_co]):
    """Where orders, events or both come from: it has a method for what it brings.

    After each page the engine stores rows and cursor together. A pull that fails goes on from the
    last cursor: by itself after ``Throttled``, ``NotReady`` and ``Unavailable``, and with the next
    run after all else. So a source neither waits nor repeats.
    """

    #: After how many days all orders are pulled anew, to find what the shop deleted or changed
    #: without a sign. None: never, as where pages have units.
    recheck_days: ClassVar[int | None] = 7

    def brings(self) -> frozenset[str]:
        """Of ``orders`` and ``events``, what it has; override where an option decides."""
        mine = type(self)
        return frozenset(
            name
            for name in ("orders", "events")
            if getattr(mine, name) is not getattr(Source, name)
        )

    async def probe(self) -> Coverage:
        """How much of the shop can be seen with these permissions; asked once before each pull."""
        return Coverage()

    def orders(self, since: str | None) -> AsyncIterator[Page]:
        """Yield pages of orders, oldest change first, from the cursor on (None: all there is).

        Pulled from None to the end, every order that the shop still has was brought.
        """
        raise NotImplementedError(f"{type(self).__name__} has no orders")

    def events(self, since: str | None) -> AsyncIterator[Page]:
        """Yield pages of events, oldest arrival first, from the cursor on."""
        raise NotImplementedError(f"{type(self).__name__} has no events")


@dataclass(frozen=True, slots=True)
class Delivery:
    """How one kind of change goes out: the method's name and the limits of one request."""

    method: str
    size: int
    bytes: int | None
    idempotent: bool


Handler = Callable[[Any, Batch[C]], Awaitable[Receipt]]


def delivers(
    kind: type[C],
    *,
    size: int,
    bytes: int | None = None,  # noqa: A002 - it reads as the limit that it is
    idempotent: bool = True,
) -> Callable[
    [Callable[[D, Batch[C]], Awaitable[Receipt]]], Callable[[D, Batch[C]], Awaitable[Receipt]]
]:
    """Mark the method that delivers one kind of change.

    ``size`` is the most changes and ``bytes`` the most JSON of one request. ``idempotent=False``
    says that the vendor cannot tell a repeat: after a lost answer the engine does not send again.
    """

    def mark(
        method: Callable[[D, Batch[C]], Awaitable[Receipt]],
    ) -> Callable[[D, Batch[C]], Awaitable[Receipt]]:
        delivery = Delivery(method.__name__, size, bytes, idempotent)
        method.__delivers__ = (kind, delivery)  # type: ignore[attr-defined]
        return method

    return mark


class Destination(Connector[O_co]):
    """Where segments go. Supporting a kind of change means having a ``@delivers`` method for it."""

    #: By kind of change; filled in from the ``@delivers`` methods of the class.
    deliveries: ClassVar[Mapping[type[Change], Delivery]] = {}
    #: Names, in lower case, that no property may bear here: consent or identity is kept in them.
    #: One that ends with ``*`` stands for all that begin so.
    reserved: ClassVar[frozenset[str]] = frozenset()
    #: The most people that one call of ``read`` is asked for; 0 where the vendor cannot be read.
    reads: ClassVar[int] = 0
    #: Whether ``read`` also gives ``email`` and ``phone`` as we wrote them, asked by these names.
    reads_addresses: ClassVar[bool] = False
    #: The vendor's limits that count ``read`` alone; deliveries never wait for them.
    read_rates: ClassVar[tuple[Rate, ...]] = ()

    def __init_subclass__(cls, **kwargs: object) -> None:
        super().__init_subclass__(**kwargs)
        found = dict(cls.deliveries)
        for member in vars(cls).values():
            marked = getattr(member, "__delivers__", None)
            if marked is not None:
                kind, delivery = cast("tuple[type[Change], Delivery]", marked)
                found[kind] = delivery
        cls.deliveries = found

    def delivery(self, kind: type[Change]) -> Delivery | None:
        """How this destination takes that kind of change, or None. Override to size by option."""
        return self.deliveries.get(kind)

    def by_address(self) -> bool:
        """Whether a person who has an e-mail address is known by it here, and not by our id.

        Two customers with one address are then one profile. Override where ``identifier`` is not
        the name of the option that decides it.
        """
        return str(getattr(self.options, "identifier", "external_id")) != "external_id"

    @abstractmethod
    async def check(self) -> None:
        """One harmless request that shows whether key and permissions are right; raises if not."""

    def seconds_until_visible(self) -> float:
        """How long after properties were delivered events that rest on them may follow."""
        return 0.0

    def data_points(self, change: Change) -> int | None:  # noqa: ARG002 - for those who override
        """What the vendor bills for a change, where it bills by the change; None: it does not."""
        return None

    def unconfirmed(self, kind: type[Change]) -> str | None:  # noqa: ARG002 - for overriding
        """What "delivered" leaves open of that kind, as a sentence for the operator; or None."""
        return None

    def wire(self, change: Change) -> Mapping[str, Any]:
        """The change as it stands inside a request, so that batches can be cut by bytes."""
        properties: Mapping[str, Value] = getattr(change, "properties", {})
        return {"id": change.person.id, **properties}

    async def settle(self, ticket: str, batch: Batch[Any]) -> Receipt:
        """Ask what became of a batch that was pending; may be pending again."""
        raise NotImplementedError(f"{type(self).__name__} returned a ticket but cannot settle it")

    # optional: to keep people in audiences

    async def find(self, name: str) -> Audience | None:
        """Find the audience of exactly that name; None if there is none."""
        raise NotImplementedError(f"{type(self).__name__} has no audiences")

    async def ensure(self, name: str) -> Audience:
        """Find the audience of that name, or make it if there is none; the engine remembers it."""
        raise NotImplementedError(f"{type(self).__name__} has no audiences")

    # optional: to read back what the vendor holds

    def read_limits(self) -> tuple[Rate, ...]:
        """The limits of ``read`` in force; override where a contract or an option decides them."""
        return self.spared(self.read_rates)

    async def read(
        self, people: Sequence[Person], names: Sequence[str]
    ) -> Mapping[str, Mapping[str, object]]:
        """What the vendor holds of these people by our id: those names only, as JSON has them.

        Somebody whom the vendor does not know is left out; so is a property without a value.
        ``people`` are at most ``reads``. Pages are read to the last; nothing is changed.
        """
        raise NotImplementedError(f"{type(self).__name__} cannot be read")

    def holds(self, held: object, value: Value) -> bool:
        """Whether ``held``, as ``read`` gave it, is that value in this vendor's own form."""
        return holds(held, value)
