"""From a type's name in the configuration to the class, by entry points, ours and others' alike."""

from __future__ import annotations

from difflib import get_close_matches
from functools import cache
from importlib.metadata import EntryPoint, EntryPoints, entry_points
from typing import Any, TypeVar

from connectors.base import Connector, Destination, Source
from connectors.errors import BrokenConnector, Misconfigured

SOURCES = "tidesman.sources"
DESTINATIONS = "tidesman.destinations"


def source(name: str) -> type[Source[Any]]:
    """The source class of that type. Raises Misconfigured or BrokenConnector."""
    return _load(SOURCES, name, Source)


def destination(name: str) -> type[Destination[Any]]:
    """The destination class of that type. Raises Misconfigured or BrokenConnector."""
    return _load(DESTINATIONS, name, Destination)  # type: ignore[type-abstract]


def names(group: str) -> list[str]:
    """The types that are installed, sorted."""
    return sorted({point.name for point in _installed(group)})


K = TypeVar("K", bound=Connector[Any])


def _load(group: str, name: str, base: type[K]) -> type[K]:
    found = list(_installed(group).select(name=name))
    if not found:
        raise Misconfigured(_unknown(group, name))
    if len({point.value for point in found}) > 1:
        raise BrokenConnector(
            f"{name!r} is offered by {' and by '.join(map(_origin, found))}; keep one"
        )
    point = found[0]
    try:
        loaded = point.load()
    except Exception as error:
        raise BrokenConnector(f"{_origin(point)} cannot be loaded: {error}") from error
    if not (isinstance(loaded, type) and issubclass(loaded, base)):
        raise BrokenConnector(f"{_origin(point)} is no {base.__name__}")
    return loaded


@cache
def _installed(group: str) -> EntryPoints:
    # reads a file of each installed package, so once is enough
    return entry_points(group=group)


def _origin(point: EntryPoint) -> str:
    owner = "an unknown package" if point.dist is None else point.dist.name
    return f"{point.value} of {owner}"


def _unknown(group: str, name: str) -> str:
    known = names(group)
    near = get_close_matches(name, known, n=1)
    hint = f"; did you mean {near[0]!r}?" if near else f"; there are {', '.join(known)}"
    return f"no connector of type {name!r} is installed{hint}"
