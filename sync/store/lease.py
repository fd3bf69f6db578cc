"""Who may run: a lease with a token that grows, so that a paused holder cannot write late."""

from __future__ import annotations

from datetime import datetime, timedelta

import sqlalchemy as sa

from sync.store.database import Database
from sync.store.dialect import upsert
from sync.store.records import Fence
from sync.store.sentences import translated
from sync.store.tables import lease


class Leases(Database):
    """Taking, renewing and giving back the lease."""

    def acquire(self, name: str, owner: str, now: datetime, seconds: float) -> int | None:
        """Take the lease until ``now + seconds``; None if another owner holds it.

        The token is higher than any before. From here on every write of this store checks it.
        """
        expires = now + timedelta(seconds=seconds)
        with translated(self.engine), self._transaction() as connection:
            # there from the first on, so that two who come at once wait for each other on it
            nobody = {"name": name, "owner": "", "token": 0, "expires_at": now}
            connection.execute(upsert(connection, lease, ("name",), None), nobody)
            row = connection.execute(
                sa.select(lease).where(lease.c.name == name).with_for_update()
            ).one()
            if row.expires_at > now and row.owner not in (owner, ""):
                return None
            token = int(row.token) + 1
            connection.execute(
                sa.update(lease)
                .where(lease.c.name == name)
                .values(owner=owner, token=token, expires_at=expires)
            )
        self._fence = Fence(name, token)
        return token

    def renew(self, name: str, token: int, now: datetime, seconds: float) -> bool:
        """Hold the lease for longer. False if it has passed to another."""
        with translated(self.engine), self._transaction() as connection:
            done = connection.execute(
                sa.update(lease)
                .where(lease.c.name == name, lease.c.token == token)
                .values(expires_at=now + timedelta(seconds=seconds))
            )
        return done.rowcount == 1

    def release(self, name: str, token: int, now: datetime) -> None:
        """Give the lease back. The token stays, so that the next one is higher."""
        with translated(self.engine), self._transaction() as connection:
            connection.execute(
                sa.update(lease)
                .where(lease.c.name == name, lease.c.token == token)
                .values(owner="", expires_at=now)
            )
        self._fence = None

    def holder(self, name: str, now: datetime) -> str | None:
        """Who holds the lease at that moment, None if nobody does."""
        with self.read() as connection:
            row = connection.execute(sa.select(lease).where(lease.c.name == name)).one_or_none()
        return row.owner if row is not None and row.owner and row.expires_at > now else None
