"""From a file and the environment to checked settings, or to all that is wrong with them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path as File
from typing import Any, Final, Literal

from pydantic import BaseModel, SecretStr, ValidationError

from config import environment, secret, segments, sentences
from config.locate import Document
from config.problems import ConfigurationError, Path, Problem
from config.segments import Segments
from config.settings import Alert, Destination, Settings, Source

Group = Literal["sources", "destinations", "alerts"]

#: The options of a connector, or of a channel of alerts, by its type; raises LookupError with a
#: sentence for an unknown one.
Catalog = Callable[[Group, str], type[BaseModel]]

#: What stands beside a connector's own options.
_OURS: Final[Mapping[Group, frozenset[str]]] = {
    "sources": frozenset(Source.model_fields),
    "destinations": frozenset(Destination.model_fields),
    "alerts": frozenset(Alert.model_fields),
}

#: Options that are places on this machine: relative ones are relative to the configuration.
_PLACES: Final = frozenset({"path", "paths", "folder"})


_NEEDS: Final = "needs names of schemes such as 'lifecycle:'; try tidesman init --segments"

_EXAMPLES: Final[Mapping[Path, str]] = {
    ("timezone",): "the shop's time zone, such as timezone: Europe/London",
    ("currency",): "the shop's currency, such as currency: GBP",
    ("sources",): "where orders come from; tidesman init writes an example",
}


@dataclass(frozen=True, slots=True)
class Loaded:
    """Settings, the checked options of each connector, and secrets that are named but not there.

    ``missing`` is by group and name, so that a command that needs no secret can go on.
    ``data_dir`` and a SQLite file in ``state_url`` are absolute.
    """

    settings: Settings
    options: Mapping[tuple[Group, str], BaseModel]
    missing: Mapping[tuple[Group, str], tuple[Problem, ...]]
    data_dir: File
    state_url: str = field(repr=False)
    where: Callable[[Path], str] = field(repr=False)
    segments: Segments = field(default_factory=Segments)

    def problem(self, path: Path, sentence: str) -> Problem:
        """Something wrong with a key that only shows when it is used."""
        return Problem(self.where(path), path, sentence)


def load(document: Document, catalog: Catalog) -> Loaded:
    """Check everything at once. Raises ConfigurationError with all that is to be mended."""
    return _Loading(document, catalog).done()


class _Loading:
    """One pass over the configuration that gathers problems as it goes."""

    def __init__(self, document: Document, catalog: Catalog) -> None:
        self.document = document
        self.catalog = catalog
        self.problems: list[Problem] = []
        self.missing: dict[tuple[Group, str], list[Problem]] = {}
        found, self.from_environment = environment.read(Settings)
        self.data: dict[str, Any] = environment.merge(document.data, found)

    def done(self) -> Loaded:
        url = self._state_url()
        settings = self._settings()
        options: dict[tuple[Group, str], BaseModel] = {}
        groups: tuple[Group, ...] = ("sources", "destinations", "alerts")
        for group in groups:
            for name, given in self._connections(group).items():
                checked = self._options(group, name, given)
                if checked is not None:
                    options[group, name] = checked
        told = Segments() if settings is None else self._segments(settings.segments_file)
        if self.problems or settings is None:
            raise ConfigurationError(
                sorted(self.problems, key=lambda problem: self.document.line(problem.path))
            )
        missing = {key: tuple(problems) for key, problems in self.missing.items()}
        data_dir = self.document.folder / settings.data_dir.expanduser()
        return Loaded(settings, options, missing, data_dir.resolve(), url, self._where, told)

    def _complain(self, path: Path, sentence: str) -> None:
        # the first word on a key is the one that helps; a later one might even show a secret
        if not any(problem.path == path for problem in self.problems):
            self.problems.append(Problem(self._where(path), path, sentence))

    def _where(self, path: Path) -> str:
        lowered = tuple(part.lower() if isinstance(part, str) else part for part in path)
        for end in range(len(lowered), 0, -1):
            if lowered[:end] in self.from_environment:
                # the variable holds the key, or JSON with the key inside
                return f"the environment variable {environment.variable(path[:end])}"
            if path[:end] in self.document.lines:
                break
            below = sorted(each for each in self.from_environment if each[:end] == lowered[:end])
            if below:
                # what is wrong is missing beside it, where the file says nothing
                return f"the environment variable {environment.variable(below[0])}"
        return self.document.where(path)

    def _settings(self) -> Settings | None:
        for scheme in ("stratification", "affinity"):
            place: Path = ("segmentation", scheme, "data")
            self.data = self._changed(self.data, (*place, "path"), self._absolute)
            self.data = self._changed(self.data, (*place, "url"), self._fetched((*place, "url")))
        try:
            return Settings(**self.data)
        except ValidationError as error:
            for path, sentence in sentences.problems(error, Settings):
                self._complain(path, _with_example(path, sentence))
            return None

    def _segments(self, file: File | None) -> Segments:
        if file is None:
            return Segments()
        try:
            document = Document.read(self.document.folder / file.expanduser(), needs=_NEEDS)
        except ConfigurationError as error:
            # the line of the key that names it helps as much as the file's own name
            for problem in error.problems:
                self._complain(("segments_file",), str(problem))
            return Segments()
        found, wrong = segments.read(document)
        self.problems += wrong
        return found

    def _state_url(self) -> str:
        path: Path = ("state_url",)
        folder = File(str(self.data.get("data_dir", "data"))).expanduser()
        value = self.data.get("state_url", f"sqlite:///{folder}/state.db")
        if isinstance(value, str) and self._where(path) == self.document.where(path):
            authority = value.partition("://")[2].partition("/")[0]
            if ":" in authority.partition("@")[0] and "@" in authority:
                self._complain(path, "has a password written out; use {env: NAME} or {file: PATH}")
        url = secret.fit(str, self._resolved(value, path, self._complain))
        self.data = {**self.data, "state_url": url}
        head, _, place = str(url).partition(":///")
        if head.startswith("sqlite") and place and not place.startswith((":memory:", "/")):
            return f"{head}:///{(self.document.folder / place).resolve()}"
        return str(url)

    def _connections(self, group: Group) -> dict[str, Mapping[str, Any]]:
        """Those that are written well enough to look at their options."""
        found = self.data.get(group)
        if not isinstance(found, Mapping):
            return {}
        return {
            str(name): given
            for name, given in found.items()
            if isinstance(given, Mapping) and isinstance(given.get("type"), str)
        }

    def _options(self, group: Group, name: str, given: Mapping[str, Any]) -> BaseModel | None:
        here: Path = (group, name)
        try:
            model = self.catalog(group, given["type"])
        except LookupError as error:
            self._complain((*here, "type"), str(error))
            return None
        ours = _OURS[group]
        own = {str(key): value for key, value in given.items() if key not in ours}
        self._refuse_literals(model, own, here)
        missing = self._missing_at(group, name)
        values = {
            key: secret.fit(secret.child(model, key), self._resolved(value, (*here, key), missing))
            for key, value in own.items()
        }
        values = self._filled(model, self._placed(values))
        try:
            return model.model_validate(values)
        except ValidationError as error:
            lacking = {problem.path: problem for problem in self.missing.get((group, name), ())}
            for path, sentence in sentences.problems(error, model, beside=ours):
                found = lacking.get((*here, *path))
                self._complain((*here, *path), sentence if found is None else found.sentence)
            return None

    def _resolved(self, value: object, path: Path, missing: secret.Complain) -> object:
        return secret.resolve(value, path, self.document.folder, missing)

    def _missing_at(self, group: Group, name: str) -> secret.Complain:
        def complain(path: Path, sentence: str) -> None:
            problem = Problem(self._where(path), path, sentence)
            self.missing.setdefault((group, name), []).append(problem)

        return complain

    def _refuse_literals(self, model: type[BaseModel], own: Mapping[str, Any], here: Path) -> None:
        for path in secret.literals(model, _without_references(own), here):
            lowered = tuple(part.lower() if isinstance(part, str) else part for part in path)
            if lowered in self.from_environment:
                continue
            meant = secret.misspelt(path[-1]) if len(path) > len(here) + 1 else None
            if meant is not None:
                # under the key above, where the options would complain too
                self._complain(path[:-1], f"has no key {path[-1]!r}; did you mean {meant!r}?")
                continue
            self._refuse(path)

    def _refuse_written(self, path: Path, value: object) -> None:
        if not secret.is_reference(value) and path not in self.from_environment:
            self._refuse(path)

    def _refuse(self, path: Path) -> None:
        name = f"{path[1]}_{path[-1]}".upper().replace("-", "_")
        self._complain(
            path,
            "is a secret and must not stand in this file; write "
            f"{{env: {name}}} or {{file: PATH}} instead",
        )

    def _placed(self, values: Mapping[str, Any]) -> dict[str, Any]:
        return {
            key: self._absolute(value) if key in _PLACES else value for key, value in values.items()
        }

    def _changed(
        self, values: Mapping[str, Any], path: Path, change: Callable[[object], object]
    ) -> dict[str, Any]:
        """The values, with what stands under this path changed if there is something."""
        key, *rest = path
        inner = values.get(str(key))
        if rest and isinstance(inner, Mapping):
            return {**values, str(key): self._changed(inner, tuple(rest), change)}
        return {**values, str(key): change(inner)} if not rest and inner else dict(values)

    def _fetched(self, path: Path) -> Callable[[object], object]:
        """What a reference at this path stands for; a secret that is written out is refused."""

        def fetched(value: object) -> object:
            self._refuse_written(path, value)
            return self._resolved(value, path, self._complain)

        return fetched

    def _absolute(self, value: object) -> object:
        if isinstance(value, list):
            return [self._absolute(each) for each in value]
        if not isinstance(value, str) or "://" in value:
            return value
        return str(self.document.folder / File(value).expanduser())

    def _filled(self, model: type[BaseModel], values: dict[str, Any]) -> dict[str, Any]:
        """The shop's time zone and currency stand in where a connector has its own."""
        for key in ("timezone", "currency"):
            if key in model.model_fields and not values.get(key):
                values[key] = self.data.get(key) or "?"
        return values


def _without_references(value: object) -> object:
    if secret.is_reference(value):
        return SecretStr("")
    if isinstance(value, Mapping):
        return {key: _without_references(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_without_references(inner) for inner in value]
    return value


def _with_example(path: Path, sentence: str) -> str:
    example = _EXAMPLES.get(path)
    return sentence if example is None or sentence != "is missing" else f"{sentence}: {example}"
