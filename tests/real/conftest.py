"""Real shops: their own servers, from packages, on this machine."""

from __future__ import annotations

import asyncio
import importlib.util
import sys
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any

import httpx
import pytest

HERE = Path(__file__).parent


def module(name: str) -> ModuleType:
    """A module of this folder, which is no package."""
    full = f"tests_real_{name}"
    if full not in sys.modules:
        spec = importlib.util.spec_from_file_location(full, HERE / f"{name}.py")
        assert spec is not None
        assert spec.loader is not None
        sys.modules[full] = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(sys.modules[full])
    return sys.modules[full]


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """One line for all tests that cannot have their shop, not one each."""
    report = yield
    if report.skipped and isinstance(report.longrepr, tuple):
        report.longrepr = ("tests/real", None, report.longrepr[2])  # type: ignore[assignment]
    return report


@contextmanager
def shop_of(request: pytest.FixtureRequest, name: str, **env: str) -> Iterator[Any]:
    """The shop of that recipe, open; skipped, loudly, where it cannot be installed."""
    node, shops = module("node_server"), module(f"{name}_shop")
    cache = Path(request.config.rootpath) / ".pytest_cache" / "servers"
    try:
        home = node.install(HERE / name, cache, seconds=400)
    except node.Missing as missing:
        pytest.skip(f"NOT TESTED AGAINST A REAL {name.upper()}, AS THERE CAN BE NONE: {missing}")
    env |= {"SHOP_PASSWORD": shops.PASSWORD}
    with node.serve(home, "server.js", seconds=180, env=env) as port:
        shop = shops.Shop(f"http://127.0.0.1:{port}")
        with shop.client:
            shop.open()
            yield shop


@pytest.fixture(scope="session")
def vendure(request: pytest.FixtureRequest) -> Iterator[Any]:
    """A real Vendure shop, with its database in memory."""
    with shop_of(request, "vendure") as shop:
        yield shop


@pytest.fixture(scope="session")
def medusa(request: pytest.FixtureRequest, postgresql: Any) -> Iterator[Any]:
    """A real Medusa shop on a real PostgreSQL."""
    url = postgresql.fresh()
    known = url.replace("postgresql+psycopg://", "postgres://")
    with shop_of(request, "medusa", DATABASE_URL=known) as shop:
        shop.execute = lambda statement: postgresql.execute(statement, url.rpartition("/")[2])
        yield shop
    postgresql.drop(url)


@pytest.fixture(scope="session")
def pages() -> Callable[..., list[Any]]:
    """All pages of a source since a cursor, at most so many."""

    def pages(source: Any, since: str | None = None, most: int | None = None) -> list[Any]:
        async def pull() -> list[Any]:
            found = []
            orders = source.orders(since)
            async for page in orders:
                found.append(page)
                if len(found) == most:
                    break
            await orders.aclose()
            await source.aclose()
            return found

        return asyncio.run(pull())

    return pages


@pytest.fixture(scope="session")
def network() -> Callable[[], httpx.AsyncBaseTransport]:
    """The wire to a server on this machine."""
    return httpx.AsyncHTTPTransport
