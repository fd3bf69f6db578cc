"""What a law is, what a destination must be able to do for it to count, and how one is broken."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Mapping
from contextlib import AbstractAsyncContextManager
from enum import Enum
from typing import Any, ClassVar, TypeVar

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from pydantic import SecretStr

from connectors.base import Destination
from connectors.testing.bench import Bench
from connectors.testing.vendor import Audiences, Choosy, Events, HttpVendor, Jobs, Profiles, Vendor
from connectors.types import Change, Enter, Exit, Identify, Track, Value

#: Seconds after which a law is broken: nothing in here has to wait.
PATIENCE = 60
EXAMPLES = 20

T = TypeVar("T")
Test = Callable[[Any], None]


class Can(Enum):
    """What a destination can do; laws of what it cannot do are not collected."""

    HTTP = "it speaks HTTP: its vendor has a transport"
    KEY = "it has a secret option"
    REJECT = "its vendor can refuse single changes: it has poison()"
    RATES = "it declares rates"
    IDENTIFY = "it takes Identify"
    TRACK = "it takes Track"
    REPEAT = "it takes Track and can tell a repeat: idempotent=True"
    ENTER = "it takes Enter"
    EXIT = "it takes Exit"
    ENSURE = "it finds and makes audiences: it has ensure()"
    TICKETS = "it settles tickets"
    READ = "it can be read back: it has read() and takes Identify"
    CONSENT = "the suite names fields of consent"
    OWN_WAITS = "the suite names the vendor's own ways to ask for patience"


class Tried:
    """What is tried by laws, each at a bench of its own."""

    departs: ClassVar[Mapping[str, str]] = {}

    def bench(self) -> AbstractAsyncContextManager[Any]:
        """A fresh vendor, with a connector for it."""
        raise NotImplementedError


class Laws(Tried):
    """What all laws of a destination know. See ``DestinationSuite``."""

    destination: ClassVar[type[Destination[Any]]]
    vendor: ClassVar[type[Vendor]]
    none_clears: ClassVar[bool] = True
    longest_text: ClassVar[int] = 1_000
    largest_change: ClassVar[int] = 30_000
    always: ClassVar[Mapping[str, Value]] = {}
    consent_fields: ClassVar[tuple[str, ...]] = ()
    no_consent: ClassVar[Mapping[str, str]] = {}
    own_waits: ClassVar[tuple[tuple[Mapping[str, str], float | None], ...]] = ()

    def held(self, value: Value) -> object:
        """What the vendor holds once ``value`` was set."""
        raise NotImplementedError

    def bench(self) -> Bench:
        """A fresh vendor, with the destination for it."""
        return Bench(self)


S = TypeVar("S", bound=Tried)
#: The bench is that of the suite.
Body = Callable[[S, Any], Coroutine[Any, Any, None]]
BodyWith = Callable[[S, Any, T], Coroutine[Any, Any, None]]


def law(*needs: Enum) -> Callable[[Body[S]], Callable[[S], None]]:
    """Make a test method of a law: it gets a fresh vendor, and counts where all ``needs`` are."""

    def wrap(body: Body[S]) -> Callable[[S], None]:
        def test(self: S) -> None:
            _run(self, lambda bench: body(self, bench))

        return _named(test, body, needs)

    return wrap


def for_all(
    drawn: st.SearchStrategy[T], *needs: Enum, examples: int = EXAMPLES
) -> Callable[[BodyWith[S, T]], Callable[[S], None]]:
    """The same for a law that holds for whatever is drawn; each example gets a fresh vendor."""

    def wrap(body: BodyWith[S, T]) -> Callable[[S], None]:
        def test(self: S) -> None:
            # always the same examples: the same destination gets the same verdict
            @settings(
                max_examples=examples,
                deadline=None,
                derandomize=True,
                database=None,
                report_multiple_bugs=False,
                phases=(Phase.explicit, Phase.generate, Phase.shrink),
                suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
            )
            @given(drawn)
            def tried(example: T) -> None:
                _run(self, lambda bench: body(self, bench, example))

            tried()

        return _named(test, body, needs)

    return wrap


def _run(tried: Tried, body: Callable[[Any], Coroutine[Any, Any, None]]) -> None:
    async def held() -> None:
        async with asyncio.timeout(PATIENCE), tried.bench() as bench:
            await body(bench)

    asyncio.run(held())


def _named(test: Callable[[S], None], body: Any, needs: tuple[Enum, ...]) -> Callable[[S], None]:  # noqa: ANN401
    # not functools.wraps: pytest would take the body's parameters for fixtures
    test.__name__, test.__qualname__ = body.__name__, body.__qualname__
    test.__doc__, test.__module__ = body.__doc__, body.__module__
    test.__needs__ = needs  # type: ignore[attr-defined]
    return test


def abilities(laws: type[Laws]) -> frozenset[Can]:
    """What the destination of these laws can do. Raises TypeError if its vendor lacks a method."""
    cls = laws.destination
    vendor: type[Any] = laws.vendor  # whatever the suite has put there
    found = {can for kind, can in _KINDS.items() if kind in cls.deliveries}
    if Can.TRACK in found and cls.deliveries[Track].idempotent:
        found.add(Can.REPEAT)
    if cls.ensure is not Destination.ensure:
        found.add(Can.ENSURE)
    if cls.settle is not Destination.settle:
        found.add(Can.TICKETS)
    if cls.read is not Destination.read and Can.IDENTIFY in found:
        found.add(Can.READ)
    if not issubclass(vendor, Vendor):
        raise TypeError(f"{vendor.__name__} must be a Vendor: see vendor.py")
    for can, wanted in _WANTS.items():
        if can in found and not issubclass(vendor, wanted):
            told = f"{can.value}, so {vendor.__name__} must be {wanted.__name__}: see vendor.py"
            raise TypeError(told)
    fields = cls.options_class.model_fields.values()
    extra = {
        Can.REJECT: issubclass(vendor, Choosy),
        Can.HTTP: issubclass(vendor, HttpVendor),
        Can.KEY: any(field.annotation is SecretStr for field in fields),
        Can.RATES: bool(cls.rates) or cls.limits is not Destination.limits,
        Can.CONSENT: bool(laws.consent_fields),
        Can.OWN_WAITS: bool(laws.own_waits),
    }
    return frozenset(found | {can for can, there in extra.items() if there})


_KINDS: Mapping[type[Change], Can] = {
    Identify: Can.IDENTIFY,
    Track: Can.TRACK,
    Enter: Can.ENTER,
    Exit: Can.EXIT,
}
_WANTS: Mapping[Can, type[Any]] = {
    Can.IDENTIFY: Profiles,
    Can.TRACK: Events,
    Can.ENTER: Audiences,
    Can.EXIT: Audiences,
    Can.TICKETS: Jobs,
}


def require(holds: object, sentence: str) -> None:
    """The law is broken unless it holds."""
    if not holds:
        raise AssertionError(sentence)


def expect(found: object, kind: type[T], what: str) -> T:
    """What was found, if it is of that kind; else the law is broken."""
    if not isinstance(found, kind):
        raise AssertionError(f"{what}: expected {kind.__name__}, found {found!r}")  # noqa: TRY004
    return found


def same(found: object, expected: object, what: str) -> None:
    """The law is broken unless both are equal and, for plain values, of one type."""
    equal = type(found) is type(expected) or not isinstance(found, bool | int | float | str)
    if found != expected or not equal:
        raise AssertionError(f"{what}: expected {expected!r}, found {found!r}")
