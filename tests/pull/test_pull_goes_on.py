"""A pull goes on by itself after what passes, from the last page that was stored."""

from __future__ import annotations

import random
import threading
from dataclasses import replace

import pytest

from connectors.errors import BrokenConnector, NotReady, Throttled, Unauthorized, Unavailable
from sync.intake import PACE
from sync.pull import pull


@pytest.fixture
def shop(world):
    world.sell(40, random.Random(3))
    return world


def begun(shop):
    return shop.till.Till.begun


@pytest.mark.parametrize(
    ("fault", "page"), [("unavailable", 0), ("throttled", 3), ("not ready", 6), ("unavailable", 6)]
)
def test_a_fault_at_any_page_costs_no_order_and_no_page_that_was_stored(shop, fault, page):
    shop.till.Till.faults.extend([None] * page + [fault])
    pulled = shop.pull()
    assert shop.lake() == shop.truth()
    assert pulled.rows == 40
    assert len(begun(shop)) == 2
    assert (begun(shop)[1] is None) == (page == 0)


def test_a_wait_is_as_long_as_was_asked_for_and_is_told_with_its_reason(shop):
    shop.till.Till.faults.extend([None, "throttled", "not ready"])
    shop.pull()
    assert shop.clock.slept == pytest.approx(43)
    first, *_, last = shop.watching.waits
    assert first == ("shop", pytest.approx(3), "the till is busy")
    assert last == ("shop", pytest.approx(1), "the till still counts")
    left = [seconds for _, seconds, why in shop.watching.waits if "counts" in why]
    assert left == sorted(left, reverse=True)
    assert len(left) == 40


def test_waiting_costs_no_attempt_but_has_an_end(shop):
    shop.till.Till.faults.extend(["throttled", "not ready"] * 40)
    shop.pull()
    assert shop.lake() == shop.truth()
    shop.sell(1, random.Random(5))
    shop.till.Till.faults.extend(["not ready"] * 1_000)
    with pytest.raises(NotReady, match="the till still counts"):
        shop.pull()
    shop.till.Till.faults.clear()
    shop.till.Till.faults.extend(["throttled"] * 2_000)
    with pytest.raises(Throttled, match="the till is busy"):
        shop.pull()


def test_each_stored_page_renews_the_budget_of_answers_that_never_came(shop):
    shop.till.Till.faults.extend((["unavailable"] * (PACE.attempts - 1) + [None]) * 7)
    shop.pull()
    assert shop.lake() == shop.truth()
    shop.sell(1, random.Random(5))
    shop.till.Till.faults.extend(["unavailable"] * PACE.attempts)
    with pytest.raises(Unavailable, match="the till is closed"):
        shop.pull()


@pytest.mark.parametrize("cursors", [("1", "1"), ("1", "2")])
def test_pages_that_come_again_with_their_cursors_renew_no_budget(world, monkeypatch, cursors):
    scripted = world.till.Scripted
    world.configure("scripted")

    async def orders(_self, since):
        scripted.begun.append(since)
        assert len(scripted.begun) <= PACE.attempts, "it is asked again and again"
        for cursor in cursors:
            yield replace(scripted.page({f"o{cursor}": 1}), cursor=cursor)
        raise Unavailable("the third page never comes")

    monkeypatch.setattr(scripted, "orders", orders)
    with pytest.raises(Unavailable, match="the third page never comes"):
        world.pull()
    assert scripted.begun == [None, *[cursors[-1]] * (PACE.attempts - 1)]
    assert sorted(world.lake()) == sorted({f"o{cursor}" for cursor in cursors})


def test_a_wish_to_stop_ends_a_wait_and_the_next_pull_goes_on(shop):
    stop = threading.Event()
    shop.watching.wait = lambda *_: stop.set()
    shop.till.Till.faults.extend([None, None, "not ready"])
    with shop.app() as app:
        [pulled] = pull(app, "run", shop.watching, stop)
    assert pulled.rows == 14
    assert shop.clock.slept <= 1
    assert shop.pull().rows == 40
    assert begun(shop)[-1] is not None
    assert shop.lake() == shop.truth()


def test_what_does_not_pass_is_raised_and_what_was_stored_stays(shop, monkeypatch):
    def strike(_self):
        if len(begun(shop)) == 1 and shop.watching.stored:
            raise Unauthorized("wrong key")

    shop.watching.stored = 0

    def advance(_what, done, _total, _note=""):
        shop.watching.stored = done

    shop.watching.advance = advance
    monkeypatch.setattr(shop.till.Till, "_strike", strike)
    with pytest.raises(Unauthorized, match="wrong key"):
        shop.pull()
    assert len(shop.lake()) == 7
    assert len(begun(shop)) == 1
    assert shop.pull().rows == 40


def test_pages_with_and_without_units_and_a_cursor_alone_may_come_mixed(world):
    scripted = world.till.Scripted
    world.configure("scripted")
    scripted.pages = [
        scripted.page({"a": 1, "b": 2}),
        scripted.page({"b": 3, "c": 4}, unit="file"),
        scripted.page({}),
        NotReady("the job runs", retry_after=90),
        scripted.page({"d": 5}, unit="file"),
        scripted.page({"a": 6}),
    ]
    assert world.pull().rows == 6
    assert {key: int(amount) for key, (_, amount) in world.lake().items()} == {
        "a": 6,
        "b": 2,
        "d": 5,
    }
    assert scripted.begun == [None, "3"], "it goes on with the cursor of the page without rows"


def test_a_page_that_breaks_off_in_its_middle_is_stored_once_and_counted_once(world):
    scripted = world.till.Scripted
    world.configure("scripted")
    scripted.pages = [
        scripted.page({"a": 1}),
        scripted.broken({"b": 2}, Unavailable("the line went dead")),
        scripted.page({"b": 2, "c": 3}, fault="odd ones"),
    ]
    pulled = world.pull()
    assert (pulled.rows, pulled.faults) == (3, (("odd ones", 1, "c"),))
    assert sorted(world.lake()) == ["a", "b", "c"]
    assert [path.suffix for path in (world.folder / "data" / "lake").rglob("*.*")] == [
        ".parquet"
    ] * 2


def test_a_source_that_brings_events_alone_is_not_asked_for_orders(world):
    scripted = world.till.Scripted
    world.configure("scripted")
    scripted.pages = [BrokenConnector("it has no orders")]
    scripted.kinds = frozenset({"events"})
    pulled = world.pull()
    assert (pulled.rows, pulled.events) == (0, 6)


def test_orders_and_events_of_one_source_have_a_cursor_each(world):
    scripted = world.till.Scripted
    world.configure("scripted")
    scripted.pages = [scripted.page({"1": 5})]
    scripted.kinds = frozenset({"orders", "events"})
    pulled = world.pull()
    assert (pulled.rows, pulled.events) == (1, 6)
    scripted.pages.append(scripted.page({"2": 5}))
    pulled = world.pull("next")
    assert (pulled.rows, pulled.events) == (1, 0), "only what is new"
