"""From rows to events: one a row, with what could not be used, and why.

Where no column holds an id, one is made of all that is told of the event: then two events alike in
everything are one.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import duckdb
import pyarrow as pa
from pydantic import Field

from connectors.errors import Misconfigured
from connectors.http import mask
from connectors.sources import rows_values as values
from connectors.sources.rows import Rows
from connectors.sources.rows_lines import BROKEN, NO_DATE, positions
from connectors.sources.rows_options import Chosen, MomentOptions
from connectors.types import EVENTS, Fault

MEMORY = {"memory_limit": "512MB"}
BATCH = 100_000
NO_ID, NO_KIND = "missing event ids", "events without a kind"
NOBODY, OTHER = "events of nobody who is named", "events of other kinds"
#: By verdict from 1; the first three count against ``tolerate``, the others are as they should be.
FAULTS = (NO_ID, NO_KIND, NO_DATE, NOBODY, OTHER)
UNREADABLE = 3
_WHO = ("customer_id", "email", "phone")

#: The last row of an id counts.
EVENTS_OF = """
SELECT event_id, customer_id, email, phone, kind, occurred_at FROM lines WHERE verdict = 0
QUALIFY row = max(row) OVER (PARTITION BY event_id) ORDER BY occurred_at, event_id
"""


class EventColumns(Chosen):
    """Which column is what. Without ``event_id`` one is made of all the others."""

    kind: str
    occurred_at: str
    event_id: str | None = None
    customer_id: str | None = None
    email: str | None = None
    phone: str | None = None


class EventRowOptions(MomentOptions):
    """How rows are read as events."""

    columns: EventColumns = Field(description="Which column is what.")
    kinds: dict[str, str] = Field(
        default_factory=dict[str, str],
        description="What an event is called there, and the kind that affinity counts it as, such"
        " as Product Viewed: site_click; then all others are left out. Empty: as it is called.",
    )


class RowEvents:
    """The events among rows, worked out when built; ``close`` gives the working memory back.

    Raises Misconfigured if a column is missing or more than ``tolerate`` of the rows cannot be
    read. ``count`` is the number of events; ``faults`` tells what was found on the way.
    """

    def __init__(self, rows: Rows, options: EventRowOptions) -> None:
        self.rows, self.options = rows, options
        self._base = duckdb.connect(config=dict(MEMORY))
        try:
            self._base.execute("SET TimeZone = 'UTC'")
            self._load(positions(rows, options.columns.chosen()))
            self.faults = self._faults()
            self.count = self._one(f"SELECT count(*) FROM ({EVENTS_OF})")[0]  # noqa: S608
        except duckdb.Error as error:
            self.close()
            first = mask(str(error).splitlines()[0])
            failure = rows.failure or Misconfigured(f"{rows.name} cannot be read: {first}")
            raise failure from error
        except BaseException:
            self.close()
            raise

    def stream(self) -> pa.RecordBatchReader:
        """The events by time and id, in the columns of ``EVENTS``; a stream, to be read once."""
        return self._base.cursor().sql(EVENTS_OF).to_arrow_reader(BATCH).cast(EVENTS)

    def set_aside(self) -> None:
        """Nothing: what cannot be used is counted alone."""

    def close(self) -> None:
        """Give back memory."""
        self._base.close()

    def _load(self, where: Mapping[str, int]) -> None:
        opened = self._base.from_arrow(self.rows.stream(sorted(set(where.values()))))
        kinds = dict(zip(opened.columns, map(str, opened.types), strict=True))
        cells = {what: (f"c{place}", kinds[f"c{place}"]) for what, place in where.items()}
        texts = [
            f"{values.given(values.trimmed(column, kind))} AS {what}_text"
            for what, (column, kind) in cells.items()
        ]
        (
            opened.project(", ".join(["*", *texts]))
            .project(", ".join(["row", *self._values(cells)]))
            .project(f"*, {self._verdict()} AS verdict")
            .create("lines")
        )

    def _values(self, cells: Mapping[str, tuple[str, str]]) -> Iterator[str]:
        for what in ("event_id", "customer_id", "phone"):
            known = values.identifier(f"{what}_text") if what in cells else "NULL::VARCHAR"
            if what == "event_id" and what not in cells:
                parts = (f"coalesce({one}_text, '')" for one in cells)
                known = f"sha256(concat_ws(chr(10), {', '.join(parts)}))"
            yield f"{known} AS {what}"
        yield (values.email("email_text") if "email" in cells else "NULL::VARCHAR") + " AS email"
        column, kind = cells["occurred_at"]
        zone, formats = self.options.timezone, self.options.formats()
        moment = values.moment(column, "occurred_at_text", kind, zone, formats)
        yield f"{moment} AS occurred_at"
        yield "occurred_at_text"
        yield f"{self._kind()} AS kind"
        yield "kind_text"

    def _kind(self) -> str:
        known = [
            f"WHEN {values.literal(name)} THEN {values.literal(kind)}"
            for name, kind in self.options.kinds.items()
        ]
        return f"CASE kind_text {' '.join(known)} END" if known else "kind_text"

    def _verdict(self) -> str:
        nobody = " AND ".join(f"{name} IS NULL" for name in _WHO)
        # in this order: what is left out anyway need not be readable
        return (
            f"CASE WHEN kind_text IS NULL THEN 2 WHEN kind IS NULL THEN 5 WHEN {nobody} THEN 4 "
            "WHEN event_id IS NULL THEN 1 WHEN occurred_at IS NULL THEN 3 ELSE 0 END"
        )

    def _faults(self) -> tuple[Fault, ...]:
        found = self._base.execute(
            "SELECT verdict, count(*), arg_min(occurred_at_text, row), min(row) FROM lines "
            "WHERE verdict > 0 GROUP BY verdict ORDER BY verdict"
        ).fetchall()
        faults = [
            Fault(FAULTS[verdict - 1], count, self._told(verdict, text, row))
            for verdict, count, text, row in found
        ]
        broken = self.rows.broken
        if broken:
            faults.append(Fault(BROKEN, len(broken), self._at(min(broken))))
        bad = sum(fault.count for fault in faults if fault.name in (*FAULTS[:UNREADABLE], BROKEN))
        total = self._one("SELECT count(*) FROM lines")[0] + len(broken)
        if bad > self.options.tolerate * total:
            first = next(f for f in faults if f.name in (*FAULTS[:UNREADABLE], BROKEN))
            raise Misconfigured(
                f"{self.rows.name}: {bad:,} of {total:,} rows cannot be read as events, more than "
                f"tolerate allows; {first.name}: {first.example}"
            )
        return tuple(faults)

    def _told(self, verdict: int, text: str | None, row: int) -> str:
        if FAULTS[verdict - 1] != NO_DATE:
            return self._at(row)
        column = self.options.columns.occurred_at
        if text is None:
            return f"{self._at(row)}, column {column} is empty"
        why = values.why_no_date(text, self.options.formats())
        return f"{self._at(row)}, column {column}: {values.shown(text)} {why}"

    def _at(self, row: int) -> str:
        return f"{self.rows.short}, row {row}" if self.rows.numbered else self.rows.short

    def _one(self, query: str) -> tuple[int, ...]:
        found: tuple[int, ...] | None = self._base.execute(query).fetchone()
        assert found is not None  # noqa: S101 - an aggregate always has a row
        return found
