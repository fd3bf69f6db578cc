"""The one class that a destination's tests subclass, and a way to ask for the verdict in code."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime
from enum import Enum

from connectors.testing.law import Tried, abilities
from connectors.testing.laws.audiences import AudienceLaws
from connectors.testing.laws.batches import BatchLaws
from connectors.testing.laws.check import CheckLaws
from connectors.testing.laws.connector import ConnectorLaws
from connectors.testing.laws.events import EventLaws
from connectors.testing.laws.failures import FailureLaws
from connectors.testing.laws.lost import LostLaws
from connectors.testing.laws.options import OptionLaws
from connectors.testing.laws.poison import PoisonLaws
from connectors.testing.laws.properties import PropertyLaws
from connectors.testing.laws.reading import ReadingLaws
from connectors.testing.laws.secrets import SecretLaws
from connectors.testing.laws.tickets import TicketLaws
from connectors.types import Value


class Suite(Tried):
    """What collects laws: those that count for what is tried, and no others."""

    @classmethod
    def is_complete(cls) -> bool:
        """Whether it is known what is tried; else there is nothing to collect yet."""
        raise NotImplementedError

    @classmethod
    def abilities(cls) -> frozenset[Enum]:
        """What the laws may need. Raises TypeError where something is missing."""
        raise NotImplementedError

    def __init_subclass__(cls, **kwargs: object) -> None:
        """Leave out the laws of what it cannot do. Raises TypeError where something is missing."""
        super().__init_subclass__(**kwargs)
        if Suite in cls.__bases__ or not cls.is_complete():
            return
        can = cls.abilities()
        known = dict(_laws(cls))
        unknown = cls.departs.keys() - known.keys()
        if unknown:
            raise TypeError(f"{cls.__name__} departs from no law: {', '.join(sorted(unknown))}")
        for name, law in known.items():
            counts = set(getattr(law, "__needs__", ())) <= can and name not in cls.departs
            if not counts:
                setattr(cls, name, None)
            elif getattr(cls, name) is None:
                setattr(cls, name, law)


class DestinationSuite(
    ConnectorLaws,
    OptionLaws,
    CheckLaws,
    PropertyLaws,
    EventLaws,
    AudienceLaws,
    BatchLaws,
    PoisonLaws,
    TicketLaws,
    LostLaws,
    FailureLaws,
    SecretLaws,
    ReadingLaws,
    Suite,
):
    """All laws of a destination. Subclass it under a name that begins with ``Test``.

    Needed are ``destination``, the class that is tried, and ``vendor``, a class as ``vendor.py``
    describes it. What a destination cannot do has no laws: they are not collected. By class
    attribute may be said

    - ``none_clears``: whether None takes a value away at this vendor (it does, by default)
    - ``longest_text``: the most characters of a text that the vendor takes
    - ``largest_change``: the most bytes of one change that the vendor takes
    - ``always``: properties without which the destination takes no ``Identify``
    - ``consent_fields``: properties that would write consent, each of which must be refused
    - ``no_consent``: paths and fields that sound like consent and are none, each with the reason
    - ``own_waits``: the vendor's own headers of a 429, each with the seconds that it means
    - ``departs``: laws that this destination rightly breaks, by name, each with the reason
    """

    @classmethod
    def is_complete(cls) -> bool:
        """Whether it names a destination and a vendor."""
        return hasattr(cls, "destination") and hasattr(cls, "vendor")

    @classmethod
    def abilities(cls) -> frozenset[Enum]:
        """What the destination can do. Raises TypeError if its vendor lacks a method."""
        return abilities(cls)

    def held(self, value: Value) -> object:
        """What the vendor holds once ``value`` was set; override where it keeps another form."""
        if isinstance(value, datetime):
            return value.astimezone(UTC).isoformat()
        return value.isoformat() if isinstance(value, date) else value


def laws(suite: type[Suite]) -> list[str]:
    """The names of the laws that count for this suite, in the order in which they stand."""
    return [name for name, _ in _laws(suite) if getattr(suite, name) is not None]


def verdict(suite: type[Suite]) -> dict[str, str]:
    """Try all laws of a suite without pytest: those that are broken, each with how."""
    broken: dict[str, str] = {}
    for name in laws(suite):
        try:
            getattr(suite(), name)()
        except Exception as error:  # noqa: BLE001 - however it fails, the law is broken
            broken[name] = f"{type(error).__name__}: {error}"
    return broken


def _laws(suite: type[Suite]) -> Iterator[tuple[str, object]]:
    (whole,) = (cls for cls in suite.__mro__ if Suite in cls.__bases__)
    for group in whole.__bases__:
        for name, value in vars(group).items():
            if name.startswith("test_"):
                yield name, value
