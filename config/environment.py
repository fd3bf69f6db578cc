"""Keys that come from the environment: ``TIDESMAN_DESTINATIONS__KLAVIYO__BASE_URL`` and so on."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from pydantic_settings import BaseSettings, EnvSettingsSource, SettingsError

from config.problems import ConfigurationError, Path, Problem, nearest

PREFIX: Final = "TIDESMAN_"
DELIMITER: Final = "__"


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
        raise ConfigurationError(
            [Problem("the environment", (), f"{error}: broken JSON")]
        ) from error
    raw = {name.upper(): value for name, value in source.env_vars.items()}
    leaves = list(_leaves(found, ()))
    for path, value in leaves:
        text = raw.get(variable(path))
        if text is not None and not isinstance(value, list | dict):
            # pydantic-settings reads JSON where it can: a key of digits must stay text
            _put(found, path, text)
    return found, frozenset(path for path, _ in leaves)


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


def _refuse_unknown(names: Mapping[str, Any], fields: Mapping[str, Any]) -> None:
    # Names without the delimiter are let be: Kubernetes itself sets TIDESMAN_PORT and so on.
    wrong = [
        Problem("the environment", (), f"unknown key in {name.upper()}; {nearest(first, fields)}")
        for name in names
        if name.upper().startswith(PREFIX) and DELIMITER in name
        for first in [name[len(PREFIX) :].split(DELIMITER)[0].lower()]
        if first not in fields
    ]
    if wrong:
        raise ConfigurationError(wrong)
