"""The engine that computes: DuckDB, or Spark, through ibis."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from pathlib import Path

import ibis

from connectors.errors import Misconfigured


def open_engine(
    timezone: str,
    *,
    memory: str | None = None,
    threads: int | None = None,
    scratch: Path | None = None,
) -> ibis.BaseBackend:
    """A fresh engine in memory whose days are those of ``timezone``, an IANA name.

    ``memory`` is the most it may use, such as "2GB" (None: most of the machine's); what does not
    fit goes to the folder ``scratch`` (None: one in the system's temporary folder).
    """
    settings: dict[str, str | int] = {
        "TimeZone": timezone,
        "temp_directory": str(scratch or Path(tempfile.gettempdir()) / "tidesman-engine"),
    }
    if memory is not None:
        settings["memory_limit"] = memory
    if threads is not None:
        settings["threads"] = threads
    engine = ibis.duckdb.connect(":memory:")
    for name, value in settings.items():
        engine.raw_sql(f"SET {name} = {_quoted(value)}")
    return engine


def spark_engine(
    timezone: str, master: str, memory: str | None, scratch: Path, options: Mapping[str, str]
) -> ibis.BaseBackend:
    """As ``sync.spark.open_spark``; Misconfigured too if the extra is not installed."""
    try:
        # an extra, and half a second to load
        from sync.spark import open_spark  # noqa: PLC0415
    except ImportError as error:
        raise Misconfigured("engine: Spark is not here; pip install tidesman[spark]") from error
    return open_spark(timezone, master, memory=memory, scratch=scratch, options=options)


def _quoted(value: str | int) -> str:
    return str(value) if isinstance(value, int) else "'" + value.replace("'", "''") + "'"
