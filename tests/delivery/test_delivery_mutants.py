"""The list of deliberate faults is up to date; whether each is seen tells ``mutants.py``."""

from __future__ import annotations

import ast
import sys

import pytest


@pytest.fixture(scope="module")
def faults(root):
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(root / "tests" / "delivery")
        from engine_faults import FAULTS
    del sys.modules["engine_faults"]
    return FAULTS


def test_every_fault_can_still_be_put_into_the_engine(root, faults) -> None:
    assert len(faults) >= 20
    for fault in faults:
        text = (root / fault.file).read_text()
        compile(fault.put_into(text), fault.file, "exec")


def test_a_fault_whose_place_has_changed_is_told(faults) -> None:
    with pytest.raises(LookupError, match="no longer holds"):
        faults[0].put_into("something else")


def test_every_fault_names_a_test_that_there_is(root, faults) -> None:
    for fault in faults:
        file, _, test = fault.seen_by.partition("::")
        tree = ast.parse((root / "tests" / file).read_text())
        assert test in {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}
