"""Runs, their steps, and the approvals that let a held run go on."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa

from sync.store.database import Database
from sync.store.dialect import upsert
from sync.store.records import Approval, Run, Status, Step
from sync.store.tables import approvals, runs, steps


class Runs(Database):
    """What was run, how far it came and how it ended."""

    def start_run(self, as_of: date, at: datetime) -> Run:
        """Begin a run; its id is the day and a number, such as ``2026-11-21-1``."""
        with self.begin() as connection:
            before = connection.execute(
                sa.select(sa.func.count()).select_from(runs).where(runs.c.as_of == as_of)
            ).scalar_one()
            run = Run(f"{as_of}-{before + 1}", as_of, at, None, Status.RUNNING, None)
            connection.execute(
                sa.insert(runs).values(id=run.id, as_of=as_of, started_at=at, status=run.status)
            )
        return run

    def unfinished_run(self, as_of: date) -> Run | None:
        """The newest run of that day if it is not done: it goes on under its own id."""
        newest = self._runs(sa.select(runs).where(runs.c.as_of == as_of), 1)
        return newest[0] if newest and newest[0].status is not Status.DONE else None

    def resume_run(self, run_id: str) -> None:
        """Set a run that ended early to running again."""
        with self.begin() as connection:
            connection.execute(
                sa.update(runs)
                .where(runs.c.id == run_id)
                .values(status=Status.RUNNING, finished_at=None)
            )

    def finish_run(
        self, run_id: str, status: Status, report: Mapping[str, Any] | None, at: datetime
    ) -> None:
        """Write down how a run ended."""
        with self.begin() as connection:
            connection.execute(
                sa.update(runs)
                .where(runs.c.id == run_id)
                .values(status=status, report=report, finished_at=at)
            )

    def run(self, run_id: str) -> Run | None:
        """One run by its id."""
        found = self._runs(sa.select(runs).where(runs.c.id == run_id), 1)
        return found[0] if found else None

    def last_run(self) -> Run | None:
        """The run that was started last."""
        found = self.recent_runs(1)
        return found[0] if found else None

    def recent_runs(self, limit: int) -> list[Run]:
        """The last runs, newest first."""
        return self._runs(sa.select(runs), limit)

    def _runs(self, query: sa.Select[Any], limit: int) -> list[Run]:
        # a clock may be set back: of two runs at one moment the higher number is newer
        newest = (runs.c.started_at.desc(), sa.func.length(runs.c.id).desc(), runs.c.id.desc())
        with self.read() as connection:
            rows = connection.execute(query.order_by(*newest).limit(limit)).all()
        return [
            Run(r.id, r.as_of, r.started_at, r.finished_at, Status(r.status), r.report)
            for r in rows
        ]

    def step(
        self,
        run_id: str,
        name: str,
        started_at: datetime,
        finished_at: datetime | None = None,
        seconds: float | None = None,
        result: Mapping[str, Any] | None = None,
    ) -> None:
        """Write down that a step began (without ``finished_at``) or ended; the last word counts."""
        columns = ("started_at", "finished_at", "seconds", "result")
        with self.begin() as connection:
            connection.execute(
                upsert(connection, steps, ("run_id", "name"), columns),
                {
                    "run_id": run_id,
                    "name": name,
                    "started_at": started_at,
                    "finished_at": finished_at,
                    "seconds": seconds,
                    "result": None if result is None else dict(result),
                },
            )

    def steps(self, run_id: str) -> list[Step]:
        """The steps of a run in the order in which they began."""
        query = sa.select(steps).where(steps.c.run_id == run_id).order_by(steps.c.started_at)
        with self.read() as connection:
            return [Step(*row) for row in connection.execute(query)]

    def held_before(self, run_id: str) -> list[str]:
        """The runs that are held since the last one that was done, newest first, without this."""
        with self.read() as connection:
            done = connection.execute(
                sa.select(sa.func.max(runs.c.started_at)).where(runs.c.status == Status.DONE)
            ).scalar()
            held = sa.select(runs.c.id).where(runs.c.status == Status.HELD, runs.c.id != run_id)
            if done is not None:
                held = held.where(runs.c.started_at > done)
            return list(connection.execute(held.order_by(runs.c.started_at.desc())).scalars())

    def approve(self, run_id: str, up_to: int, by: str, at: datetime) -> None:
        """Allow a run to move at most that many customers of any one destination."""
        with self.begin() as connection:
            connection.execute(
                sa.insert(approvals).values(
                    run_id=run_id, up_to=up_to, approved_by=by, approved_at=at
                )
            )

    def approval(self, run_id: str) -> Approval | None:
        """The last approval of a run, which replaces those before it."""
        query = (
            sa.select(
                approvals.c.run_id,
                approvals.c.up_to,
                approvals.c.approved_by,
                approvals.c.approved_at,
            )
            .where(approvals.c.run_id == run_id)
            .order_by(approvals.c.id.desc())
            .limit(1)
        )
        with self.read() as connection:
            row = connection.execute(query).one_or_none()
        return None if row is None else Approval(*row)
