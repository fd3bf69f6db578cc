"""What a third party sees: laws are collected by what a destination can do, and none is skipped."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import ClassVar

import pytest

from connectors.base import Destination, delivers
from connectors.testing import DestinationSuite, laws
from connectors.types import Track

BROKEN = Path(__file__).resolve().parent / "broken"
PAGE = """
from good import GoodSuite
from {module} import {destination} as Tried

class TestTried(GoodSuite):
    destination = Tried
"""


def run(folder: Path, module: str, destination: str, *options: str) -> str:
    """The output of pytest on a test file of a third party, with warnings as errors."""
    (folder / "test_third_party.py").write_text(PAGE.format(module=module, destination=destination))
    command = [sys.executable, "-m", "pytest", "-W", "error", "-rA", "-q", "--tb=line"]
    command += ["-p", "no:cacheprovider", "--rootdir", str(folder), str(folder), *options]
    environment = {**os.environ, "PYTHONPATH": str(BROKEN)}
    told = subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, check=False
    )
    return told.stdout + told.stderr


def test_a_good_destination_passes_with_no_skip_and_no_warning(tmp_path, good):
    told = run(tmp_path, "good", "Good")
    passed = re.findall(r"^PASSED \S+::(\w+)$", told, re.MULTILINE)
    assert sorted(passed) == sorted(laws(good.GoodSuite))
    assert re.search(rf"^{len(passed)} passed in ", told, re.MULTILINE), told[-2_000:]


def test_a_broken_destination_fails_by_the_name_of_its_law(tmp_path):
    told = run(tmp_path, "forgets_the_order", "Broken", "-k", "job or ticket or bad")
    failed = re.findall(r"^FAILED \S+::(\w+)", told, re.MULTILINE)
    assert failed == ["test_a_ticket_settles_in_any_order"]


def test_there_are_at_least_forty_laws_and_each_says_what_it_means(good):
    names = laws(good.GoodSuite)
    assert len(set(names)) == len(names) >= 40
    for name in names:
        told = getattr(good.GoodSuite, name).__doc__
        assert told, name
        assert "\n\n" not in told, name
        assert told.strip().endswith("."), name


def test_laws_of_what_a_destination_cannot_do_are_not_there(good):
    class OnlyEvents(good.Good):
        deliveries: ClassVar[dict] = {Track: good.Good.deliveries[Track]}
        settle = Destination.settle

    class NeverTheSame(OnlyEvents):
        @delivers(Track, size=10, bytes=200_000, idempotent=False)
        async def track(self, batch):
            return await super().track(batch)

    whole, fewer, least = (
        set(laws(type("Suite", (good.GoodSuite,), {"destination": one})))
        for one in (good.Good, OnlyEvents, NeverTheSame)
    )
    assert least < fewer < whole
    assert {"test_zero_arrives", "test_who_enters_is_in", "test_a_cancelled_job_is_lost"} <= (
        whole - fewer
    )
    assert fewer - least == {
        "test_an_event_is_stored_once_after_a_lost_answer",
        "test_an_event_sent_twice_is_stored_once",
        "test_an_old_event_among_new_ones_harms_nobody",
        "test_two_events_in_one_second_are_two",
    }


def test_a_law_that_was_left_out_comes_back_in_a_subclass(good):
    class Departing(good.GoodSuite):
        departs: ClassVar[dict] = {"test_zero_arrives": "it holds no numbers"}

    class Coming(Departing):
        departs: ClassVar[dict] = {}

    assert "test_zero_arrives" not in laws(Departing)
    assert laws(Coming) == laws(good.GoodSuite)


def test_a_departure_from_no_law_is_a_mistake(good):
    with pytest.raises(TypeError, match="test_no_such_law"):
        type("Suite", (good.GoodSuite,), {"departs": {"test_no_such_law": "?"}})


def test_a_vendor_that_cannot_be_looked_at_is_a_mistake(good):
    class Blind:
        options = people = poison = transport = print

    for vendor, wanted in ((Blind, "Blind must be Profiles"), (object, "object must be a Vendor")):
        with pytest.raises(TypeError, match=wanted):
            type("Suite", (DestinationSuite,), {"destination": good.Good, "vendor": vendor})
