"""Which rows of a file are somebody's: the one rule by which rows are erased and given out."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.csv as pa_csv

from connectors.spreadsheet import compute, restored
from sync.store import Somebody

#: Columns of our own files that say who somebody is.
KEYS = ("customer_id", "id", "own", "customer", "survivor", "key")
IDENTITY = frozenset({*KEYS, "email", "phone", "number"})
#: What ``segmenter.identity.normal_email`` takes for an address.
ADDRESS = r"^[^@ ]+@[^@ ]+\.[^@ ]*[^@ .]$"


def theirs(batch: pa.RecordBatch, who: Somebody) -> pa.Array:
    """Rows of the lake or of our own files that bear their id, address or number.

    In the lake an id counts in its source, and a number where there is neither id nor address.
    """
    names = set(batch.schema.names)
    lake = {"source", "customer_id", "email", "phone"} <= names
    found = _accounts(batch, who) if lake else pa.repeat(pa.scalar(False), batch.num_rows)
    if "email" in names:
        found = compute.or_(found, among(folded(batch.column("email")), who.emails))
    if lake:
        by_number = among(trimmed(batch.column("phone")), who.phones)
        return compute.or_(found, compute.and_(bare(batch), by_number))
    for name in names.intersection(KEYS):
        found = compute.or_(found, among(batch.column(name), who.keys))
    return found


def theirs_aside(table: pa.Table, source: str, who: Somebody) -> pa.Array:
    """Rows that were set aside, of any columns: whichever has a cell that is theirs."""
    ids = [raw for at, raw in who.accounts if at in ("", source)]
    found = pa.repeat(pa.scalar(False), table.num_rows)
    for column in table.columns:
        cells = restored(column.combine_chunks())
        found = compute.or_(found, among(trimmed(cells), [*ids, *who.phones]))
        found = compute.or_(found, among(folded(cells), who.emails))
    return found


def read_aside(path: Path) -> pa.Table:
    """A file of rows that were set aside, all cells as texts."""
    parse = pa_csv.ParseOptions(newlines_in_values=True)
    with pa_csv.open_csv(path, parse_options=parse) as rows:
        texts = dict.fromkeys(rows.schema.names, pa.string())
    convert = pa_csv.ConvertOptions(column_types=texts, strings_can_be_null=False)
    return pa_csv.read_csv(path, parse_options=parse, convert_options=convert)


def bare(batch: pa.RecordBatch) -> pa.Array:
    """Rows with neither an id nor what can be an address: a number alone names who that is."""
    id_ = compute.fill_null(compute.equal(batch.column("customer_id"), ""), True)
    address = compute.match_substring_regex(folded(batch.column("email")), ADDRESS)
    return compute.and_(id_, compute.invert(compute.fill_null(address, False)))


def among(column: pa.Array, values: Sequence[str]) -> pa.Array:
    """Where the column is one of the values; false for null."""
    return compute.is_in(column, value_set=pa.array(values, column.type))


def trimmed(column: pa.Array) -> pa.Array:
    """Texts without blanks around."""
    return compute.utf8_trim_whitespace(column.cast(pa.string()))


def folded(column: pa.Array) -> pa.Array:
    """Addresses, in which capitals do not count."""
    return compute.utf8_lower(trimmed(column))


def _accounts(batch: pa.RecordBatch, who: Somebody) -> pa.Array:
    found = pa.repeat(pa.scalar(False), batch.num_rows)
    for source in sorted({source for source, _ in who.accounts}):
        ids = [raw for at, raw in who.accounts if at == source]
        hit = among(batch.column("customer_id").cast(pa.string()), ids)
        if source != "":
            hit = compute.and_(hit, among(batch.column("source"), [source]))
        found = compute.or_(found, hit)
    return found
