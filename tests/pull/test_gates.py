"""What is not complete is not published: the run holds and says which source, and why."""

from __future__ import annotations

import random
from datetime import timedelta
from email.utils import format_datetime

import httpx
import pytest

import sync.app


@pytest.fixture
def shop(world):
    world.sell(60, random.Random(3))
    return world


def told(result):
    """What a command printed, in one line."""
    return " ".join(result.output.split())


def test_a_source_that_hides_old_orders_holds_the_run_and_says_what_to_ask_for(shop, monkeypatch):
    monkeypatch.setattr("sync.scratch.SystemClock", lambda: shop.clock)
    shop.configure(history_days=60)
    report = shop.run()
    assert report.status == "held"
    assert report.held == (
        "the source shop shows only the orders of the last 60 days, and lifecycle, risk_value rest "
        "on all of them; nothing is published. ask the till for the scope all_orders. To go on "
        "with what is there, set accept_short_history: true under sources: shop"
    )
    for command, code in (("check", 2), ("plan", 0)):
        done = shop.command(command)
        assert done.exit_code == code
        assert "ask the till for the scope all_orders" in told(done)
    shop.command("approve", report.run_id, "--up-to", "1")
    assert shop.held() is not None, "an approval is not what accepts it"
    shop.configure(history_days=60, accept_short_history="true")
    assert shop.held() is None
    assert shop.command("check").exit_code == 0


def test_schemes_that_look_at_what_is_recent_need_no_history(shop):
    shop.configure(history_days=60, extra="segmentation: {schemes: [rfm]}\n")
    assert shop.held() is None


@pytest.fixture
def web(world, monkeypatch):
    """An HTTP source whose answers bear a Date that is ``off`` seconds from our clock."""
    world.off, world.headers = 0.0, {}

    def answer(_request):
        date = world.clock.now() + timedelta(seconds=world.off)
        return httpx.Response(200, headers={"Date": format_datetime(date), **world.headers})

    monkeypatch.setattr(sync.app, "secure_transport", lambda: httpx.MockTransport(answer))
    monkeypatch.setattr("sync.scratch.SystemClock", lambda: world.clock)
    world.configure("web")
    return world


@pytest.mark.parametrize(
    ("off", "says"), [(3720, "3,720 seconds ahead of"), (-301, "301 seconds behind")]
)
def test_a_clock_that_is_off_holds_the_run_until_it_is_right_or_approved(web, off, says):
    web.off = off
    report = web.run()
    assert report.status == "held"
    assert f"the clock of the source shop is {says} this machine's" in report.held
    for command, code in (("check", 2), ("plan", 0)):
        done = web.command(command)
        assert done.exit_code == code
        assert says in told(done)
    if off > 0:
        web.off = 0
    else:
        web.command("approve", report.run_id, "--up-to", "1")
    assert web.held() is None


def test_a_clock_that_is_nearly_right_or_not_told_holds_nothing(web):
    web.off = -299
    assert web.held() is None
    web.off, web.headers = -4000, {"Age": "3900"}
    assert web.held() is None, "it lay in a cache so long"
    web.headers = {"Date": "yesterday"}
    assert web.held() is None


def test_a_source_of_pages_that_shrank_is_held_and_one_that_was_pulled_anew_is_not(world):
    scripted = world.till.Scripted
    world.configure("scripted")
    scripted.pages = [scripted.page({f"o{number}": 5 for number in range(40)})] * 3
    assert world.run().status == "done"
    # one part takes the place of three: a third of the rows, and all of the orders
    with world.app() as app:
        engine = app.engine()
        app.lake().compact(engine, "shop", world.clock.now(), many=1)
        engine.disconnect()
        assert sum(part.rows for part in app.store.parts()) == 40
    scripted.pages.append(scripted.page({"new": 7}))
    assert world.held() is None
    scripted.pages.append(scripted.void(f"o{number}" for number in range(30)))
    report = world.run()
    assert "shop now has 11 orders where it had 40; nothing is published" in report.held
    world.command("approve", report.run_id, "--up-to", "1")
    assert world.held() is None
