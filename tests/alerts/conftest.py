"""A shop with alerts, whose runs are only written down; a web server and a mail server."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import structlog

from sync.alerts.tell import tell
from sync.app import App, open_app
from sync.report import Delivered, Report
from sync.store import Status

CONFIG = """\
timezone: UTC
currency: GBP
schedule: "0 5 * * *"
sources:
  shop:
    type: files
    path: ./orders.csv
    columns: {{order_id: order, customer_id: customer, ordered_at: day, amount: total}}
destinations:
  klaviyo: {{type: klaviyo, api_key: {{env: KLAVIYO_API_KEY}}}}
  disk: {{type: files, path: ./out}}
alerts:
{alerts}
"""
HOOK = "  hook: {type: webhook, url: {env: HOOK_URL}}"
NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)


class Clock:
    """Stands still until it is set."""

    def __init__(self) -> None:
        self.at = NOON

    def now(self) -> datetime:
        return self.at

    def monotonic(self) -> float:
        return (self.at - NOON).total_seconds()


@dataclass
class Web:
    """What was posted, and what is answered."""

    url: str = ""
    status: int = 200
    posted: list[dict[str, Any]] = field(default_factory=list)

    def says(self) -> list[str]:
        """Every sentence so far, those that are well again with a sign."""
        changes = [change for body in self.posted for change in body["changes"]]
        return [("+ " if c["state"] == "well" else "- ") + c["says"] for c in changes]


@pytest.fixture
def web() -> Iterator[Web]:
    it = Web()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            it.posted.append(json.loads(body))
            self.send_response(it.status)
            self.end_headers()

        def log_message(self, *_: object) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    it.url = f"http://127.0.0.1:{server.server_port}/key-canary"
    yield it
    server.shutdown()
    thread.join()
    server.server_close()


@dataclass
class Shop:
    folder: Path
    clock: Clock = field(default_factory=Clock)

    def configure(self, alerts: str = HOOK) -> None:
        (self.folder / "tidesman.yaml").write_text(CONFIG.format(alerts=alerts))

    @contextmanager
    def app(self) -> Iterator[App]:
        with open_app(self.folder / "tidesman.yaml", clock=self.clock) as app:
            yield app

    def ran(self, status: Status = Status.DONE, report: Any = None, **klaviyo: Any) -> None:
        """Write down a run of today."""
        with self.app() as app:
            run = app.store.start_run(self.clock.now().date(), self.clock.now())
            report = report or self.report(run.id, **klaviyo).to_dict()
            app.store.finish_run(run.id, status, report, self.clock.now())

    def report(self, run_id: str, held: str | None = None, **klaviyo: Any) -> Report:
        counts = {"planned": 0, "requests": 0, "delivered": 0, "rejected": 0, "unsure": 0}
        told = {} if held else {"klaviyo": Delivered(**{**counts, **klaviyo})}
        return Report(run_id, date(2026, 11, 21), "done", 1, 1, (), (), (), told, {}, held=held)

    def tell(self) -> list[str]:
        """Alert, by a process that knows nothing but the state database."""
        with self.app() as app:
            return tell(app)

    def later(self, **by: float) -> None:
        self.clock.at += timedelta(**by)


@pytest.fixture
def shop(tmp_path, web, monkeypatch) -> Iterator[Shop]:
    monkeypatch.setenv("KLAVIYO_API_KEY", "k-canary")
    monkeypatch.setenv("HOOK_URL", web.url)
    monkeypatch.setenv("NO_PROXY", "*")
    it = Shop(tmp_path)
    it.configure()
    yield it
    structlog.reset_defaults()
