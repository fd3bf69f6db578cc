"""The daemon: runs by the shop's clock, one at a time, and stops cleanly in the middle of one."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from types import FrameType
from typing import Any

import structlog
from apscheduler.schedulers.background import BackgroundScheduler

from sync.app import App
from sync.heart import BEAT, beat, still
from sync.store import Status

#: One run; told when to stop by the event.
Job = Callable[[threading.Event], None]


@dataclass(slots=True)
class Daemon:
    """Waits for the hour, runs the job, beats its heart. ``job`` tells and keeps its own errors."""

    app: App
    job: Job
    stop: threading.Event = field(default_factory=threading.Event)
    log: Any = field(default_factory=lambda: structlog.get_logger("daemon"))

    def serve(self, *, at_once: bool = False) -> None:
        """Work until SIGTERM or SIGINT; a run in the middle ends after what is on the wire."""
        scheduler = BackgroundScheduler(timezone=self.app.timezone)
        # None: however late, a missed hour is made up, once
        options: dict[str, Any] = {"max_instances": 1, "coalesce": True, "misfire_grace_time": None}
        scheduler.add_job(self._work, self.app.trigger(), **options)
        before = {number: signal.signal(number, self._told) for number in _SIGNALS}
        try:
            why = "asked to" if at_once else missed(self.app)
            if why is not None:
                self.log.info("run at once", why=why)
                scheduler.add_job(self._work, **options)
            scheduler.start()
            self._beat_until_stopped(scheduler)
        finally:
            self.stop.set()
            # waits for the run in the middle
            scheduler.shutdown(wait=True)
            still(self.app.loaded.data_dir)
            for number, handler in before.items():
                signal.signal(number, handler)
            self.log.info("stopped")

    def _work(self) -> None:
        if not self.stop.is_set():
            self.job(self.stop)

    def _told(self, number: int, _frame: FrameType | None) -> None:
        self.log.info("stopping", signal=signal.Signals(number).name)
        self.stop.set()

    def _beat_until_stopped(self, scheduler: BackgroundScheduler) -> None:
        self.log.info("waiting", next_run=str(self.app.next_run()))
        while True:
            beat(self.app.loaded.data_dir, self.app.clock, self.app.next_run())
            if self.stop.wait(BEAT) or not scheduler.running:
                return


_SIGNALS = (signal.SIGTERM, signal.SIGINT)


def missed(app: App) -> str | None:
    """Why a run is due now: one was cut off, or an hour of the schedule passed since the last."""
    last = app.store.last_run()
    if last is None:
        return None
    if last.status in (Status.RUNNING, Status.STOPPED):
        return f"the run {last.id} did not come to its end"
    due = app.trigger().get_next_fire_time(None, last.started_at + timedelta(seconds=1))
    if due is not None and due <= app.clock.now():
        return f"the run of {due:%Y-%m-%d %H:%M} was missed"
    return None
