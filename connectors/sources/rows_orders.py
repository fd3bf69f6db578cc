"""From lines to orders: added up or one a row, with what was set aside and why."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator

import duckdb
import pyarrow as pa

from connectors.errors import Misconfigured
from connectors.http import mask
from connectors.sources import rows_lines
from connectors.sources.rows import Rows
from connectors.sources.rows_lines import Check
from connectors.sources.rows_options import RowOptions
from connectors.sources.rows_report import Report
from connectors.types import ORDERS, Fault

#: Working memory of one file or query; what is more goes to the temporary folder.
MEMORY = "512MB"
BATCH = 100_000

#: What cannot be used for a reason of its own.
BY_VERDICT = """
CREATE TABLE aside AS
SELECT row, name AS problem FROM lines JOIN checks USING (verdict)
"""

#: An order that has a line without a date or an amount is not read in part.
WHOLE = """
CREATE TABLE partial AS
SELECT DISTINCT order_id FROM lines JOIN checks USING (verdict) WHERE spoils;
INSERT INTO aside
SELECT row, 'lines of an order that cannot be read whole'
FROM lines WHERE verdict = 0 AND order_id IN (FROM partial)
"""

#: One row an order id; ``mixed`` where its lines do not agree whose it is, or in what money.
ADD_UP = """
CREATE TABLE added AS
SELECT order_id, min(customer_id) AS customer_id, min(email) AS email, min(phone) AS phone,
    min(ordered_at) AS ordered_at, coalesce(sum(amount) FILTER (NOT void), 0) AS amount,
    min(currency) AS currency, bool_and(free OR unsold OR void) AS nothing, bool_and(void) AS void,
    min(row) AS row,
    min(currency) <> max(currency) OR coalesce(
        min(customer_id) <> max(customer_id), min(email) <> max(email),
        min(phone) <> max(phone), FALSE) AS mixed
FROM lines WHERE verdict = 0 AND order_id NOT IN (FROM partial)
GROUP BY order_id;
INSERT INTO aside
SELECT lines.row, 'lines of an order of several customers or currencies'
FROM lines JOIN added USING (order_id) WHERE mixed AND verdict = 0;
DELETE FROM added WHERE mixed OR (nothing AND NOT void)
"""

#: The last row of an order id, and those before it.
TAKE_LAST = """
CREATE TABLE added AS
SELECT * EXCLUDE (verdict, culprit, free, unsold, bad_email) FROM lines WHERE verdict = 0
QUALIFY row = max(row) OVER (PARTITION BY order_id);
INSERT INTO aside
SELECT row, 'duplicate order ids'
FROM lines WHERE verdict = 0 AND row NOT IN (SELECT row FROM added)
"""
TAKE_ALL = """
CREATE VIEW added AS
SELECT * EXCLUDE (verdict, culprit, free, unsold, bad_email) FROM lines WHERE verdict = 0
"""

#: Fractions beyond the fourth place are rounded once, in the sum.
FINISH = """
CREATE VIEW orders AS
SELECT order_id, customer_id, email, phone, ordered_at, currency, row,
    (CASE WHEN void THEN 0 ELSE amount END)::DECIMAL(18, 4) AS amount,
    CASE WHEN void THEN 'void' WHEN amount::DECIMAL(18, 4) < 0 THEN 'refund' ELSE 'order' END
        AS kind
FROM added
"""

SORTED = """
SELECT order_id, customer_id, email, phone, ordered_at, amount, currency, kind
FROM orders ORDER BY ordered_at, order_id
"""


class RowOrders:
    """The orders among rows, worked out when built; ``close`` gives the working memory back.

    Raises Misconfigured if the rows cannot be used. ``count`` is the number of orders, and
    ``faults`` tells what was found on the way.
    """

    def __init__(self, rows: Rows, options: RowOptions) -> None:
        self.rows, self.options = rows, options
        self._scratch = tempfile.TemporaryDirectory(prefix="tidesman-")
        self._base = duckdb.connect(
            config={"memory_limit": MEMORY, "temp_directory": self._scratch.name}
        )
        try:
            self._base.execute("SET TimeZone = 'UTC'")
            self._work_out()
        except (duckdb.DataError, duckdb.InvalidInputException) as error:
            self.close()
            raise self._plain(error) from error
        except BaseException:
            self.close()
            raise

    def stream(self) -> pa.RecordBatchReader:
        """The orders by time and id, in the columns of ``ORDERS``; a stream, to be read once."""
        return self._base.cursor().sql(SORTED).to_arrow_reader(BATCH).cast(ORDERS)

    def set_aside(self) -> pa.RecordBatchReader | None:
        """The rows that were not used: file, row, problem, then their cells as text, by row.

        A row with too many or too few cells stands whole in the first of them.
        """
        if self._count("aside") + self._count("broken") == 0:
            return None
        base = self._base.cursor()
        cells = ", ".join(f"CAST(c{i} AS VARCHAR) AS c{i}" for i in range(len(self.rows.names)))
        came = base.from_arrow(self.rows.stream()).project(f"row, {cells}")
        found = came.join(base.table("aside"), "row").project(
            "row, problem, * EXCLUDE (row, problem)"
        )
        empty = "".join(", NULL" for _ in self.rows.names[1:])
        broken = base.table("broken").project(f"row, problem, text{empty}")
        reader = found.union(broken).order("row").to_arrow_reader(BATCH)
        return _with_names(reader, self.rows)

    def close(self) -> None:
        """Give back memory and the temporary folder."""
        self._base.close()
        self._scratch.cleanup()

    def _work_out(self) -> None:
        checks = rows_lines.load(self._base, self.rows, self.options)
        self._keep(checks)
        report = Report(self._base, self.rows, self.options, checks)
        report.refuse_unreadable()
        self._base.execute(BY_VERDICT)
        if self.options.lines:
            self._base.execute(WHOLE)
            self._base.execute(ADD_UP)
        else:
            self._base.execute(TAKE_LAST if report.repeated() else TAKE_ALL)
        self._base.execute(FINISH)
        self.count = self._count("orders")
        self.faults: tuple[Fault, ...] = report.faults()

    def _keep(self, checks: list[Check]) -> None:
        """Put what the queries need beside the lines: the checks, and the broken rows."""
        base = self._base
        base.execute("CREATE TABLE checks (verdict UTINYINT, name VARCHAR, spoils BOOLEAN)")
        rows = [[i, check.name, check.spoils] for i, check in enumerate(checks, 1)]
        base.executemany("INSERT INTO checks VALUES (?, ?, ?)", rows)
        broken = pa.table(
            [list(self.rows.broken), list(self.rows.broken.values())],
            schema=pa.schema({"row": pa.int64(), "text": pa.string()}),
        )
        base.from_arrow(broken).project("row, 'unreadable rows' AS problem, text").create("broken")

    def _count(self, table: str) -> int:
        return len(self._base.table(table))

    def _plain(self, error: duckdb.Error) -> Misconfigured:
        if self.rows.failure is not None:
            return self.rows.failure
        first = mask(str(error).splitlines()[0])
        return Misconfigured(f"{self.rows.name} cannot be read: {first}")


def _with_names(reader: pa.RecordBatchReader, rows: Rows) -> pa.RecordBatchReader:
    text = pa.string()
    names = ["file", "row", "problem", *rows.names]
    schema = pa.schema(zip(names, [text, pa.int64(), *[text] * (len(names) - 2)], strict=True))

    def batches() -> Iterator[pa.RecordBatch]:
        for batch in reader:
            file = pa.array([rows.short] * batch.num_rows, text)
            yield pa.record_batch([file, *batch.columns], schema)

    return pa.RecordBatchReader.from_batches(schema, batches())
