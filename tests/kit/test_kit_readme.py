"""The kit's page is true: its code runs, and its tables name what there is."""

from __future__ import annotations

import re
import sys
import types

from connectors.testing import DestinationSuite, shop, vendor
from connectors.testing.law import Laws
from connectors.testing.source_law import SourceLaws


def page(root):
    return (root / "connectors" / "testing" / "README.md").read_text()


def test_the_example_runs_and_keeps_every_law(root, monkeypatch):
    module = types.ModuleType("page")
    monkeypatch.setitem(sys.modules, "page", module)
    (code,) = re.findall(r"^```python\n(.*?)^```$", page(root), re.MULTILINE | re.DOTALL)
    exec(compile(code, "README.md", "exec"), vars(module))
    assert issubclass(module.TestPostbox, DestinationSuite)


def test_the_tables_name_every_method_and_every_attribute(root):
    named = set(re.findall(r"`(\w+)[(`]", page(root)))
    there = [*vars(vendor).values(), *vars(shop).values()]
    protocols = (one for one in there if getattr(one, "_is_protocol", False))
    methods = {
        n for one in protocols for n in vars(one) if callable(getattr(one, n)) and n[0] != "_"
    }
    methods.discard("close")
    attributes = {*Laws.__annotations__, *SourceLaws.__annotations__} - {"destination", "vendor"}
    assert methods <= named
    assert attributes <= named
