"""What the operator chose about segments, from plain values to the segmenter's own words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from segmenter import pinned, schemes
from segmenter.expr import Engine, Table
from segmenter.schemes.rules import Problem
from segmenter.settings import Settings
from sync.tables import Where, read_events, read_figures


def segmentation(given: Mapping[str, Any]) -> Settings:
    """The settings of the segmenter; ``given`` as the configuration has it under segmentation."""
    own = {key: value for key, value in given.items() if key != "refit_days"}
    for scheme in ("stratification", "affinity"):
        own[scheme] = {key: value for key, value in given[scheme].items() if key != "data"}
    return Settings.from_dict(own)


def problems(given: Mapping[str, Any]) -> list[Problem]:
    """Choices that cannot be used, as the way to the key and a sentence."""
    return [
        (("segmentation", *path), sentence)
        for path, sentence in schemes.problems(segmentation(given))
    ]


def pinning(given: Mapping[str, Mapping[str, tuple[float, ...]]]) -> list[Problem]:
    """Edges that the operator pins and that cannot be, as the way to the key and a sentence."""
    return pinned.problems(given)


def figures(engine: Engine, given: Mapping[str, Any]) -> Table | None:
    """The operator's figures of each customer, if there are any and a scheme needs them."""
    data = given["stratification"]["data"]
    if data is None or "stratification" not in given["schemes"]:
        return None
    wanted = segmentation(given).stratification.columns()
    where, rest = _where(data)
    return read_figures(engine, where=where, wanted=wanted, **rest)


def events(engine: Engine, given: Mapping[str, Any]) -> Table | None:
    """What customers did besides ordering, if that is told and a scheme needs it."""
    data = given["affinity"]["data"]
    if data is None or "affinity" not in given["schemes"]:
        return None
    where, rest = _where(data)
    return read_events(engine, where=where, **rest)


def _where(data: Mapping[str, Any]) -> tuple[Where, dict[str, Any]]:
    place = {key: data[key] for key in ("path", "url", "query")}
    return Where(**place), {key: value for key, value in data.items() if key not in place}
