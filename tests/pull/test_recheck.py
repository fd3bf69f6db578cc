"""What a shop changes without a sign is found when all of its orders are looked at anew."""

from __future__ import annotations

import random
import sqlite3
import threading
from contextlib import closing
from datetime import UTC, datetime, timedelta

import pytest

from connectors.errors import Misconfigured, Unauthorized
from sync.app import open_app
from sync.housekeeping import tidy
from sync.pull import pull
from sync.store import LastPull, Rechecked, Store


@pytest.fixture
def shop(world):
    """A shop of 60 orders of the last 300 days, pulled for the first time."""
    world.sell(60, random.Random(3))
    assert world.pull().rechecked is None, "nothing stood before"
    assert world.lake() == world.truth()
    return world


def later(shop, days):
    shop.clock.moment += timedelta(days=days)


def silently(shop):
    """Two orders are deleted, one edited, one refunded and one found late; all without a sign."""
    ids = shop.ids()
    shop.change("DELETE FROM orders WHERE id IN (?, ?)", ids[3], ids[40])
    shop.change("UPDATE orders SET amount = '0.01' WHERE id = ?", ids[7])
    at = shop.ago(2)
    shop.change("INSERT INTO refunds VALUES ('r1', ?, ?, '0.01')", ids[9], at)
    shop.change("INSERT INTO orders VALUES ('late', 'c1', ?, ?, '7.00')", at, "2020-01-01")


def test_what_was_deleted_changed_refunded_or_missed_is_found_after_a_week(shop):
    silently(shop)
    shop.sell(5, random.Random(9), spread=0)
    later(shop, 6)
    assert shop.pull().rechecked is None
    assert shop.lake() != shop.truth(), "none of it moved the shop's cursor"
    later(shop, 1)
    told = "UPDATE orders SET amount = '9.99', updated = ? WHERE id = 'o00011'"
    shop.change(told, shop.ago(0))
    pulled = shop.pull()
    assert pulled.rechecked == Rechecked(gone=2, changed=1, found=2), "of one more it told"
    assert shop.lake() == shop.truth()
    later(shop, 6)
    assert shop.pull().rechecked is None


def test_how_often_is_the_operators_choice(shop):
    later(shop, 30)
    shop.configure(recheck_days=0)
    assert shop.pull().rechecked is None
    shop.configure(recheck_days=31)
    assert shop.pull().rechecked is None
    shop.configure(recheck_days=30)
    assert shop.pull().rechecked == Rechecked()


def test_files_are_looked_at_as_a_whole_each_time_and_need_none(world):
    (world.folder / "a.csv").write_text("o,c,d,t\n1,a,2026-01-01,5\n")
    columns = "{order_id: o, customer_id: c, ordered_at: d, amount: t}"
    world.configure("files", path="./a.csv", columns=columns)
    assert world.pull().rows == 1
    later(world, 30)
    assert world.pull("a month later").rows == 0
    world.configure("files", path="./a.csv", columns=columns, recheck_days=7)
    with pytest.raises(Misconfigured, match="recheck_days cannot be set for the type files"):
        world.pull()


@pytest.mark.parametrize("page", [0, 4, 8, 9])
def test_it_goes_on_where_it_broke_off(shop, page, monkeypatch):
    silently(shop)
    later(shop, 7)
    reads = []

    def strike(_self):
        reads.append(1)
        # the first asks for what is new
        if len(reads) == 2 + page:
            raise Unauthorized("wrong key")

    monkeypatch.setattr(shop.till.Till, "_strike", strike)
    with pytest.raises(Unauthorized):
        shop.pull("monday")
    later(shop, 1)
    assert shop.pull("tuesday").rechecked == Rechecked(gone=2, changed=1, found=2)
    assert shop.lake() == shop.truth()
    assert len(reads) <= 2 + 10 + 1, "no page that was stored is asked for again"


def test_one_that_was_stopped_takes_nothing_away_and_goes_on(shop):
    whole, stop, pages = shop.lake(), threading.Event(), []
    later(shop, 7)

    def advance(*_):
        pages.append(1)
        if len(pages) == 7:
            stop.set()

    shop.watching.advance = advance
    with shop.app() as app:
        [pulled] = pull(app, "stopped", shop.watching, stop)
        assert app.store.last_pull("shop").began_version is not None
    assert (pulled.rechecked, pulled.too_many) == (None, None)
    assert 30 < pulled.rows < 60
    assert shop.lake() == whole
    assert shop.pull("next").rows == 60 - pulled.rows


def test_what_could_not_be_read_is_not_taken_for_deleted(shop, monkeypatch):
    first, other, *_ = sorted(shop.ids(), key=lambda one: updated(shop, one))
    shop.change("DELETE FROM orders WHERE id = ?", other)
    whole, reads = shop.lake(), []
    later(shop, 7)

    def strike(_self):
        reads.append(1)
        if len(reads) == 5:
            raise Unauthorized("wrong key")

    monkeypatch.setattr(shop.till.Till, "_strike", strike)
    monkeypatch.setattr(shop.till.Till, "unreadable", first)
    with pytest.raises(Unauthorized):
        shop.pull("it was hidden in a page that is stored")
    pulled = shop.pull("goes on behind it")
    assert pulled.rechecked == Rechecked()
    [(name, count, why)] = pulled.faults
    assert (name, count) == ("orders that did not come again, but were kept", 2)
    assert why.startswith("rows that could not be read: 1, so nothing was taken away")
    assert shop.lake() == whole
    monkeypatch.setattr(shop.till.Till, "unreadable", "")
    later(shop, 7)
    assert shop.pull("all of it is shown again").rechecked == Rechecked(gone=1)
    assert shop.lake() == shop.truth()


def updated(shop, order_id):
    with closing(sqlite3.connect(shop.shop)) as base:
        found = base.execute("SELECT updated FROM orders WHERE id = ?", (order_id,))
        return found.fetchone()[0]


def test_a_list_that_came_back_half_empty_holds_the_run_and_takes_nothing_away(shop):
    whole = shop.truth()
    with shop.app() as app:
        tidy(app)
    later(shop, 7)
    shop.change("CREATE TABLE hidden AS SELECT * FROM orders WHERE id > 'o00020'")
    shop.change("DELETE FROM orders WHERE id > 'o00020'")
    said = shop.held()
    assert "all orders of the source shop were looked at anew, and 39 of 60 did not come" in said
    assert shop.lake() == whole
    shop.change("INSERT INTO orders SELECT * FROM hidden")
    assert shop.held() is None, "the next pull looks at all of it once more"
    assert shop.lake() == whole


def test_what_is_really_gone_goes_by_approval(shop):
    later(shop, 7)
    shop.change("DELETE FROM orders WHERE id > 'o00020'")
    report = shop.run()
    assert report.status == "held"
    assert f"approved: tidesman approve {report.run_id} --up-to 1" in report.held
    assert shop.command("approve", report.run_id, "--up-to", "1").exit_code == 0
    report = shop.run()
    assert report.status == "done"
    assert report.pulled[0].rechecked == Rechecked(gone=39)
    assert shop.lake() == shop.truth()


def test_of_a_shop_that_shows_the_last_days_only_nothing_older_is_taken_away(shop):
    shop.change("INSERT INTO refunds VALUES ('r1', 'o00001', ?, '0.01')", shop.ago(1))
    shop.change(
        "UPDATE orders SET updated = ?, at = ? WHERE id = 'o00001'", shop.ago(0), shop.ago(59)
    )
    edge = "INSERT INTO orders VALUES ('edge', 'c1', ?, ?, '7.00')"
    shop.change(edge, shop.ago(52.5), shop.ago(0))
    shop.pull()
    before = shop.truth()
    # in seven days it is on its way out of sight, and might be gone for that
    shop.change("DELETE FROM orders WHERE id = 'edge'")
    young = shop.change("DELETE FROM orders WHERE id != 'o00001' AND at > ?", shop.ago(50))
    later(shop, 7)
    shop.configure(history_days=60)
    with open_app(shop.config, clock=shop.clock) as app:
        [pulled] = pull(app, "run", shop.watching, approved=True)
    assert pulled.rechecked.gone == young
    assert shop.lake() == {k: v for k, v in before.items() if k in {*shop.truth(), "edge"}}
    assert shop.lake().keys() >= {"o00001", "refund:r1"}, "it went out of sight, and its refund too"


def test_a_recheck_that_can_see_more_than_when_it_began_is_begun_anew(shop, monkeypatch):
    shop.configure(history_days=60)
    later(shop, 7)
    seen = []

    def strike(_self):
        seen.append(1)
        if len(seen) == 3:
            raise Unauthorized("wrong key")

    monkeypatch.setattr(shop.till.Till, "_strike", strike)
    with pytest.raises(Unauthorized):
        shop.pull()
    shop.configure()
    assert shop.pull().rechecked == Rechecked()
    assert shop.lake() == shop.truth()


def test_the_state_knows_it_on_each_database(state_url):
    now = datetime(2026, 3, 1, tzinfo=UTC)
    with closing(Store(state_url)) as store:
        store.save_part("shop", "a.parquet", 1, now, cursor="one")
        store.save_part("shop", "b.parquet", 1, now, cursor="clicks", stream="events")
        store.pulled("shop", now)
        store.begin_recheck("shop", store.lake_version(), 60.0, now)
        began = LastPull(now, now, 2, 60.0)
        assert (store.last_pull("shop"), store.last_pull("other")) == (began, LastPull())
        assert (store.cursor("shop"), store.cursor("shop", stream="events")) == (None, "clicks")
        found = Rechecked(1, 2, 3)
        store.save_part("shop", "c.parquet", 1, now, recheck=found)
        assert store.last_pull("shop") == LastPull(now, rechecked_at=now, rechecked=found)
        store.begin_recheck("shop", store.lake_version(), None, now)
        assert store.last_pull("shop").rechecked == found
        store.leave_recheck("shop")
        assert store.last_pull("shop").began_version is None


def test_rows_that_came_again_are_merged(shop):
    for _ in range(4):
        later(shop, 7)
        shop.pull()
        with shop.app() as app:
            engine = app.engine()
            app.lake().compact(engine, "shop", shop.clock.now())
            engine.disconnect()
            assert sum(part.rows for part in app.store.parts()) <= 2 * 60
    assert shop.lake() == shop.truth()
