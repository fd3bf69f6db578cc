"""Secrets come from the environment or from a file, never from the YAML itself."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from difflib import get_close_matches
from pathlib import Path as File
from typing import Final, TypeGuard, get_args

from pydantic import BaseModel, SecretStr

from config.problems import Path

_KEYS: Final = ("env", "file")
#: In the place of a secret that is not there: long enough and an address, as options may ask for.
STAND_IN: Final = SecretStr("https://not-set.invalid")
Complain = Callable[[Path, str], None]


def is_reference(value: object) -> TypeGuard[Mapping[str, str]]:
    """Whether a value is ``{env: NAME}`` or ``{file: PATH}``."""
    if not isinstance(value, Mapping) or len(value) != 1:
        return False
    key, name = next(iter(value.items()))
    return key in _KEYS and isinstance(name, str)


def fetch(reference: Mapping[str, str], folder: File) -> str:
    """What a reference stands for. Raises LookupError with a sentence if it is not there."""
    kind, name = next(iter(reference.items()))
    if kind == "env":
        value = os.environ.get(name, "").strip()
        if not value:
            raise LookupError(
                f"the environment variable {name} is not set; set it with: export {name}=…"
            )
        return _in_one_line(value, f"the environment variable {name}")
    try:
        value = (folder / name).expanduser().read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        what = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        raise LookupError(f"the file {name} with the secret cannot be read: {what}") from error
    if not value:
        raise LookupError(f"the file {name} with the secret is empty")
    return _in_one_line(value, f"the file {name} with the secret")


def _in_one_line(value: str, place: str) -> str:
    if not value.isprintable():
        raise LookupError(f"{place} holds a line break or another sign that no key has")
    return value


def resolve(value: object, path: Path, folder: File, missing: Complain) -> object:
    """The value with every reference in it replaced; ``STAND_IN`` for one that is not there."""
    if is_reference(value):
        try:
            return SecretStr(fetch(value, folder))
        except LookupError as error:
            missing(path, str(error))
            return STAND_IN
    if isinstance(value, Mapping):
        return {key: resolve(v, (*path, str(key)), folder, missing) for key, v in value.items()}
    if isinstance(value, list):
        return [resolve(v, (*path, i), folder, missing) for i, v in enumerate(value)]
    return value


def fit(annotation: object, value: object) -> object:
    """The value with resolved secrets as plain text where no secret is asked for."""
    if isinstance(value, SecretStr):
        return value if _secret(annotation) else value.get_secret_value()
    if isinstance(value, Mapping):
        return {key: fit(child(annotation, str(key)), inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [fit(annotation, inner) for inner in value]
    return value


def literals(annotation: object, value: object, path: Path) -> Iterator[Path]:
    """The ways to values that are written out although they are to be secret."""
    if isinstance(value, SecretStr) or value is None:
        return
    if isinstance(value, Mapping):
        for key, inner in value.items():
            yield from literals(child(annotation, str(key)), inner, (*path, str(key)))
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from literals(annotation, inner, (*path, index))
    elif _secret(annotation):
        yield path


def misspelt(key: object) -> str | None:
    """The key of a reference that was meant by a wrong one, such as ``evn``."""
    return next(iter(get_close_matches(str(key).lower(), _KEYS, n=1)), None)


def child(annotation: object, key: str) -> object:
    """What is asked for under a key: the field of a model, or the values of a mapping."""
    models = _models(annotation)
    if not models:
        return annotation
    fields = [model.model_fields[key] for model in models if key in model.model_fields]
    return fields[0].annotation if fields else None


def _secret(annotation: object) -> bool:
    return annotation is SecretStr or any(map(_secret, get_args(annotation)))


def _models(annotation: object) -> list[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [model for inner in get_args(annotation) for model in _models(inner)]
