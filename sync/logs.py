"""Logs on standard error, as key=value or JSON, with every secret and every address masked."""

from __future__ import annotations

import logging
import re
import sys
from collections.abc import Iterable, MutableMapping
from typing import Any, Final

import structlog
from structlog.typing import Processor

_ADDRESS: Final = re.compile(r"[^\s\"'<>,;:(){}\[\]=]+@[^\s\"'<>,;:(){}\[\]]+")


def configure(*, form: str = "text", level: str = "INFO", secrets: Iterable[str] = ()) -> None:
    """Send our logs and those of libraries to standard error; ``form`` is text or json.

    ``secrets`` are values that must stand in no line, whoever writes it.
    """
    stamp = structlog.processors.TimeStamper(fmt="iso", utc=True)
    # a traceback is made text first, as it too may hold what must not be told
    traceback = structlog.processors.format_exc_info
    common: list[Processor] = [structlog.stdlib.add_log_level, stamp, traceback, Mask(secrets)]
    last: Processor = structlog.processors.JSONRenderer()
    if form == "text":
        last = structlog.processors.KeyValueRenderer(key_order=["timestamp", "level", "event"])
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=common,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                last,
            ],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    # each request would be a line, with an address in its query
    for chatty in ("httpx", "httpcore", "apscheduler", "asyncio"):
        logging.getLogger(chatty).setLevel(logging.WARNING)
    structlog.configure(
        processors=[*common, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        wrapper_class=structlog.stdlib.BoundLogger,
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=False,
    )


class Mask:
    """A step of structlog that hides secrets and e-mail addresses in every value."""

    def __init__(self, secrets: Iterable[str]) -> None:
        self.secrets = sorted({value for value in secrets if value}, key=len, reverse=True)

    def __call__(
        self, _logger: object, _method: str, event: MutableMapping[str, Any]
    ) -> MutableMapping[str, Any]:
        """Hide what must not be told in each value of a line."""
        for key, value in event.items():
            if not key.startswith("_"):
                event[key] = self.hide(value)
        return event

    def hide(self, value: object) -> object:
        """The value with what must not be told replaced, inside lists and mappings too."""
        if isinstance(value, str):
            for secret in self.secrets:
                value = value.replace(secret, "[secret]")
            return _ADDRESS.sub("[address]", value)
        if isinstance(value, dict):
            return {key: self.hide(inner) for key, inner in value.items()}
        if isinstance(value, list | tuple):
            return [self.hide(inner) for inner in value]
        if value is None or isinstance(value, int | float):
            return value
        return self.hide(str(value))
