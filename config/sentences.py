"""From pydantic's errors to sentences that a person can act on."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final, get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from config.problems import Path, nearest

_WANTED: Final = {
    "int_parsing": "a whole number",
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "float_parsing": "a number",
    "float_type": "a number",
    "bool_parsing": "true or false",
    "bool_type": "true or false",
    "string_type": "text",
    "list_type": "a list",
    "tuple_type": "a list, such as [lifecycle, rfm]",
    "dict_type": "keys below it",
    "model_type": "keys below it",
    "model_attributes_type": "keys below it",
    "path_type": "a path",
}


def problems(
    error: ValidationError, model: type[BaseModel], *, beside: frozenset[str] = frozenset()
) -> list[tuple[Path, str]]:
    """Each thing wrong, as the way to it inside the model and a sentence.

    ``beside`` are right keys that stand next to those of the model. A union's alternatives count
    once. Values are told only where they cannot be secret.
    """
    found: dict[Path, str] = {}
    for detail in error.errors(include_url=False):
        path, fields = _resolve(model, detail["loc"])
        names = {field.alias or name for name, field in fields.items()}
        known = names | beside if len(path) == 1 else names
        found.setdefault(path, _sentence(detail, known))
    return list(found.items())


def _sentence(detail: ErrorDetails, known_keys: Iterable[str]) -> str:
    kind, value = detail["type"], detail["input"]
    context = detail.get("ctx", {})
    if kind == "missing":
        return "is missing"
    if kind == "extra_forbidden":
        return f"is an unknown key; {nearest(str(detail['loc'][-1]), known_keys)}"
    if kind in _WANTED:
        return f"needs {_WANTED[kind]}, not {_shown(value)}"
    if kind == "literal_error":
        known = [part.strip(" '") for part in context["expected"].replace(" or ", ", ").split(",")]
        return f"cannot be {_shown(value)}; {nearest(str(value), known)}"
    if kind in ("too_short", "string_too_short"):
        many = isinstance(value, list | tuple | Mapping)
        return "needs at least " + ("one entry" if many else f"{context['min_length']} characters")
    told = context.get("error") if kind == "value_error" else None
    return f"{_lower(detail['msg'])}, not {_shown(value)}" if told is None else str(told)


def _shown(value: object) -> str:
    if isinstance(value, Mapping):
        return "a mapping"
    if isinstance(value, list | tuple):
        return "a list"
    return "nothing" if value is None else repr(value)


def _lower(text: str) -> str:
    return text[:1].lower() + text[1:]


def _resolve(model: type[BaseModel], loc: Path) -> tuple[Path, Mapping[str, Any]]:
    """The way without the names that pydantic gives to a union's branches; the keys beside it."""
    path: list[str | int] = []
    here: Any = model
    fields: Mapping[str, Any] = model.model_fields
    for part in loc:
        below = _model(here)
        if below is not None and isinstance(part, str):
            fields = below.model_fields
            path.append(part)
            here = fields[part].annotation if part in fields else None
        elif isinstance(part, int) or _holds(here, dict):
            path.append(part)
            here = _inside(here)
    return tuple(path), fields


def _model(annotation: object) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    if _holds(annotation, dict) or _holds(annotation, list) or _holds(annotation, tuple):
        return None
    return next((m for m in map(_model, get_args(annotation)) if m is not None), None)


def _holds(annotation: object, container: type) -> bool:
    if get_origin(annotation) is container:
        return True
    return any(get_origin(inner) is container for inner in get_args(annotation))


def _inside(annotation: object) -> object:
    """What a container holds; of alternatives, what the container among them holds."""
    inner = [each for each in get_args(annotation) if each is not Ellipsis]
    if get_origin(annotation) in (dict, list, tuple):
        return inner[-1]
    return next((_inside(each) for each in inner if get_args(each)), None)
