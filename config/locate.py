"""A YAML file read together with the line of each key, so that an error can point at it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path as File
from typing import Any

import yaml

from config.problems import ConfigurationError, Path, Problem

_EMPTY: Mapping[Path, int] = {}
_NEEDS = "needs keys such as 'timezone:' and 'sources:'; try tidesman init"


@dataclass(frozen=True, slots=True)
class Document:
    """What a file says, and on which line it says it. Without a file there is only the environment.

    ``folder`` is the one that relative paths are relative to.
    """

    name: str
    folder: File
    data: Mapping[str, Any] = field(default_factory=dict[str, Any])
    lines: Mapping[Path, int] = field(default_factory=lambda: _EMPTY)

    @classmethod
    def read(cls, file: File, *, needs: str = _NEEDS) -> Document:
        """Read a file. Raises ConfigurationError if it is missing, no YAML, or no mapping."""
        try:
            text = file.read_text(encoding="utf-8-sig")
        except (OSError, UnicodeDecodeError) as error:
            what = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
            raise _broken(str(file), f"cannot be read: {what}") from error
        return cls.parse(text, name=str(file), folder=file.resolve().parent, needs=needs)

    @classmethod
    def parse(cls, text: str, *, name: str, folder: File, needs: str = _NEEDS) -> Document:
        """Read YAML text. Raises ConfigurationError as ``read`` does; a repeated key counts too.

        ``needs`` says what a text without any keys lacks.
        """
        try:
            node = yaml.compose(text, Loader=yaml.SafeLoader)
            data: object = yaml.safe_load(text)
        except yaml.MarkedYAMLError as error:
            mark = error.problem_mark or error.context_mark
            where = name if mark is None else f"{name}, line {mark.line + 1}"
            raise _broken(where, f"this is no YAML: {error.problem or error.context}") from error
        except yaml.YAMLError as error:
            raise _broken(name, f"this is no YAML: {error}") from error
        if not isinstance(data, dict):
            raise _broken(name, needs)
        lines: dict[Path, int] = {}
        repeated = [
            Problem(f"{name}, line {line}", path, f"stands twice; first on line {lines[path]}")
            for path, line in _walk(node, ())
            if lines.setdefault(path, line) != line
        ]
        if repeated:
            raise ConfigurationError(repeated)
        return cls(name, folder, data, lines)

    def where(self, path: Path) -> str:
        """File and line of a key; of the nearest key above it, if it is not written there."""
        line = self.line(path)
        return self.name if line == 0 else f"{self.name}, line {line}"

    def line(self, path: Path) -> int:
        """The line of a key, or of the nearest key above it; 0 if none is written."""
        found = (self.lines.get(path[:end], 0) for end in range(len(path), 0, -1))
        return next((line for line in found if line), 0)


def _broken(where: str, sentence: str) -> ConfigurationError:
    return ConfigurationError([Problem(where, (), sentence)])


def _walk(node: yaml.Node | None, path: Path) -> Iterator[tuple[Path, int]]:
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            inner = (*path, str(key.value))
            yield inner, key.start_mark.line + 1
            yield from _walk(value, inner)
    elif isinstance(node, yaml.SequenceNode):
        for index, value in enumerate(node.value):
            inner = (*path, index)
            yield inner, value.start_mark.line + 1
            yield from _walk(value, inner)
