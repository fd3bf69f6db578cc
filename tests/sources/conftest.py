"""What the tests of sources share: write a file, read it through the source, look at the result."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from connectors.sources.files import Files, FilesOptions
from connectors.types import Fault

COLUMNS = {
    "order_id": "order",
    "customer_id": "customer",
    "ordered_at": "at",
    "amount": "amount",
}


@dataclass
class Pulled:
    """A page, read to its end."""

    orders: list[dict[str, Any]]
    faults: dict[str, Fault]
    aside: list[dict[str, Any]]
    cursor: str
    unit: str | None

    def by_id(self) -> dict[str, dict[str, Any]]:
        return {order["order_id"]: order for order in self.orders}

    def counts(self) -> dict[str, int]:
        return {name: fault.count for name, fault in self.faults.items()}


def build(path: Any, **options: Any) -> Files:
    given = {"path": path, "columns": COLUMNS, "timezone": "Europe/London", "currency": "GBP"}
    transport = httpx.MockTransport(lambda _: httpx.Response(500))
    return Files(FilesOptions.model_validate({**given, **options}), transport=transport)


@pytest.fixture(scope="session")
def source() -> Callable[..., Files]:
    """A source of files: path, then options."""
    return build


@pytest.fixture(scope="session")
def pull() -> Callable[..., list[Pulled]]:
    """All pages of a path since a cursor, each read to its end before the next."""

    def pull(path: Any, since: str | None = None, **options: Any) -> list[Pulled]:
        async def pages() -> list[Pulled]:
            found = []
            files = build(path, **options)
            async for page in files.orders(since):
                orders = page.rows.read_all()
                aside = [] if page.set_aside is None else page.set_aside.read_all().to_pylist()
                faults = {fault.name: fault for fault in page.faults}
                assert len(faults) == len(page.faults)
                found.append(Pulled(orders.to_pylist(), faults, aside, page.cursor, page.unit))
            await files.aclose()
            return found

        return asyncio.run(pages())

    return pull


@pytest.fixture
def read(pull, tmp_path) -> Callable[..., Pulled]:
    """The one page of a CSV with this text (or these bytes)."""

    def read(text: str | bytes, name: str = "orders.csv", **options: Any) -> Pulled:
        path: Path = tmp_path / name
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        [page] = pull(str(path), **options)
        return page

    return read
