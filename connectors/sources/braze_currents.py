"""Clicks and openings from Braze Currents: Avro files in a folder, as Braze lays them out.

``.../event_type=users.messages.email.Click/date=YYYY-MM-DD-HH/<schema id>/<zone>/<name>.avro``, by
Braze's documents; the hour is that of queueing, not of the event, and a file may repeat events.
Objects in a bucket must be synced to the folder or mounted. Not verified here: no file of a real
account was read; that ``machine_open`` tells an opening by a mail proxy is known from other
people's tables of these events alone.
"""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
from pydantic import Field

from connectors.base import Options, Source
from connectors.errors import Misconfigured
from connectors.types import EVENTS, Fault, Page

USUAL = {"users.messages.email.Open": "email_open", "users.messages.email.Click": "email_click"}
BY_PROXY = "email_open_by_proxy"
NOBODY = "events of nobody who is named"
#: Rows of a page; files are taken whole.
ROWS = 100_000
HOUR = "%Y-%m-%d-%H"
_TYPE = re.compile(r"event_type=(.+)", re.IGNORECASE)
_DATE = re.compile(r"date=(\d{4}-\d{2}-\d{2}-\d{2})", re.IGNORECASE)


class BrazeCurrentsOptions(Options):
    """Where the files are, and what counts."""

    path: Path = Field(description="The folder; all below it is looked through.")
    event_types: dict[str, str] = Field(
        default_factory=lambda: dict(USUAL),
        min_length=1,
        description="Braze's types of events, in any case, and the kind that affinity counts each"
        " as.",
    )
    proxy_field: str | None = Field(
        "machine_open",
        description="The field of an event that is true where not a person but a mail proxy, such"
        " as Apple's, opened; it then counts as email_open_by_proxy.",
    )
    late_hours: float = Field(
        72,
        ge=1,
        description="How far behind the newest hour files may still come in; older ones that are"
        " new are not read.",
    )


@dataclass(frozen=True, slots=True)
class Seen:
    """Files that were read: all that lie before the hour ``floor``, and those of ``names``."""

    floor: str = ""
    names: frozenset[str] = frozenset()

    @classmethod
    def read(cls, text: str | None) -> Seen:
        """Back from ``text``."""
        if text is None:
            return cls()
        stored = json.loads(text)
        return cls(stored["floor"], frozenset(stored["names"]))

    def text(self) -> str:
        """As it is stored; equal ones are equal texts."""
        return json.dumps({"floor": self.floor, "names": sorted(self.names)}, separators=(",", ":"))

    def after(self, files: Sequence[File], late: timedelta) -> Seen:
        """Once these were read too, oldest hour first."""
        names = self.names | {file.name for file in files}
        newest = datetime.strptime(max(file.hour for file in files), HOUR).replace(tzinfo=UTC)
        floor = max(self.floor, (newest - late).strftime(HOUR))
        return Seen(floor, frozenset(name for name in names if _hour(name) >= floor))


@dataclass(frozen=True, slots=True)
class File:
    """A file, by its path below the folder; ``kind`` is what affinity counts its events as."""

    name: str
    hour: str
    kind: str


class BrazeCurrents(Source[BrazeCurrentsOptions]):
    """Events of people who bear an address or an external id. The cursor tells what was read."""

    options_class = BrazeCurrentsOptions

    async def check(self) -> None:
        """Look for files; raises Misconfigured if there is none, or no way to read them."""
        _avro()
        if not await asyncio.to_thread(lambda: any(self._files(Seen()))):
            raise Misconfigured(
                f"{self.options.path} has no file of these event types below it; its folders are "
                "called event_type=users.messages.email.Click/date=2026-01-02-03 and so on"
            )

    async def events(self, since: str | None) -> AsyncIterator[Page]:
        """Files that are new, oldest hour first, some to a page; an event counts once by its id.

        Raises Misconfigured if the folder is not there, or a file is no Avro file of events.
        """
        if not self.options.path.is_dir():
            raise Misconfigured(f"there is no folder {self.options.path} (path)")
        seen, late = Seen.read(since), timedelta(hours=self.options.late_hours)
        new = await asyncio.to_thread(lambda: sorted(self._files(seen), key=_in_order))
        read: list[File] = []
        rows: dict[str, dict[str, Any]] = {}
        nobody = 0
        for number, file in enumerate(new, 1):
            unnamed = await asyncio.to_thread(self._read, file, rows)
            nobody += unnamed
            read.append(file)
            if len(rows) >= ROWS or number == len(new):
                seen = seen.after(read, late)
                faults = (Fault(NOBODY, nobody, ""),) if nobody else ()
                table = pa.Table.from_pylist(list(rows.values()), EVENTS)
                yield Page(table, seen.text(), faults=faults)
                read, rows, nobody = [], {}, 0

    def _files(self, seen: Seen) -> Iterator[File]:
        kinds = {name.casefold(): kind for name, kind in self.options.event_types.items()}
        for path in self.options.path.rglob("*.avro"):
            name = path.relative_to(self.options.path).as_posix()
            kind, hour = kinds.get(_type(name)), _hour(name)
            if kind is not None and hour and hour >= seen.floor and name not in seen.names:
                yield File(name, hour, kind)

    def _read(self, file: File, rows: dict[str, dict[str, Any]]) -> int:
        """Add the file's events; how many are of nobody."""
        path, nobody = self.options.path / file.name, 0
        try:
            with path.open("rb") as opened:
                # each file bears its schema, so that one that changed needs no care
                for event in _avro().reader(opened):
                    row = self._row(event, file.kind)
                    if row is None:
                        nobody += 1
                    else:
                        rows[row["event_id"]] = row
        except (OSError, EOFError, ValueError, KeyError, TypeError) as error:
            raise Misconfigured(
                f"{path} cannot be read as a Currents file ({type(error).__name__}); is it there "
                "whole?"
            ) from error
        return nobody

    def _row(self, event: Mapping[str, Any], kind: str) -> dict[str, Any] | None:
        customer_id, email = event.get("external_user_id"), event.get("email_address")
        if not customer_id and not email:
            return None
        name = self.options.proxy_field
        proxied = name is not None and str(event.get(name)).strip().lower() in {"true", "1"}
        return {
            "event_id": str(event["id"]),
            "customer_id": customer_id or None,
            "email": email or None,
            "phone": None,
            "kind": BY_PROXY if kind == "email_open" and proxied else kind,
            "occurred_at": datetime.fromtimestamp(event["time"], UTC),
        }


def _in_order(file: File) -> tuple[str, str]:
    return file.hour, file.name


def _type(name: str) -> str:
    found = (_TYPE.fullmatch(part) for part in name.split("/"))
    return next((match[1].casefold() for match in found if match), "")


def _hour(name: str) -> str:
    found = (_DATE.fullmatch(part) for part in name.split("/"))
    return next((match[1] for match in found if match), "")


def _avro() -> Any:  # noqa: ANN401 - fastavro ships no types
    try:
        import fastavro  # noqa: PLC0415
    except ModuleNotFoundError as error:
        raise Misconfigured(
            "Avro files need fastavro, which is not installed: pip install 'tidesman[avro]'"
        ) from error
    return fastavro
