"""Keep an intermediate result in the engine, so that it is computed once."""

from __future__ import annotations

import ibis
import ibis.expr.types as ir
from ibis.util import gen_name


def stage(engine: ibis.BaseBackend, table: ir.Table) -> ir.Table:
    """Store the rows of ``table`` as a temporary table of the engine and return that."""
    return engine.create_table(gen_name("segmenter"), table, temp=True)
