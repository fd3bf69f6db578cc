"""A look-alike Shopify shop that executes Shopify's own schema, which npm brings once."""

from __future__ import annotations

import asyncio
import hashlib
import shutil
import subprocess
import tarfile
import tempfile
from collections.abc import Awaitable, Callable, Generator, Iterable, Iterator
from contextlib import ExitStack, aclosing
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx
import pytest
from graphql import GraphQLSchema

from connectors.errors import ConnectorError, NotReady, Throttled
from connectors.sandbox import serve
from connectors.sandbox.shopify import Shopify
from connectors.sandbox.shopify_schema import schema
from connectors.sources.shopify import Shopify as Source
from connectors.sources.shopify import ShopifyOptions

#: The file in which Shopify publishes the schema of its Admin API, and its digest.
SCHEMA = ("@shopify/dev-mcp@1.16.0", "package/dist/data/admin_2026-10.json.gz")
SCHEMA_SHA256 = "f3b522f264556925eada700e795e4a002a9cba83444ebcc6c0d724254a0c6593"


def _fetched(folder: Path) -> Path:
    """The schema file, from npm once and then from the folder; skips where npm cannot bring it."""
    package, member = SCHEMA
    kept = folder / f"{SCHEMA_SHA256}.json.gz"
    if kept.exists():
        return kept
    npm = shutil.which("npm")
    if npm is None:
        pytest.skip("SHOPIFY IS NOT TESTED: npm is not here to fetch Shopify's published schema")
    with tempfile.TemporaryDirectory(dir=folder) as scratch:
        command = [npm, "pack", package, "--silent", "--ignore-scripts", "--fetch-retries=1"]
        done = subprocess.run(command, cwd=scratch, capture_output=True, check=False, timeout=300)
        packed = next(Path(scratch).glob("*.tgz"), None)
        if done.returncode != 0 or packed is None:
            pytest.skip("SHOPIFY IS NOT TESTED: npm could not fetch Shopify's published schema")
        with tarfile.open(packed) as archive:
            found = archive.extractfile(member)
            assert found is not None
            content = found.read()
        assert hashlib.sha256(content).hexdigest() == SCHEMA_SHA256
        (Path(scratch) / "schema").write_bytes(content)
        # several processes of tests may do so at once
        (Path(scratch) / "schema").replace(kept)
    return kept


@pytest.fixture(scope="session")
def shopify_schema(pytestconfig: pytest.Config) -> GraphQLSchema:
    """The schema of Shopify's Admin API 2026-10, as Shopify publishes it."""
    assert pytestconfig.cache is not None
    return schema(_fetched(pytestconfig.cache.mkdir("shopify")))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Told once for all tests, and not once for each."""
    report = yield
    if report.skipped and isinstance(report.longrepr, tuple) and "SHOPIFY" in report.longrepr[2]:
        report.longrepr = (__file__, 1, report.longrepr[2])
    return report


class Hands:
    """A clock that is turned by hand."""

    def __init__(self, at: datetime) -> None:
        self.now = at.timestamp()

    def __call__(self) -> float:
        return self.now

    def at(self) -> datetime:
        return datetime.fromtimestamp(self.now, UTC)

    def text(self) -> str:
        return self.at().strftime("%Y-%m-%dT%H:%M:%SZ")


class Shop:
    """A look-alike shop that is served, and a source that pulls it as the engine would.

    ``rows`` are the latest versions by id, ``waits`` what the source asked for patience.
    """

    def __init__(self, alike: Shopify, clock: Hands, url: str, options: dict[str, Any]) -> None:
        self.alike, self.clock, self.url = alike, clock, url
        given = {"base_url": url, "access_token": "right_key_canary", **options}
        self.options = ShopifyOptions(**{k: v for k, v in given.items() if v is not None})
        self.rows: dict[str, dict[str, Any]] = {}
        self.waits: list[ConnectorError] = []
        self.cursor: str | None = None
        self.pages = 0

    def do(self, ask: Callable[[Source], Awaitable[Any]]) -> Any:
        async def main() -> Any:
            source = Source(self.options, transport=httpx.AsyncHTTPTransport())
            try:
                return await ask(source)
            finally:
                await source.aclose()

        return asyncio.run(main())

    def pull(self, *, pages: int | None = None) -> list[dict[str, Any]]:
        """To the end, or so many pages: then it is as if it had been killed there."""
        return self.do(lambda source: self._pull(source, pages))

    async def _pull(self, source: Source, most: int | None) -> list[dict[str, Any]]:
        brought: list[dict[str, Any]] = []
        while True:
            try:
                async with aclosing(source.orders(self.cursor)) as found:
                    async for page in found:
                        brought += page.rows.to_pylist()
                        self.rows |= {row["order_id"]: row for row in page.rows.to_pylist()}
                        self.cursor, self.pages = page.cursor, self.pages + 1
                        if most is not None and self.pages >= most:
                            break
            except (NotReady, Throttled) as patience:
                self.waits.append(patience)
                assert len(self.waits) < 200, "no end in sight"
                self.clock.now += patience.retry_after or 1.0
            else:
                return brought

    def total(self) -> Decimal:
        return sum((row["amount"] for row in self.rows.values()), Decimal(0))

    def statuses(self) -> set[int]:
        return {status for _, _, status in self.alike.requests}


@pytest.fixture
def open_shop(shopify_schema: GraphQLSchema) -> Iterator[Callable[..., Shop]]:
    """``open_shop(orders, scopes=..., statuses=...)``: served until the test ends."""
    with ExitStack() as stack:

        def make(orders: Iterable[dict[str, Any]], **given: Any) -> Shop:
            clock = Hands(datetime(2026, 11, 2, tzinfo=UTC))
            names = ("scopes", "app", "seconds_a_bulk", "export", "limits")
            alike = Shopify(
                shopify_schema,
                orders,
                clock=clock,
                keys={"right_key_canary"},
                **{name: given.pop(name) for name in names if name in given},
            )
            url = stack.enter_context(serve({"shopify": alike}))["shopify"]
            return Shop(alike, clock, url, given)

        yield make
