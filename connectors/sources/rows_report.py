"""What was found in rows: what is counted and told, and what is refused."""

from __future__ import annotations

from collections.abc import Iterator

import duckdb

from connectors.errors import Misconfigured
from connectors.sources import rows_lines
from connectors.sources.rows import Rows
from connectors.sources.rows_lines import Check
from connectors.sources.rows_options import RowOptions
from connectors.sources.rows_values import shown, why_no_amount, why_no_date
from connectors.types import Fault

#: The share of repeated order ids above which a file is taken for one of lines.
MANY_REPEATED = 0.2

CELLS = "has not as many cells as the header; is a quote or a delimiter out of place?"

#: Rows that are used all the same, by what is worth telling of them.
TOLD = """
SELECT 'refunds', count(*), min(row) FROM orders WHERE kind = 'refund'
UNION ALL SELECT 'orders taken away by their status', count(*), min(row) FROM orders
    WHERE kind = 'void'
UNION ALL SELECT 'orders in another currency', count(*), min(row) FROM orders
    WHERE currency <> $currency AND $currency <> ''
UNION ALL SELECT 'lines at price zero', count(*), min(row) FROM lines
    WHERE free AND verdict = 0 AND $lines
UNION ALL SELECT 'lines of quantity zero', count(*), min(row) FROM lines
    WHERE unsold AND verdict = 0 AND $lines
"""


class Report:
    """Reads the tables ``lines``, ``broken``, ``aside`` and ``orders`` of one file or query."""

    def __init__(
        self,
        base: duckdb.DuckDBPyConnection,
        rows: Rows,
        options: RowOptions,
        checks: list[Check],
    ) -> None:
        self._base, self._rows, self._options, self._checks = base, rows, options, checks
        # a quote that nobody closed swallows the rows after it
        self._broken = sum(text.strip().count("\n") + 1 for text in rows.broken.values())
        self._total = len(base.table("lines")) + self._broken

    def refuse_unreadable(self) -> None:
        """Raise Misconfigured, naming the first, if too many rows cannot be read."""
        found = [(count, row, check, text) for count, row, check, text in self._failed()
                 if check.name in rows_lines.UNREADABLE]  # fmt: skip
        bad = sum(count for count, *_ in found) + self._broken
        if bad == 0 or bad / self._total <= self._options.tolerate:
            return
        first_broken = min(self._rows.broken, default=None)
        _, row, check, text = min(found, key=lambda one: one[1], default=(0, 0, None, None))
        if check is None or (first_broken is not None and first_broken < row):
            why = f"row {first_broken}: {CELLS}"
        else:
            why = f"{self._place(row)}, column {check.column}: {self._why(check, text)}"
        enough = -(-100 * bad // self._total) / 100
        raise Misconfigured(
            f"{self._rows.name}, {why} ({bad:,} of {self._total:,} rows cannot be read); mend"
            f" that, or set tolerate: {enough:.2f} to set such rows aside and go on without them"
        )

    def repeated(self) -> bool:
        """Whether an order id stands in several rows; Misconfigured if too many do."""
        query = "SELECT count(*), count(DISTINCT order_id) FROM lines WHERE verdict = 0"
        rows, orders = self._one(query)
        again = rows - orders
        if again > MANY_REPEATED * rows and not self._options.latest_row_wins:
            raise Misconfigured(
                f"{self._rows.name}: {again:,} of {rows:,} rows repeat an order id in column"
                f" {self._options.columns.order_id}; set lines: true if a row is a line of an"
                " order, or latest_row_wins: true if a later row corrects an earlier one"
            )
        return again > 0

    def faults(self) -> tuple[Fault, ...]:
        """All that is worth telling, with an example each, in a fixed order."""
        return tuple(self._faults())

    def _faults(self) -> Iterator[Fault]:
        if self._total == 0:
            yield Fault("files without a row", 1, self._rows.short)
        examples: dict[str, tuple[int, str]] = {}
        for _, row, check, text in self._failed():
            told = f", column {check.column}: {shown(text)}"
            examples[check.name] = min(examples.get(check.name, (row, told)), (row, told))
        aside = "SELECT problem, count(*), min(row) FROM aside GROUP BY problem ORDER BY problem"
        for name, count, row in self._base.execute(aside).fetchall():
            if name != rows_lines.NO_EMAIL:
                told = self._at(row) + examples.get(name, (0, ""))[1]
                yield Fault(name, count, told, unread=name in rows_lines.UNREADABLE)
        if self._rows.broken:
            told = f"{self._at(min(self._rows.broken))}: {CELLS}"
            yield Fault(rows_lines.BROKEN, self._broken, told, unread=True)
        emails, row = self._one("SELECT count(*), min(row) FROM lines WHERE bad_email")
        if emails:
            column = self._options.columns.email
            yield Fault(rows_lines.NO_EMAIL, emails, f"{self._at(row)}, column {column}")
        asked = {"currency": self._options.currency.upper(), "lines": self._options.lines}
        for name, count, row in self._base.execute(TOLD, asked).fetchall():
            if count:
                yield Fault(name, count, self._at(row))

    def _failed(self) -> list[tuple[int, int, Check, str | None]]:
        query = """
            SELECT verdict, count(*), min(row), arg_min(coalesce(culprit, ''), row) FROM lines
            WHERE verdict > 0 GROUP BY verdict ORDER BY verdict
        """
        return [
            (count, row, self._checks[verdict - 1], text or None)
            for verdict, count, row, text in self._base.execute(query).fetchall()
        ]

    def _at(self, row: int) -> str:
        return f"{self._rows.short}, {self._place(row)}"

    def _place(self, row: int) -> str:
        if self._rows.numbered:
            return f"row {row}"
        asked = "SELECT order_id, customer_id, ordered_at::VARCHAR FROM lines WHERE row = ?"
        order, customer, at = self._base.execute(asked, [row]).fetchall()[0]
        if order is not None:
            return f"order {shown(order)}"
        whose = "" if customer is None else f" of customer {shown(customer)}"
        return f"an order{whose} at {at}" if at is not None else f"an order{whose}"

    def _why(self, check: Check, text: str | None) -> str:
        if text is None:
            return "is empty"
        options = self._options
        if check.name == rows_lines.NO_DATE:
            why = why_no_date(text, options.formats())
        else:
            why = why_no_amount(text, options.decimal, options.thousands)
        return f"{shown(text)} {why}"

    def _one(self, query: str) -> tuple[int, ...]:
        found: tuple[int, ...] | None = self._base.execute(query).fetchone()
        assert found is not None  # noqa: S101 - an aggregate always has a row
        return found
