"""Models and thresholds: every version that was ever used stays, word for word."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

import sqlalchemy as sa

from sync.store.database import Database
from sync.store.records import Version
from sync.store.tables import models, thresholds


class Versions(Database):
    """What was learnt from the orders, and the thresholds that a person accepted."""

    def save_model(self, fitted_on: date, body: str, at: datetime) -> int:
        """Keep a model; gives its version."""
        return self._insert(models, fitted_on=fitted_on, created_at=at, body=body)

    def latest_model(self) -> Version | None:
        """The model that was saved last."""
        return self._model(sa.select(models).order_by(models.c.version.desc()).limit(1))

    def model(self, version: int) -> Version | None:
        """A model by its version."""
        return self._model(sa.select(models).where(models.c.version == version))

    def save_thresholds(self, body: str, by: str, at: datetime) -> int:
        """Keep thresholds that were accepted; gives their version."""
        return self._insert(thresholds, accepted_at=at, accepted_by=by, body=body)

    def latest_thresholds(self) -> Version | None:
        """The thresholds in force."""
        newest = sa.select(thresholds).order_by(thresholds.c.version.desc()).limit(1)
        return self._thresholds(newest)

    def thresholds(self, version: int) -> Version | None:
        """Thresholds by their version."""
        return self._thresholds(sa.select(thresholds).where(thresholds.c.version == version))

    def _insert(self, table: sa.Table, **values: date | str) -> int:
        with self.begin() as connection:
            key = connection.execute(sa.insert(table).values(**values)).inserted_primary_key
        return int(key[0]) if key is not None else 0

    def _model(self, query: sa.Select[Any]) -> Version | None:
        with self.read() as connection:
            row = connection.execute(query).one_or_none()
        if row is None:
            return None
        return Version(row.version, row.body, row.created_at, made_on=row.fitted_on)

    def _thresholds(self, query: sa.Select[Any]) -> Version | None:
        with self.read() as connection:
            row = connection.execute(query).one_or_none()
        if row is None:
            return None
        return Version(row.version, row.body, row.accepted_at, made_by=row.accepted_by)
