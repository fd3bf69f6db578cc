"""The files adapter keeps every law that a folder can have."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import ClassVar

import pyarrow.compute as pc

from connectors.destinations.files import Files
from connectors.destinations.files_tables import read, text_of
from connectors.testing import DestinationSuite
from connectors.types import Person, Value

WHOLE_ROWS = "a row is what was last sent of somebody: the engine always sends all properties"


class Folder:
    """A folder, looked at by its CSV files of one scheme."""

    def __init__(self, _key: str) -> None:
        self.folder = tempfile.TemporaryDirectory()

    def options(self, _key: str) -> Mapping[str, object]:
        return {"path": self.folder.name, "run": "run-1"}

    def people(self) -> int:
        return len({row["customer_id"] for row in self.rows()})

    def properties(self, person: Person) -> Mapping[str, object] | None:
        found = self.rows(person.id)
        assert len(found) <= 1, "somebody stands in two files of one scheme"
        return {k: v for k, v in found[0].items() if v is not None} if found else None

    def rows(self, customer_id: str | None = None) -> list[dict[str, str | None]]:
        files = Path(self.folder.name).glob("segments/lifecycle/*.csv")
        wanted = None if customer_id is None else pc.field("customer_id") == customer_id
        tables = [read(file) for file in files]
        return [
            row
            for table in tables
            for row in (table if wanted is None else table.filter(wanted)).to_pylist()
        ]

    def close(self) -> None:
        self.folder.cleanup()


class TestFiles(DestinationSuite):
    destination = Files
    vendor = Folder
    always: ClassVar[Mapping[str, Value]] = {"lifecycle_segment": "At Risk"}
    departs: ClassVar[Mapping[str, str]] = {
        "test_other_properties_are_untouched": WHOLE_ROWS,
        "test_none_leaves_the_others": WHOLE_ROWS,
    }

    def held(self, value: Value) -> object:
        return text_of(value)
