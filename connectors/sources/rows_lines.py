"""From rows to lines with values, and a verdict on each that has none."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches

import duckdb

from connectors.errors import Misconfigured
from connectors.sources import rows_values as values
from connectors.sources.rows import Rows
from connectors.sources.rows_options import RowOptions

#: Digits in all and after the point; their product fills the 38 that a decimal can have.
NUMBERS = {"amount": "22, 8", "quantity": "16, 4", "unit_price": "22, 8"}
AMOUNT = "38, 12"
#: The first amount that ORDERS has no room for.
TOO_MUCH = 10**14

NO_CUSTOMER = "lines without a customer"
NO_EMAIL = "not an e-mail address"
NO_DATE = "unreadable dates"
NO_AMOUNT = "missing amounts"
BAD_AMOUNT = "unreadable amounts"
NO_ORDER = "missing order ids"
BROKEN = "unreadable rows"
LINES = (
    "row", "order_id", "customer_id", "email", "phone", "ordered_at", "amount", "free", "unsold",
    "currency", "void", "bad_email", "verdict",
)  # fmt: skip
#: What counts against ``tolerate``; the others are facts about a shop, not about a file.
UNREADABLE = (NO_DATE, NO_AMOUNT, BAD_AMOUNT, NO_ORDER, BROKEN)


@dataclass(frozen=True, slots=True)
class Check:
    """A reason to set a row aside. ``fails`` and ``value`` are SQL; ``column`` is the file's.

    ``spoils``: a whole order cannot be added up without this row.
    """

    name: str
    column: str
    fails: str
    value: str
    spoils: bool = False


def positions(rows: Rows, chosen: Iterable[tuple[str, str]]) -> dict[str, int]:
    """Where each mapped column is. Raises Misconfigured with the nearest name if it is not."""
    found: dict[str, int] = {}
    for what, column in chosen:
        places = [i for i, name in enumerate(rows.names) if name == column.strip()]
        if len(places) > 1:
            raise Misconfigured(f"{rows.name} has {len(places)} columns {column!r}; rename one")
        if not places:
            raise Misconfigured(_unknown(rows, what, column))
        found[what] = places[0]
    return found


def _unknown(rows: Rows, what: str, column: str) -> str:
    lower = {name.lower(): name for name in rows.names}
    near = get_close_matches(column.lower(), list(lower), n=1)
    hint = f"did you mean {lower[near[0]]!r}" if near else f"it has {', '.join(rows.names)}"
    where = f"{rows.name}, row 1" if rows.numbered else rows.name
    return f"{where}: there is no column {column!r} (columns.{what}); {hint}"


def load(base: duckdb.DuckDBPyConnection, rows: Rows, options: RowOptions) -> list[Check]:
    """Fill the table ``lines``; return the checks that ``verdict`` counts from 1 (0: all well).

    Columns: those of ORDERS with amount DECIMAL(38, 12), row, free (its price is zero), unsold
    (its quantity is, at a price), void, bad_email, verdict, culprit (the text that failed).
    """
    where = positions(rows, options.columns.chosen())
    opened = base.from_arrow(rows.stream(sorted(set(where.values()))))
    kinds = dict(zip(opened.columns, map(str, opened.types), strict=True))
    cells = {what: (f"c{i}", kinds[f"c{i}"]) for what, i in where.items()}
    checks = list(_checks(options))
    failed = " ".join(f"WHEN {check.fails} THEN {i}" for i, check in enumerate(checks, 1))
    culprit = " ".join(f"WHEN {i} THEN {check.value}" for i, check in enumerate(checks, 1))
    written = ", ".join(f"{what}_text" for what in cells)
    (
        opened.project(", ".join(_cells(cells)))
        .project(", ".join(_texts(cells)))
        .filter(f"coalesce({written}) IS NOT NULL")  # a blank row is no row
        .project("*, " + ", ".join(_values(options, cells)))
        .project("*, " + ", ".join(_sums(options)))
        .project(f"*, CASE {failed} ELSE 0 END::UTINYINT AS verdict")
        .project(f"{', '.join(LINES)}, CASE verdict {culprit} END AS culprit")
        .create("lines")
    )
    return checks


Cells = Mapping[str, tuple[str, str]]


def _cells(cells: Cells) -> Iterator[str]:
    """Each mapped cell as text, and as it came: a moment may have a type of its own."""
    yield "row"
    for what, (column, kind) in cells.items():
        yield f"{values.trimmed(column, kind)} AS {what}_trimmed"
        yield f"{column} AS {what}_cell"


def _texts(cells: Cells) -> Iterator[str]:
    yield "row, ordered_at_cell"
    for what in cells:
        yield f"{values.given(f'{what}_trimmed')} AS {what}_text"


def _values(options: RowOptions, cells: Cells) -> Iterator[str]:
    kinds = {what: kind for what, (_, kind) in cells.items()}
    for what in ("order_id", "customer_id", "phone"):
        known = values.identifier(f"{what}_text") if what in cells else "NULL::VARCHAR"
        yield f"{known} AS {what}"
    email = values.email("email_text") if "email" in cells else "NULL::VARCHAR"
    yield f"{email} AS email"
    zone, formats = options.timezone, options.formats()
    moment = values.moment("ordered_at_cell", "ordered_at_text", kinds["ordered_at"], zone, formats)
    yield f"{moment} AS moment"
    own = values.literal(options.currency.upper())
    yield (
        f"coalesce(upper(currency_text), {own})" if "currency" in cells else own
    ) + " AS currency"
    void = ", ".join(values.literal(status.lower()) for status in options.void)
    taken = f"coalesce(lower(status_text) IN ({void}), FALSE)"
    yield (taken if void and "status" in cells else "FALSE") + " AS void"
    for what, width in NUMBERS.items():
        if what in cells:
            signs = (options.decimal, options.thousands) if kinds[what] == "VARCHAR" else (".", "")
            yield f"{values.number(f'{what}_text', width, *signs)} AS {what}_number"


def _sums(options: RowOptions) -> Iterator[str]:
    bad = "email_text IS NOT NULL AND email IS NULL" if options.columns.email else "FALSE"
    yield f"{bad} AS bad_email"
    parts = "amount_number" if options.columns.amount else "quantity_number * unit_price_number"
    yield f"CAST({parts} AS DECIMAL({AMOUNT})) AS amount"
    free = "coalesce(unit_price_number = 0, FALSE)" if options.columns.unit_price else "FALSE"
    yield f"{free} AS free"
    none = "coalesce(quantity_number = 0 AND unit_price_number <> 0, FALSE)"
    yield (none if options.columns.quantity else "FALSE") + " AS unsold"
    # an earlier year is a placeholder: 0001-01-01, 1900-01-01
    yield "CASE WHEN year(moment) >= 1970 THEN moment END AS ordered_at"


def _checks(options: RowOptions) -> Iterator[Check]:
    columns = dict(options.columns.chosen())
    yield Check(NO_ORDER, columns["order_id"], "order_id IS NULL", "NULL")
    nobody = "customer_id IS NULL AND email IS NULL AND phone IS NULL"
    if "email" in columns:
        yield Check(NO_EMAIL, columns["email"], f"bad_email AND {nobody}", "email_text")
    who = next(columns[what] for what in ("customer_id", "email", "phone") if what in columns)
    yield Check(NO_CUSTOMER, who, nobody, "NULL")
    yield Check(
        NO_DATE, columns["ordered_at"], "ordered_at IS NULL", "ordered_at_text", spoils=True
    )
    for what in NUMBERS:
        if what in columns:
            text, number = f"{what}_text", f"{what}_number"
            yield Check(NO_AMOUNT, columns[what], f"{text} IS NULL", "NULL", spoils=True)
            yield Check(BAD_AMOUNT, columns[what], f"{number} IS NULL", text, spoils=True)
    last = columns.get("unit_price") or columns["amount"]
    yield Check(BAD_AMOUNT, last, f"abs(amount) >= {TOO_MUCH}", "amount::VARCHAR", spoils=True)
