"""Segments as CSV files on disk: one of the current members of each segment, one of the changes.

::

    <path>/segments/<scheme>/<Segment>.csv    who is in it now, with all properties as last sent
    <path>/changes/<run>.csv                  customer_id, email, phone, scheme, from, to

Only changed customers come in, so a batch is worked into the files that stand there: each person
is put into the file of the new segment and taken out of every other of that scheme, in this order,
so that a kill in between leaves a person in two files, never in none, until the batch comes again.
The same batch twice leaves the same files. Rows are sorted by customer_id; a segment that has lost
its last member keeps a file with the header alone. Cells that a spreadsheet would run as a formula
begin with an apostrophe. The files are this destination's own memory: nobody else should edit or
delete them, as those who do not change are not sent again.
"""

from __future__ import annotations

import asyncio
import os
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import httpx
import pyarrow as pa
from pydantic import Field

from connectors.base import Destination, Options, delivers
from connectors.destinations import files_tables as tables
from connectors.errors import Misconfigured, Unavailable
from connectors.spreadsheet import compute
from connectors.types import Batch, Identify, Person, Receipt, Value

SUFFIX = "_segment"
PERSON = ("customer_id", "email", "phone")
CHANGE = (*PERSON, "scheme", "from", "to")


class FilesOptions(Options):
    """The folder, an absolute path, and which properties are segments.

    ``segment_properties`` empty means those whose name ends with ``_segment``; the scheme's name is
    the property's without that ending. ``run`` names the file of changes and is set by whoever
    builds the connector for a run.
    """

    path: str = Field(description="The folder; it is made if need be.")
    segment_properties: tuple[str, ...] = Field(
        (), description="Properties that are segments; those that end with _segment if left out."
    )
    run: str = Field("", description="The name of the file of changes.")


class Files(Destination[FilesOptions]):
    """A folder of CSV files. It is written by one process at a time."""

    options_class = FilesOptions
    reads = 50_000
    reads_addresses = True

    def __init__(self, options: FilesOptions, *, transport: httpx.AsyncBaseTransport) -> None:
        super().__init__(options, transport=transport)
        self._root = Path(options.path)
        self._one_at_a_time = asyncio.Lock()

    async def check(self) -> None:
        """Whether the folder, or the nearest above it that is there, may be written to.

        Makes nothing; raises Misconfigured.
        """
        nearest = next(each for each in (self._root, *self._root.parents) if each.exists())
        if not nearest.is_dir():
            raise Misconfigured(f"{self._root} cannot be written to: {nearest} is no folder")
        if not os.access(nearest, os.W_OK | os.X_OK):
            raise Misconfigured(f"{self._root} cannot be written to: {nearest} is read-only")

    @delivers(Identify, size=50_000)
    async def identify(self, batch: Batch[Identify]) -> Receipt:
        """Work the changed customers into the files."""
        rejected = {
            change.id: f"none of its properties is a segment ({', '.join(change.properties)});"
            " set segment_properties"
            for change in batch
            if not self._segments(change)
        }
        good = [change for change in batch if change.id not in rejected]
        try:
            async with self._one_at_a_time:
                await asyncio.to_thread(self._work_in, good)
        except (NotADirectoryError, FileExistsError, FileNotFoundError, PermissionError) as error:
            # not a disk that is full or away: no repeat mends it
            raise Misconfigured(f"{self._root} cannot be written to: {error.strerror}") from error
        except OSError as error:
            raise Unavailable(f"{self._root} cannot be written to: {error.strerror}") from error
        return batch.delivered(rejected)

    async def read(
        self, people: Sequence[Person], names: Sequence[str]
    ) -> Mapping[str, Mapping[str, object]]:
        """Look into every file of every scheme; who stands in two of one has no segment there."""
        async with self._one_at_a_time:
            return await asyncio.to_thread(self._look_up, people, names)

    def holds(self, held: object, value: Value) -> bool:
        """A file holds texts."""
        return held == tables.text_of(value)

    def _look_up(
        self, people: Sequence[Person], names: Sequence[str]
    ) -> dict[str, Mapping[str, object]]:
        found: dict[str, dict[str, object]] = {}
        homes = {name: _folder(name) for name in names if self._is_segment(name)}
        seen = Counter[tuple[str, str]]()
        ids = pa.array([person.id for person in people], pa.string())
        for path in sorted((self._root / "segments").glob("*/*.csv")):
            rows = tables.read(path)
            rows = rows.filter(compute.is_in(rows["customer_id"], ids))
            for row in rows.to_pylist():
                who, scheme = row["customer_id"], path.parent.name
                seen[who, scheme] += 1
                mine = [n for n in names if homes.get(n, scheme) == scheme]
                found.setdefault(who, {}).update(
                    {n: row[n] for n in mine if row.get(n) is not None}
                )
        for (who, scheme), files in seen.items():
            for name in [n for n, home in homes.items() if home == scheme and files > 1]:
                found[who].pop(name, None)
        return dict(found)

    def _segments(self, change: Identify) -> list[str]:
        """The properties of a change that are segments."""
        return [name for name in change.properties if self._is_segment(name)]

    def _is_segment(self, name: str) -> bool:
        wanted = self.options.segment_properties
        return name in wanted if wanted else name.endswith(SUFFIX)

    def _work_in(self, changes: Sequence[Identify]) -> None:
        named = dict.fromkeys(p for change in changes for p in self._segments(change))
        for segment in named:
            self._put([c for c in changes if segment in c.properties], segment)
        cleared = [c for c in changes if all(v is None for v in c.properties.values())]
        self._strike([change.person.id for change in cleared])
        self._note([change for change in changes if change not in cleared])

    def _strike(self, people: Sequence[str]) -> None:
        """Whose every property is cleared stands in no file any more.

        Those of old runs and of properties of other names too, and what a kill left of any.
        """
        if not people:
            return
        ids = pa.chunked_array([pa.array(people, pa.string())])
        for path in sorted(
            [*self._root.glob("changes/*.csv"), *self._root.glob("segments/*/*.csv")]
        ):
            if _holds(path, ids):
                self._replace(path, ids, tables.read(path).slice(0, 0))
        for folder in ("changes", "segments"):
            for path in (self._root / folder).rglob(".*.part"):
                path.unlink(missing_ok=True)

    def _put(self, changes: Sequence[Identify], segment: str) -> None:
        """Put people into the file of their segment, then take them out of the others."""
        columns = [*PERSON, *dict.fromkeys(p for change in changes for p in change.properties)]
        came = tables.table((_row(change) for change in changes), columns)
        folder = self._root / "segments" / _folder(segment)
        gaining = came[segment].drop_null().unique().to_pylist()
        paths = {folder / tables.file_name(name): name for name in sorted(gaining)}
        for path, name in paths.items():
            new = came.filter(compute.equal(came[segment], name))
            self._replace(path, came["customer_id"], new)
        for path in sorted(folder.glob("*.csv")):
            if path not in paths and _holds(path, came["customer_id"]):
                self._replace(path, came["customer_id"], came.slice(0, 0))

    def _replace(self, path: Path, people: pa.ChunkedArray, rows: pa.Table) -> None:
        """Take the people out of the file and put the rows into it."""
        if path.exists():
            old = tables.without(tables.read(path), "customer_id", people)
            rows = pa.concat_tables([rows, old], promote_options="default")
        tables.write(path, rows, ["customer_id"])

    def _note(self, changes: Sequence[Identify]) -> None:
        """Add the moves to the run's file, once for each person and scheme."""
        path = self._root / "changes" / tables.file_name(self.options.run or "changes")
        came = tables.table((row for change in changes for row in self._moves(change)), CHANGE)
        if path.exists():
            old = tables.without(tables.read(path), "customer_id", came["customer_id"])
            came = pa.concat_tables([came, old])
        if came.num_rows:
            tables.write(path, came, ["customer_id", "scheme"])

    def _moves(self, change: Identify) -> Iterator[dict[str, str | None]]:
        known = change.known or {}
        for segment in self._segments(change):
            before, after = known.get(segment), change.properties[segment]
            if before != after:
                moved = {"scheme": _scheme(segment), "from": before, "to": after}
                yield {**_person(change), **{k: tables.text_of(v) for k, v in moved.items()}}


def _holds(path: Path, people: pa.ChunkedArray) -> bool:
    """Whether any of these people stands in the file."""
    ids = tables.read(path, ["customer_id"])["customer_id"]
    return bool(compute.any(compute.is_in(ids, people.combine_chunks())).as_py())


def _scheme(segment: str) -> str:
    return segment.removesuffix(SUFFIX)


def _folder(segment: str) -> str:
    return tables.file_name(_scheme(segment)).removesuffix(".csv")


def _person(change: Identify) -> dict[str, str | None]:
    person = change.person
    return {"customer_id": person.id, "email": person.email, "phone": person.phone}


def _row(change: Identify) -> dict[str, str | None]:
    properties = {name: tables.text_of(value) for name, value in change.properties.items()}
    return {**properties, **_person(change)}
