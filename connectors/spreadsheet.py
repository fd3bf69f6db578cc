"""CSV that a spreadsheet can open without running what stands in it.

A spreadsheet takes a cell that begins with ``=``, ``+``, ``-`` or ``@`` for a formula, and a shop's
customers choose their own names and addresses. Such a cell gets an apostrophe in front, as OWASP
advises; numbers and phone numbers (+44 20 7946 0000) are left as they are. ``restored`` is the
exact inverse.
"""

from __future__ import annotations

from typing import Any

import pyarrow as pa
import pyarrow.compute

#: Its functions are made when it is imported, where no type checker sees them.
compute: Any = pyarrow.compute

NUMBER = r"\A[+-]?[0-9][0-9 .,()\-]*\z"
FORMULA = r"\A('*[=+\-@\t\r\n])"
MARKED = r"\A'('*[=+\-@\t\r\n])"


def safe(column: pa.Array | pa.ChunkedArray) -> pa.Array | pa.ChunkedArray:
    """The text with an apostrophe before what could be a formula."""
    guarded = compute.replace_substring_regex(column, FORMULA, r"'\1")
    return compute.if_else(compute.match_substring_regex(column, NUMBER), column, guarded)


def restored(column: pa.Array | pa.ChunkedArray) -> pa.Array | pa.ChunkedArray:
    """The text as it was before ``safe``."""
    return compute.replace_substring_regex(column, MARKED, r"\1")


def safe_batch(batch: pa.RecordBatch) -> pa.RecordBatch:
    """The batch with every column of text made safe."""
    columns = [safe(c) if pa.types.is_string(c.type) else c for c in batch.columns]
    return pa.record_batch(columns, schema=batch.schema)
