"""Models and thresholds: every version that was ever used stays, word for word."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

import sqlalchemy as sa

from sync.store.database import Database
from sync.store.errors import StoreError
from sync.store.records import Proposal, Version
from sync.store.tables import models, thresholds


class Versions(Database):
    """What was learnt from the orders, and the thresholds: proposed, and accepted by a person."""

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
        """Keep thresholds that are in force at once; gives their version."""
        return self._insert(
            thresholds, body=body, proposed_at=at, proposed_by=by, accepted_at=at, accepted_by=by
        )

    def propose_thresholds(self, body: str, by: str, at: datetime) -> int:
        """Keep thresholds that are not in force until they are accepted; gives their version."""
        return self._insert(thresholds, body=body, proposed_at=at, proposed_by=by)

    def accept_thresholds(self, version: int, by: str, at: datetime) -> int:
        """Put a version in force; gives the version that then is.

        One that was in force before comes back as a new version with the same numbers, so that
        nothing of the history is written over. Raises StoreError if there is no such version.
        """
        mine = thresholds.c.version == version
        with self.begin() as connection:
            row = connection.execute(sa.select(thresholds).where(mine)).one_or_none()
            if row is None:
                raise StoreError(f"there are no thresholds of version {version}")
            if row.accepted_at is None:
                given = {"accepted_at": at, "accepted_by": by}
                connection.execute(sa.update(thresholds).where(mine).values(**given))
                return version
        return self.save_thresholds(row.body, by, at)

    def thresholds_history(self) -> list[Proposal]:
        """Every version, the oldest first."""
        with self.read() as connection:
            rows = connection.execute(sa.select(thresholds).order_by(thresholds.c.version))
            return [
                Proposal(
                    r.version, r.body, r.proposed_at, r.proposed_by, r.accepted_at, r.accepted_by
                )
                for r in rows
            ]

    def latest_thresholds(self) -> Version | None:
        """The thresholds in force: those that were accepted last."""
        order = (thresholds.c.accepted_at.desc(), thresholds.c.version.desc())
        accepted = sa.select(thresholds).where(thresholds.c.accepted_at.is_not(None))
        return self._thresholds(accepted.order_by(*order).limit(1))

    def thresholds(self, version: int) -> Version | None:
        """Thresholds by their version, in force or not."""
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
        made_at, by = row.accepted_at or row.proposed_at, row.accepted_by or row.proposed_by
        return Version(row.version, row.body, made_at, made_by=by)
