"""Which parts of the lake have no row in common, so that no version has to be chosen.

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

ONCE = "SELECT count(*) = count(DISTINCT {key}) FROM read_parquet(?)"
NONE_IN_COMMON = """
    SELECT count(*) = 0
    FROM (SELECT {key} FROM read_parquet(?))
    SEMI JOIN (SELECT {key} FROM read_parquet(?)) USING ({key})
"""


class Overlap:
    """Remembers sets of parts in which every id stands once; ``key`` is the column of ids."""

    def __init__(self, memory: Path, key: str = "order_id") -> None:
        self.memory, self.key = memory, key

    def none_among(self, parts: Sequence[Path]) -> bool:
        """Whether no id stands in two of the parts; within a part it stands once anyway."""
        wanted = {path.name: str(path) for path in parts}
        sets = self._remembered()
        if any(wanted.keys() <= known for known in sets):
            return True
        base = max((known & wanted.keys() for known in sets), key=len, default=set[str]())
        new = [path for name, path in wanted.items() if name not in base]
        if not self._apart([wanted[name] for name in base], new):
            return False
        self._remember([set(wanted), *sets])
        return True

    def _apart(self, base: list[str], new: list[str]) -> bool:
        once, none = (query.format(key=self.key) for query in (ONCE, NONE_IN_COMMON))
        with duckdb.connect(config=SMALL) as database:
            if len(new) > 1 and not _answer(database, once, [new]):
                return False
            return not base or _answer(database, none, [base, new])

    def _remembered(self) -> list[set[str]]:
        if not self.memory.exists():
            return []
        return [set(names) for names in json.loads(self.memory.read_text())]

    def _remember(self, sets: list[set[str]]) -> None:
        # who may only read, or has no room left, loses nothing but the time to find out again
        with suppress(OSError), whole_file(self.memory) as unfinished:
            unfinished.write_text(json.dumps([sorted(names) for names in sets[:REMEMBERED]]))


def _answer(database: duckdb.DuckDBPyConnection, query: str, values: list[list[str]]) -> bool:
    found = database.execute(query, values).fetchone()
    return found is not None and bool(found[0])
