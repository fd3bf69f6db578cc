"""What holds for all tests: a clean environment, loopback only, and no silent skip in CI."""

from __future__ import annotations

import importlib.util
import ipaddress
import os
import socket
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

ROOT = Path(__file__).resolve().parent.parent

# The same examples on every run, so that a change is judged by itself and not by luck; to look for
# new ones: TIDESMAN_EXPLORE=1 make test
settings.register_profile(
    "tidesman",
    deadline=None,
    print_blob=True,
    derandomize="TIDESMAN_EXPLORE" not in os.environ,
)
settings.load_profile("tidesman")


@pytest.fixture(scope="session")
def root() -> Path:
    """The folder of the repository."""
    return ROOT


@pytest.fixture(scope="session")
def postgresql() -> Iterator[Any]:
    """A PostgreSQL server for all tests; ``fresh()`` gives the URL of an empty database."""
    spec = importlib.util.spec_from_file_location(
        "torture_postgres", ROOT / "tests" / "torture" / "postgres.py"
    )
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    with module.postgresql() as server:
        yield server


@pytest.fixture(scope="session")
def postgresql_template(postgresql: Any) -> str:
    """The name of a database that holds an empty store: the others are copies of it."""
    from sync.store import Store

    url = postgresql.fresh()
    Store(url).close()
    return str(url.rpartition("/")[2])


@pytest.fixture(params=["sqlite", "postgresql"])
def state_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """Where a store may be, on each database; the same for all who ask in one test."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path}/state.db"
        return
    server = request.getfixturevalue("postgresql")
    url = server.fresh(request.getfixturevalue("postgresql_template"))
    yield url
    server.drop(url)


@pytest.fixture(params=["sqlite", "postgresql"])
def empty_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """Where no store has ever been, on each database."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path}/state.db"
        return
    server = request.getfixturevalue("postgresql")
    url = server.fresh()
    yield url
    server.drop(url)


@pytest.fixture(autouse=True)
def no_settings_of_the_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """A key or a setting of whoever runs the tests must not change what they show."""
    for name in list(os.environ):
        kept = name == "TIDESMAN_NO_SKIPS"
        if name.endswith("_API_KEY") or (name.startswith("TIDESMAN_") and not kept):
            monkeypatch.delenv(name)


@pytest.fixture(autouse=True, scope="session")
def loopback_only() -> Iterator[None]:
    """No test speaks to anything outside this machine, not by mistake either."""
    patch = pytest.MonkeyPatch()
    for name in ("connect", "connect_ex"):
        patch.setattr(socket.socket, name, _guarded(getattr(socket.socket, name)))
    yield
    patch.undo()


def _guarded(connect: Any) -> Any:
    def guarded(self: socket.socket, address: Any) -> Any:
        inside = not isinstance(address, tuple) or _is_loopback(str(address[0]))
        if not inside:
            pytest.fail(f"a test tried to reach {address[0]}")
        return connect(self, address)

    return guarded


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


#: The keys that tests give to connectors: no test may end with one of them told.
CANARIES = ("k-canary", "i-canary", "b-canary", "right_key_canary", "wrong_key_canary")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """A test that passed while a key was printed or logged has failed."""
    report = yield
    told = [title for title, text in report.sections if any(key in text for key in CANARIES)]
    if report.passed and told:
        report.outcome = "failed"
        report.longrepr = f"{item.nodeid}: a key came to light in {', '.join(told)}"
    return report


def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    """Where no skip is allowed, a skipped test is a failure of the whole."""
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    skipped = len(reporter.stats.get("skipped", [])) if reporter is not None else 0
    if os.environ.get("TIDESMAN_NO_SKIPS") and skipped and exitstatus == 0:
        reporter.write_line(f"{skipped} tests were skipped, and none may be here.", red=True)
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
