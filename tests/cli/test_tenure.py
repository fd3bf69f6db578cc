import subprocess
import sys
import threading
from datetime import UTC, datetime

import pytest

from sync import tenure
from sync.store import LeaseLost, Store, StoreError
from sync.tenure import Busy, is_dead, me, told

NOW = datetime(2026, 11, 21, tzinfo=UTC)


class Still:
    """A clock that stands still."""

    def now(self) -> datetime:
        return NOW

    def monotonic(self) -> float:
        return 0.0

    async def sleep(self, seconds: float) -> None:
        raise AssertionError(f"nothing here sleeps for {seconds} s")


@pytest.fixture
def url(tmp_path):
    return f"sqlite:///{tmp_path}/state.db"


def hold(url):
    return tenure.tenure(Store(url), Still(), lost=lambda: None)


def test_one_at_a_time_and_then_the_next(url):
    with hold(url), pytest.raises(Busy, match="another run is under way"), hold(url):
        pass
    with hold(url):
        pass


def test_one_whose_process_is_dead_is_followed_at_once(url):
    code = "from sync.tenure import me; print(me())"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    dead = done.stdout.strip()
    assert is_dead(dead)
    assert Store(url).acquire(tenure.LEASE, dead, NOW, 60) is not None
    with hold(url):
        pass


def test_one_on_another_machine_is_waited_for(url):
    other = me().replace(me().split("/")[0], "elsewhere", 1)
    assert not is_dead(other)
    Store(url).acquire(tenure.LEASE, other, NOW, 60)
    with pytest.raises(Busy, match=f"process {me().split('/')[3]} on elsewhere"), hold(url):
        pass


def test_the_living_are_not_taken_for_dead():
    assert not is_dead(me())
    assert not is_dead("")
    assert not is_dead("nonsense")
    assert told("") == "by whom is unknown"


class Hands(Still):
    """A clock that is set by hand."""

    passed = 0.0

    def monotonic(self) -> float:
        return self.passed


class Renewed:
    """A store whose renewals fail as they are told; ``done`` and ``failed`` count them."""

    def __init__(self, url):
        self.store = Store(url)
        self.fails = threading.Event()
        self.done, self.failed = threading.Semaphore(0), threading.Semaphore(0)

    def __getattr__(self, name):
        return getattr(self.store, name)

    def renew(self, *args):
        if self.fails.is_set():
            self.failed.release()
            raise StoreError("the database is locked")
        held = self.store.renew(*args)
        self.done.release()
        return held


def test_a_renewal_that_fails_is_tried_again_and_only_a_full_term_of_them_loses_it(
    url, monkeypatch
):
    monkeypatch.setattr(tenure, "BEAT", 0.01)
    clock, store, lost = Hands(), Renewed(url), threading.Event()
    store.fails.set()
    with tenure.tenure(store, clock, lost=lost.set):
        for _ in range(3):
            clock.passed += tenure.SECONDS / 4
            assert store.failed.acquire(timeout=5)
        store.fails.clear()
        # the second one is begun after the clock has stood still
        assert store.done.acquire(timeout=5)
        assert store.done.acquire(timeout=5)
        store.fails.set()
        clock.passed += tenure.SECONDS - 1
        for _ in range(2):
            assert store.failed.acquire(timeout=5)
        assert not lost.is_set()
        clock.passed += 1
        assert lost.wait(5)
    with hold(url):
        pass


def test_a_lease_that_was_lost_is_told_and_nothing_more_is_written(url, monkeypatch):
    monkeypatch.setattr(tenure, "BEAT", 0.01)
    lost = threading.Event()
    store = Store(url)
    with tenure.tenure(store, Still(), lost=lost.set):
        thief = Store(url)
        holder = thief.holder(tenure.LEASE, NOW)
        assert thief.acquire(tenure.LEASE, holder, NOW, 60) is not None
        assert lost.wait(5)
        with pytest.raises(LeaseLost):
            store.start_run(NOW.date(), NOW)
