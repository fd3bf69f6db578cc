"""Real shops: their own servers, from packages, on this machine."""

from __future__ import annotations

import asyncio
import importlib.util
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import httpx
import pytest

HERE = Path(__file__).parent


def module(name: str) -> ModuleType:
    """A module of this folder, which is no package."""
    import sys

    full = f"tests_real_{name}"
    if full not in sys.modules:
        spec = importlib.util.spec_from_file_location(full, HERE / f"{name}.py")
        assert spec is not None
        assert spec.loader is not None
        sys.modules[full] = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(sys.modules[full])
    return sys.modules[full]


@pytest.fixture(scope="session")
def vendure(request: pytest.FixtureRequest) -> Iterator[Any]:
    """A real Vendure shop that is open, as ``Shop``; skipped, loudly, where there cannot be one."""
    node, shops = module("node_server"), module("vendure_shop")
    cache = Path(request.config.rootpath) / ".pytest_cache" / "servers"
    try:
        home = node.install(HERE / "vendure", cache, seconds=240)
    except node.Missing as missing:
        pytest.skip(f"NOT TESTED AGAINST A REAL VENDURE, AS IT CANNOT BE INSTALLED: {missing}")
    with node.serve(home, "server.js", seconds=90, env={"SHOP_PASSWORD": shops.PASSWORD}) as port:
        shop = shops.Shop(f"http://127.0.0.1:{port}")
        with shop.client:
            shop.open()
            yield shop


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
