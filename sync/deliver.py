"""Deliver what is due to every destination, all at the same time."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from pathlib import Path

from sync.delivering import Delivering, Progress, Unseen
from sync.plan import Prepared
from sync.result import DestinationResult
from sync.way import Way

__all__ = ["Delivering", "DestinationResult", "Progress", "Unseen", "deliver"]


async def deliver(
    run: Delivering, snapshot: Path, prepared: Sequence[Prepared]
) -> dict[str, DestinationResult]:
    """Deliver to all destinations at once; what stops one leaves the others going.

    ``prepared`` is what ``plan.prepare`` computed from the same snapshot. What a vendor did, or
    did not do, stands in the results. Raises StoreError (also LeaseLost) when the state cannot be
    written: then nothing more is sent anywhere.
    """
    try:
        with _rare_collections():
            async with asyncio.TaskGroup() as group:
                tasks = [group.create_task(Way(run, each, snapshot).go()) for each in prepared]
    except BaseExceptionGroup as several:
        raise _first(several) from several
    results = [task.result() for task in tasks]
    return {result.destination: result for result in results}


@contextmanager
def _rare_collections() -> Generator[None, None, None]:
    """Changes are many, small and free of cycles: looking for cycles took a quarter of the time."""
    before = gc.get_threshold()
    gc.set_threshold(200_000, 20, 100)
    try:
        yield
    finally:
        gc.set_threshold(*before)


def _first(several: BaseExceptionGroup[BaseException]) -> BaseException:
    error = several.exceptions[0]
    return _first(error) if isinstance(error, BaseExceptionGroup) else error
