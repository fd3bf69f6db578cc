"""What customers did besides ordering: events of the sources, and of the operator's own table."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

import ibis

from segmenter.attribute import of_customers
from segmenter.cards import by_person
from segmenter.expr import Engine, Table
from segmenter.stage import rows_in, stage
from sync import choices
from sync.reading import Reading, homes_of

if TYPE_CHECKING:
    from sync.app import App


class Activity:
    """Events as of the lake's version ``up_to`` that had happened by ``until``.

    Nothing is read unless a scheme of the configuration counts events. ``own`` are those of the
    operator's table, ``pulled`` those of the lake; None where there is nothing.
    """

    def __init__(self, app: App, engine: Engine, *, up_to: int | None, until: datetime) -> None:
        self.app, self.engine = app, engine
        self.own = choices.events(engine, app.chosen())
        self.pulled = self._pulled(up_to, until)

    def since(self, moment: datetime) -> bool:
        """Whether a pulled event happened after that moment."""
        if self.pulled is None:
            return False
        return rows_in(self.pulled.filter(self.pulled.occurred_at > ibis.literal(moment))) > 0

    def by_customer(self, reading: Reading, cards: Table | None) -> Table | None:
        """``customer_id`` (canonical), ``kind`` and ``occurred_at``; None if there is nothing."""
        told: list[Table] = []
        if self.pulled is not None:
            homes = homes_of(self.app, reading)
            region = reading.phone_region
            told.append(of_customers(self.engine, self.pulled, cards, homes, region))
        if self.own is not None:
            told.append(by_person(self.own, cards).select("customer_id", "kind", "occurred_at"))
        if not told:
            return None
        return stage(self.engine, ibis.union(*told) if len(told) > 1 else told[0])

    def _pulled(self, up_to: int | None, until: datetime) -> Table | None:
        if "affinity" not in self.app.chosen()["schemes"]:
            return None
        events = self.app.lake().events(self.engine, up_to=up_to)
        return None if events is None else events.filter(events.occurred_at <= ibis.literal(until))
