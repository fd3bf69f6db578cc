"""What segments are called and mean, and where the operator pins the edges between them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from typing import Annotated, Any, Final

import yaml
from pydantic import Field, TypeAdapter, ValidationError

from config import sentences
from config.locate import Document
from config.problems import Path, Problem, nearest
from config.section import Section

#: Longer names fit into no column of a vendor's screen.
LONGEST: Final = 80

Name = Annotated[str, Field(min_length=1, max_length=LONGEST, pattern=r"^\S(.*\S)?$")]


class Segment(Section):
    """A segment: its name, who is in it, what to do, and how to see whether that helped."""

    name: Name | None = None
    description: str | None = None
    do: str | None = None
    measure: str | None = None


class Scheme(Section):
    """A scheme: its edges by column, where they are pinned, and its segments."""

    description: str | None = None
    thresholds: dict[str, tuple[float, ...]] = Field(default_factory=dict[str, tuple[float, ...]])
    segments: dict[str, Segment] = Field(default_factory=dict[str, Segment])


@dataclass(frozen=True, slots=True)
class Told:
    """One segment in the operator's words; ``key`` is the field's name, by which it is stored."""

    key: str
    name: str
    description: str
    do: str
    measure: str


@dataclass(frozen=True, slots=True)
class Segments:
    """What the operator's file says, over what ships.

    ``names`` has the segments that bear another name, by scheme; ``pinned`` edges by scheme and
    column. Without a file of his ``schemes`` and ``document`` are None: all is as it ships.
    """

    schemes: Mapping[str, Scheme] | None = None
    names: Mapping[str, Mapping[str, str]] = field(default_factory=dict[str, Mapping[str, str]])
    pinned: Mapping[str, Mapping[str, tuple[float, ...]]] = field(
        default_factory=dict[str, Mapping[str, tuple[float, ...]]]
    )
    document: Document | None = None

    def told(self, scheme: str) -> tuple[Told, ...]:
        """The segments of a scheme, from best to worst; none for rules, which tell themselves."""
        ours = (self.schemes or shipped()).get(scheme)
        found = {} if ours is None else ours.segments
        return tuple(
            Told(key, s.name or key, s.description or "", s.do or "", s.measure or "")
            for key, s in found.items()
        )

    def problem(self, path: Path, sentence: str) -> Problem:
        """Something wrong in the file that only shows when it is used."""
        if self.document is None:
            raise ValueError("there is no file that could be wrong")
        return _at(self.document, path, sentence)


@cache
def text() -> str:
    """The file that ships."""
    return files("config").joinpath("segments.yaml").read_text(encoding="utf-8")


@cache
def shipped() -> Mapping[str, Scheme]:
    """What ships, by scheme."""
    return TypeAdapter(dict[str, Scheme]).validate_python(yaml.safe_load(text()))


def read(document: Document) -> tuple[Segments, list[Problem]]:
    """The operator's file over what ships, and all that is wrong with it."""
    wrong: list[Problem] = []
    found = dict(shipped())
    for scheme, body in document.data.items():
        if scheme not in found:
            sentence = f"is no scheme with segments that ship; {nearest(str(scheme), found)}"
            wrong.append(_at(document, (str(scheme),), sentence))
            continue
        try:
            given = Scheme.model_validate(body if body is not None else {})
        except ValidationError as error:
            for path, sentence in sentences.problems(error, Scheme):
                wrong.append(_at(document, (scheme, *path), _plain(path, sentence)))
            continue
        wrong += _unknown(document, scheme, given, found[scheme])
        found[scheme] = _over(found[scheme], given)
        wrong += _twice(document, scheme, found[scheme])
    renamed = {
        scheme: {key: s.name for key, s in body.segments.items() if s.name not in (None, key)}
        for scheme, body in found.items()
    }
    names = {scheme: _texts(each) for scheme, each in renamed.items() if each}
    pinned = {scheme: body.thresholds for scheme, body in found.items() if body.thresholds}
    return Segments(found, names, pinned, document), wrong


def _texts(names: Mapping[str, str | None]) -> dict[str, str]:
    return {key: name for key, name in names.items() if name is not None}


def _plain(path: Path, sentence: str) -> str:
    if path[-1] == "name" and "pattern" in sentence:
        return "must not begin or end with a space"
    if path[-1] == "name" and "at most" in sentence:
        return f"has more than {LONGEST} characters"
    if path[0] == "thresholds" and "needs a list" in sentence:
        return "needs a list of numbers, such as [0.4, 0.7]"
    return sentence


def _unknown(document: Document, scheme: str, given: Scheme, ships: Scheme) -> list[Problem]:
    return [
        _at(document, (scheme, "segments", key), f"is no segment of {scheme}; {_near(key, ships)}")
        for key in given.segments
        if key not in ships.segments
    ]


def _near(key: str, ships: Scheme) -> str:
    return nearest(key, ships.segments)


def _over(below: Scheme, above: Scheme) -> Scheme:
    segments = {
        key: each.model_copy(update=_said(above.segments[key])) if key in above.segments else each
        for key, each in below.segments.items()
    }
    return below.model_copy(update={**_said(above), "segments": segments})


def _said(section: Section) -> dict[str, Any]:
    return {
        key: getattr(section, key)
        for key in section.model_fields_set
        if getattr(section, key) is not None
    }


def _twice(document: Document, scheme: str, body: Scheme) -> list[Problem]:
    """Two names that differ in capitals alone are one to a file system, and to most people."""
    bearer: dict[str, str] = {}
    wrong: list[Problem] = []
    for key, segment in body.segments.items():
        name = segment.name or key
        other = bearer.setdefault(name.casefold(), key)
        if other != key:
            named = key if segment.name is not None else other
            path = (scheme, "segments", named, "name")
            wrong.append(_at(document, path, f"{name!r} would name both {other} and {key}"))
    return wrong


def _at(document: Document, path: Path, sentence: str) -> Problem:
    return Problem(document.where(path), path, sentence)
