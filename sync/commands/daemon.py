"""``tidesman daemon``: run by the schedule until told to stop."""

from __future__ import annotations

import threading
from typing import Annotated

import typer

from sync.commands.options import Config, Debug


def daemon(
    now: Annotated[bool, typer.Option("--now", help="Run once at the start, too.")] = False,
    config: Config = None,
    debug: Debug = False,
) -> None:
    """Run by the schedule, in the shop's time zone, until told to stop by SIGTERM or Ctrl-C."""
    import structlog

    from sync import logs
    from sync.app import open_app
    from sync.commands.guard import tell
    from sync.daemon import Daemon
    from sync.progress import LogProgress
    from sync.watch import tell_changes, watched

    with open_app(config) as app:
        logs.configure(form=app.loaded.settings.log_format, secrets=app.secrets())
        log = structlog.get_logger("run")

        def say(why: str) -> None:
            log.warning("alert not sent", why=why)

        def job(stop: threading.Event) -> None:
            try:
                report = watched(
                    app, None, say=say, progress=LogProgress(log), stop=stop, alone=True
                )
            except Exception as error:
                code, sentence = tell(error)
                log.error("run failed", code=int(code), why=sentence, exc_info=debug)  # noqa: TRY400 - by --debug
                return
            log.info("run ended", **report.brief())

        # a day that was missed is told before it is made up for
        tell_changes(app, say)
        Daemon(app, job).serve(at_once=now)
