"""Keys that come from the environment: ``TIDESMAN_DESTINATIONS__KLAVIYO__BASE_URL`` and so on."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from difflib import get_close_matches
from typing import Any, Final

from pydantic_settings import BaseSettings, EnvSettingsSource, SettingsError

from config.problems import ConfigurationError, Path, Problem, nearest

PREFIX: Final = "TIDESMAN_"
DELIMITER: Final = "__"
#: Variables of ours that are no keys of the configuration.
OTHERS: Final = frozenset({"config", "failpoint"})
#: How alike a name must be to be taken for a slip of the pen; 1 is the same.
NEAR: Final = 0.75


def variable(path: Path) -> str:
    """The name of the environment variable that sets a key."""
    return PREFIX + DELIMITER.join(str(part).upper() for part in path)


def read(settings: type[BaseSettings]) -> tuple[dict[str, Any], frozenset[Path]]:
    """What the environment sets, as nested keys, and the ways to them.

    Raises ConfigurationError for broken JSON and for a key under a name that there is not.
    """
    source = EnvSettingsSource(settings, env_ignore_empty=True)
    _refuse_unknown(source.env_vars, settings.model_fields)
    try:
        found = source()
    except SettingsError as error:
        raise ConfigurationError([_broken(str(error), source.env_vars)]) from error
    raw = {name.upper(): value for name, value in source.env_vars.items()}
    leaves = list(_leaves(found, ()))
    for path, value in leaves:
        text = raw.get(variable(path))
        if text is not None and not isinstance(value, list | dict):
            # pydantic-settings reads JSON where it can: a key of digits must stay text
            _put(found, path, text)
    return found, frozenset(path for path, _ in leaves)


def _broken(error: str, names: Iterable[str]) -> Problem:
    """Which variables it may be; the library names only the outermost key."""
    field = re.search(r'field "(\w+)"', error)
    begins = PREFIX + ("" if field is None else field[1].upper())
    given = sorted(name.upper() for name in names if name.upper().startswith(begins))
    how = """broken JSON; a list is written '["lifecycle", "rfm"]', and a table '{"key": 1}'"""
    return Problem("the environment", (), f"{' or '.join(given)}: {how}")


def merge(below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    """Nested keys of ``above`` over those of ``below``; a name's case in ``below`` stays."""
    merged = dict(below)
    spelled = {str(name).lower(): name for name in below}
    for key, value in above.items():
        name = spelled.get(key.lower(), key)
        old = merged.get(name)
        nested = isinstance(value, Mapping) and isinstance(old, Mapping)
        merged[name] = merge(old or {}, value) if nested else value
    return merged


def _leaves(value: Mapping[str, Any], path: Path) -> Iterator[tuple[Path, Any]]:
    for key, inner in value.items():
        here = (*path, key)
        if isinstance(inner, Mapping):
            yield from _leaves(inner, here)
        else:
            yield here, inner


def _put(found: dict[str, Any], path: Path, value: str) -> None:
    for part in path[:-1]:
        found = found[part]  # type: ignore[index]
    found[path[-1]] = value  # type: ignore[index]


def _refuse_unknown(names: Iterable[str], fields: Mapping[str, Any]) -> None:
    wrong = [
        Problem("the environment", (), f"unknown key in {name.upper()}; {hint}")
        for name in names
        if name.upper().startswith(PREFIX)
        for hint in [_mistaken(name[len(PREFIX) :].lower(), fields)]
        if hint is not None
    ]
    if wrong:
        raise ConfigurationError(wrong)


def _mistaken(key: str, fields: Mapping[str, Any]) -> str | None:
    """What was meant by a key that there is not; None if there is it, or it is not for us."""
    first, delimiter, _ = key.partition(DELIMITER)
    if first in fields or first in OTHERS:
        return None
    if delimiter:
        return nearest(first, fields)
    # without the delimiter only near misses: Kubernetes itself sets TIDESMAN_PORT and so on
    for field in fields:
        if key.startswith(f"{field}_"):
            rest = key.removeprefix(f"{field}_")
            return f"did you mean {variable((field, rest))}, with two underscores?"
    near = get_close_matches(key, fields, n=1, cutoff=NEAR)
    return f"did you mean {variable((near[0],))}?" if near else None
