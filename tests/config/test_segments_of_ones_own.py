"""The operator's words over those that ship."""

from __future__ import annotations

import re

import pytest
import yaml

from config import segments
from config.problems import ConfigurationError

OWN = """\
lifecycle:
  segments:
    Champions:
      name: VIPs
      do: A call.
    Lost: {name: Champions}
risk_value:
  thresholds: {churn_probability: [0.6]}
"""


@pytest.fixture
def own(loaded, good, tmp_path):
    def read(text):
        (tmp_path / "mine.yaml").write_text(text)
        return loaded(good + "segments_file: ./mine.yaml\n").segments

    return read


def said(own, text):
    with pytest.raises(ConfigurationError) as caught:
        own(text)
    return [str(problem).partition("mine.yaml, ")[2] for problem in caught.value.problems]


def test_what_is_left_out_stays_as_it_ships(own, loaded, good):
    found, ships = own(OWN), loaded(good).segments
    assert (ships.names, ships.pinned) == ({}, {})
    # a name that another segment gave up is free
    assert found.names == {"lifecycle": {"Champions": "VIPs", "Lost": "Champions"}}
    assert found.pinned == {"risk_value": {"churn_probability": (0.6,)}}
    first, *rest = found.told("lifecycle")
    then, *others = ships.told("lifecycle")
    assert (first.name, first.do, first.measure) == ("VIPs", "A call.", then.measure)
    assert rest[:-1] == others[:-1]
    assert found.told("rfm") == ships.told("rfm")
    assert found.told("rules") == ()


def test_the_copy_that_init_writes_changes_nothing(own, loaded, good):
    found, ships = own(segments.text()), loaded(good).segments
    assert (found.names, found.pinned) == ({}, {})
    for scheme in segments.shipped():
        assert found.told(scheme) == ships.told(scheme)


def test_its_comments_show_what_can_be_written(own):
    plain = re.sub(
        r"^( *)# ((thresholds|name):|  \w+: \[)", r"\1\2", segments.text(), flags=re.MULTILINE
    )
    found = own(plain)
    assert found.names == {"lifecycle": {"Champions": "VIPs"}}
    assert set(found.pinned) == set(segments.shipped())
    assert len(yaml.safe_load(plain)["rfm"]["thresholds"]) == 3


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (
            "lifecylce: {}",
            "line 1: lifecylce: is no scheme with segments that ship; did you mean 'lifecycle'?",
        ),
        (
            "rfm:\n  segments:\n    Hibernatin: {name: A}",
            "line 3: rfm.segments.Hibernatin: is no segment of rfm; did you mean 'Hibernating'?",
        ),
        (
            "lifecycle:\n  segments:\n    Lost:\n      nmae: Gone",
            "line 4: lifecycle.segments.Lost.nmae: is an unknown key; did you mean 'name'?",
        ),
        (
            "lifecycle:\n  segments:\n    Lost: {name: at risk}",
            "line 3: lifecycle.segments.Lost.name: 'at risk' would name both At Risk and Lost",
        ),
        (
            "lifecycle:\n  segments:\n    Champions: {name: Lost}",
            "line 3: lifecycle.segments.Champions.name: 'Lost' would name both Champions and Lost",
        ),
        (
            "lifecycle:\n  segments:\n    Lost: {name: 'Gone '}",
            "line 3: lifecycle.segments.Lost.name: must not begin or end with a space",
        ),
        (
            "rfm:\n  thresholds:\n    past_revenue: 5",
            "line 3: rfm.thresholds.past_revenue: needs a list of numbers, such as [0.4, 0.7]",
        ),
    ],
)
def test_a_mistake_is_told_with_its_line(own, text, sentence):
    assert said(own, text) == [sentence]


def test_a_file_that_is_not_there_or_empty_is_told(loaded, good, tmp_path):
    with pytest.raises(ConfigurationError, match=r"gone\.yaml: cannot be read: No such file"):
        loaded(good + "segments_file: ./gone.yaml\n")
    (tmp_path / "mine.yaml").write_text("# nothing yet\n")
    with pytest.raises(ConfigurationError, match="needs names of schemes such as 'lifecycle:'"):
        loaded(good + "segments_file: ./mine.yaml\n")
