"""Everything that a membership follows from."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from segmenter.expr import Table
from segmenter.model import Model
from segmenter.settings import Settings
from segmenter.thresholds import Thresholds


@dataclass(frozen=True, slots=True)
class Basis:
    """The orders as they were known, the day, the model and the thresholds.

    ``orders`` has the columns of a page of orders with ``source`` and ``version``, one row per
    (source, order_id). Orders up to the end of ``as_of`` (the shop's day) count. ``settings`` may
    tell under which settings an earlier result was made, so that a move for a changed setting is
    not taken for another cause.

    ``figures`` is for stratification: ``customer_id`` and any columns of numbers, one row a
    customer. ``events`` is for affinity: ``customer_id``, ``kind`` and ``occurred_at``.
    ``merged`` tells whose orders are somebody else's since the last evaluation: ``customer_id`` of
    then, and ``survivor``, to whom they (or some of them) belong now.
    """

    orders: Table
    as_of: date
    model: Model
    thresholds: Thresholds
    settings: Settings | None = None
    figures: Table | None = None
    events: Table | None = None
    merged: Table | None = None
