"""Which parts of the lake have no order in common, so that no version has to be chosen.

Choosing costs as much as all else that a reading does, and parts that overlap are the exception.
What was found out is kept beside the lake: part files never change, so it never turns wrong, and
without it the same is found out again.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import duckdb

from connectors.disk import whole_file

#: Sets of parts that are remembered: the lake as it is, as it was when last published, and spare.
REMEMBERED = 4

#: Enough to look for repeated ids; more goes to the disk.
SMALL: dict[str, Any] = {"memory_limit": "512MB", "temp_directory": tempfile.gettempdir()}

ONCE = "SELECT count(*) = count(DISTINCT order_id) FROM read_parquet(?)"
NONE_IN_COMMON = """
    SELECT count(*) = 0
    FROM (SELECT order_id FROM read_parquet(?))
    SEMI JOIN (SELECT order_id FROM read_parquet(?)) USING (order_id)
"""


class Overlap:
    """Remembers sets of parts in which every order id stands once."""

    def __init__(self, memory: Path) -> None:
        self.memory = memory

    def none_among(self, parts: Sequence[Path]) -> bool:
        """Whether no order id stands in two of the parts; within a part it stands once anyway."""
        wanted = {path.name: str(path) for path in parts}
        sets = self._remembered()
        if any(wanted.keys() <= known for known in sets):
            return True
        base = max((known & wanted.keys() for known in sets), key=len, default=set[str]())
        if not _apart([wanted[n] for n in base], [p for n, p in wanted.items() if n not in base]):
            return False
        self._remember([set(wanted), *sets])
        return True

    def _remembered(self) -> list[set[str]]:
        if not self.memory.exists():
            return []
        return [set(names) for names in json.loads(self.memory.read_text())]

    def _remember(self, sets: list[set[str]]) -> None:
        # who may only read, or has no room left, loses nothing but the time to find out again
        with suppress(OSError), whole_file(self.memory) as unfinished:
            unfinished.write_text(json.dumps([sorted(names) for names in sets[:REMEMBERED]]))


def _apart(base: list[str], new: list[str]) -> bool:
    with duckdb.connect(config=SMALL) as database:
        if len(new) > 1 and not _answer(database, ONCE, [new]):
            return False
        return not base or _answer(database, NONE_IN_COMMON, [base, new])


def _answer(database: duckdb.DuckDBPyConnection, query: str, values: list[list[str]]) -> bool:
    found = database.execute(query, values).fetchone()
    return found is not None and bool(found[0])
