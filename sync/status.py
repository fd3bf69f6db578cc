"""How things stand, for a person and for a health check: read only, quick, nothing computed."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from sync.alerts.book import unalerted
from sync.ledger import ATTRIBUTES, Mark
from sync.store import Run, Status
from sync.store.tables import ledger, outbox
from sync.tenure import LEASE, is_dead

if TYPE_CHECKING:
    from sync.app import App


@dataclass(frozen=True, slots=True)
class Held:
    """What a destination has of our customers; ``waiting`` as of the last run."""

    acked: int = 0
    unsure: int = 0
    refused: int = 0
    waiting: int = 0
    events: dict[str, int] = field(default_factory=dict[str, int])
    stopped: str | None = None


@dataclass(frozen=True, slots=True)
class Standing:
    """The state of the whole: what is published, the last run, the next one, each destination.

    ``note`` is what else there is to say of the last run: cut off, why it failed, what it left.
    """

    published: date | None
    customers: int
    last_run: Run | None
    next_run: datetime | None
    schedule: str
    timezone: str
    held: str | None
    destinations: dict[str, Held]
    note: str | None = None
    #: Channels of alerts that could not be told, and why.
    unalerted: dict[str, str] = field(default_factory=dict[str, str])
    #: What customers are ranked by, and why: a sentence of the last fit.
    ranking: str | None = None

    def to_json(self) -> dict[str, Any]:
        """As values that JSON can hold."""
        run = self.last_run
        last = run and {
            "id": run.id,
            "as_of": run.as_of.isoformat(),
            "status": run.status.value,
            "started_at": run.started_at.isoformat(),
            "finished_at": run.finished_at and run.finished_at.isoformat(),
            "note": self.note,
        }
        return {
            "published": self.published and self.published.isoformat(),
            "customers": self.customers,
            "last_run": last,
            "next_run": self.next_run and self.next_run.isoformat(),
            "schedule": self.schedule,
            "timezone": self.timezone,
            "held": self.held,
            "destinations": {name: asdict(each) for name, each in self.destinations.items()},
            "unalerted": self.unalerted,
            "ranking": self.ranking,
        }


def standing(app: App) -> Standing:
    """Ask the state database how things stand."""
    published = app.store.latest_snapshot()
    last = app.store.last_run()
    report = dict(last.report) if last is not None and last.report is not None else {}
    return Standing(
        None if published is None else published.as_of,
        0 if published is None else published.customers,
        last,
        app.next_run(),
        app.loaded.settings.schedule,
        app.loaded.settings.timezone,
        report.get("held") if last is not None and last.status is Status.HELD else None,
        {name: _held(app, name, report) for name in app.destinations},
        None if last is None else _note(app, last, report),
        unalerted(app.store),
        _ranking(app),
    )


def _ranking(app: App) -> str | None:
    # read as text: the model itself would bring all that learns
    latest = app.store.latest_model()
    ranking: dict[str, str] | None = (
        None if latest is None else json.loads(latest.body).get("ranking")
    )
    return None if ranking is None else ranking["verdict"]


def _note(app: App, run: Run, report: dict[str, Any]) -> str | None:
    if run.status is Status.RUNNING:
        holder = app.store.holder(LEASE, app.clock.now())
        gone = holder is None or is_dead(holder)
        return "it was cut off; the next run goes on with it" if gone else None
    if run.status is Status.FAILED:
        return report.get("why")
    told: dict[str, dict[str, Any]] = report.get("destinations", {})
    stopped = [name for name, each in told.items() if each.get("stopped") is not None]
    # what the brake holds has its own line
    waiting = sum(each.get("waiting", 0) - each.get("held_back", 0) for each in told.values())
    parts = [f"{', '.join(stopped)} stopped before the end"] if stopped else []
    parts += [f"{waiting:,} changes are left for the next run"] if waiting else []
    return "; ".join(parts) or None


def _held(app: App, name: str, report: dict[str, Any]) -> Held:
    of = (ledger.c.destination == name, ledger.c.channel == ATTRIBUTES)
    marks = sa.select(ledger.c.mark, sa.func.count()).where(*of).group_by(ledger.c.mark)
    events = (
        sa.select(outbox.c.mark, sa.func.count())
        .where(outbox.c.destination == name)
        .group_by(outbox.c.mark)
    )
    with app.store.read() as connection:
        counted: dict[str, int] = {row[0]: row[1] for row in connection.execute(marks)}
        sent: dict[str, int] = {row[0]: row[1] for row in connection.execute(events)}
    told = report.get("destinations", {}).get(name, {})
    return Held(
        counted.get(Mark.ACKED, 0),
        counted.get(Mark.UNSURE, 0),
        counted.get(Mark.REFUSED, 0),
        told.get("waiting", 0),
        sent,
        told.get("stopped"),
    )
