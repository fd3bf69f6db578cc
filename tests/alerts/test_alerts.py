"""Each channel is told once when something goes wrong, and once when it is well again."""

from __future__ import annotations

import pytest

from connectors.errors import Misconfigured
from sync.alerts import book
from sync.alerts.message import Change
from sync.status import standing
from sync.store import Status, Store
from sync.watch import watched

KEY = "klaviyo does not accept the key or its permissions; mend them"
LANDS = {"planned": 1_000, "delivered": 1_000}


def test_a_stopped_destination_is_told_once_and_its_recovery_once(shop, web) -> None:
    shop.ran(stopped=KEY, planned=5, waiting=5)
    # however often it is looked at, by whichever process
    assert [shop.tell() for _ in range(3)] == [[], [], []]
    shop.later(days=1)
    shop.ran(stopped=KEY, planned=5, waiting=5)
    shop.tell()
    assert web.says() == [f"- {KEY}"]
    shop.later(days=1)
    shop.ran(**LANDS)
    shop.tell()
    shop.tell()
    assert web.says() == [f"- {KEY}", "+ klaviyo: it is delivered to"]
    # and anew when it comes again
    shop.ran(stopped=KEY, planned=5, waiting=5)
    shop.tell()
    assert web.says()[2:] == [f"- {KEY}"]


@pytest.mark.parametrize(
    ("counts", "says"),
    [
        ({"held": "klaviyo: 900 of 1,000 would move", "waiting": 900, "held_back": 900}, "900 of"),
        ({"rejected": 80, "delivered": 920, "reasons": {"no address": 80}}, "(80 rejected); most"),
        ({"unsure": 30, "waiting": 40, "delivered": 930}, "(30 unsure, 40 left for later)"),
        # a share of five in a hundred, and no more than ten, are nobody's alarm
        ({"rejected": 50, "delivered": 950}, None),
        ({"planned": 10, "rejected": 10}, None),
    ],
)
def test_what_a_run_leaves_is_told_above_a_share(shop, web, counts, says) -> None:
    report = {"planned": 1_000, **counts}
    if "held" in report:
        told = shop.report("2026-11-21-1", **LANDS).to_dict()
        told["destinations"]["klaviyo"] |= report
        shop.ran(Status.HELD, told)
    else:
        shop.ran(**report)
    shop.tell()
    assert [says in each for each in web.says()] == ([] if says is None else [True])
    shop.ran(**LANDS)
    shop.tell()
    assert len(web.says()) == (0 if says is None else 2)


def test_a_source_that_shrank_is_told(shop, web) -> None:
    shop.ran(Status.HELD, shop.report("2026-11-21-1", held="shop: 5 of 900 orders").to_dict())
    shop.tell()
    assert web.says() == ["- shop: 5 of 900 orders"]


def test_a_failed_run_says_nothing_of_destinations(shop, web) -> None:
    shop.ran(stopped=KEY)
    shop.tell()
    shop.ran(Status.FAILED, {"why": "jane@example.com cannot be read with k-canary"})
    shop.tell()
    # neither a secret nor an address stands in it, and no recovery was made up
    assert web.says()[1:] == [
        "- the run 2026-11-21-2 failed: [address] cannot be read with [secret]"
    ]
    shop.ran(Status.STOPPED, {})
    shop.tell()
    assert len(web.says()) == 2
    shop.ran(**LANDS)
    shop.tell()
    assert web.says()[2:] == ["+ runs come to their end", "+ klaviyo: it is delivered to"]


def test_a_day_that_nobody_ran_is_told_after_an_hour(shop, web) -> None:
    shop.ran(**LANDS)
    shop.later(hours=17.5)
    shop.tell()
    assert web.says() == []
    shop.later(hours=1)
    shop.tell()
    assert web.says() == [
        "- no run began at 2026-11-22 05:00, nor since; is the daemon alive?",
    ]
    shop.ran(**LANDS)
    shop.tell()
    assert web.says()[1:] == ["+ the daily run is made"]


def test_a_run_that_was_cut_off_is_told(shop, web) -> None:
    with shop.app() as app:
        app.store.start_run(shop.clock.now().date(), shop.clock.now())
    shop.tell()
    assert web.says() == ["- the run 2026-11-21-1 was cut off; go on with it by: tidesman run"]


def test_who_could_not_be_told_is_told_by_the_next_run(shop, web) -> None:
    web.status = 500
    shop.ran(stopped=KEY)
    (sentence,) = shop.tell()
    assert sentence.startswith("hook could not be alerted, and is tried again by the next run: ")
    assert "key-canary" not in sentence
    with shop.app() as app:
        assert standing(app).to_json()["unalerted"] == {"hook": "127.0.0.1 answered 500"}
    web.status = 200
    assert shop.tell() == []
    assert web.says() == [f"- {KEY}"] * 2
    # the same for its end
    web.status = 500
    shop.ran(**LANDS)
    shop.tell()
    web.status = 200
    assert shop.tell() == []
    assert web.says()[2:] == ["+ klaviyo: it is delivered to"] * 2
    with shop.app() as app:
        assert standing(app).unalerted == {}
        assert book.told(app.store) == []


def test_what_ended_before_it_could_be_told_is_not_told(shop, web) -> None:
    web.status = 500
    shop.ran(stopped=KEY)
    shop.tell()
    web.status = 200
    shop.ran(**LANDS)
    assert shop.tell() == []
    assert len(web.posted) == 1


def test_what_came_back_before_its_end_could_be_told_is_not_told_again(shop, web) -> None:
    shop.ran(stopped=KEY)
    shop.tell()
    web.status = 500
    shop.ran(**LANDS)
    assert len(shop.tell()) == 1
    web.status = 200
    shop.ran(stopped=KEY)
    assert shop.tell() == []
    assert len(web.posted) == 2
    with shop.app() as app:
        assert standing(app).unalerted == {}


def test_a_channel_or_destination_that_left_is_forgotten(shop, web) -> None:
    shop.ran(stopped=KEY)
    shop.tell()
    text = (shop.folder / "tidesman.yaml").read_text()
    (shop.folder / "tidesman.yaml").write_text(text.replace("  hook:", "  other:"))
    shop.tell()
    assert web.says() == [f"- {KEY}"] * 2
    (shop.folder / "tidesman.yaml").write_text(text.replace("  klaviyo:", "  newsletter:"))
    shop.tell()
    with shop.app() as app:
        assert book.told(app.store) == []


def test_a_run_tells_of_its_own_failure_and_an_alert_fails_no_run(shop, web) -> None:
    said: list[str] = []
    with shop.app() as app, pytest.raises(Misconfigured):
        watched(app, None, say=said.append)
    assert "orders.csv" in web.says()[0]
    web.status = 500
    with shop.app() as app, pytest.raises(Misconfigured):
        watched(app, None, say=said.append)
    # it is known already
    assert (len(web.posted), said) == (1, [])


def test_an_error_that_no_run_wrote_down_is_told_where_nobody_looks(shop, web) -> None:
    said: list[str] = []
    shop.later(days=-1)
    day = shop.clock.now().date()
    shop.later(days=0.5)
    with shop.app() as app, pytest.raises(Misconfigured, match="future"):
        watched(app, day.replace(year=2099), say=said.append, alone=True)
    assert "in the future" in web.says()[0]


def test_without_a_state_database_it_is_told_all_the_same(shop, web, monkeypatch) -> None:
    from sync.store import StoreError

    def full(*_: object) -> None:
        raise StoreError("the disk is full")

    shop.ran(stopped=KEY)
    monkeypatch.setattr(book, "sent", full)
    shop.tell()
    assert web.says() == [f"- {KEY}", "- the disk is full"]


def test_it_is_kept_on_every_database(state_url, shop) -> None:
    store = Store(state_url)
    change = Change("run", "it failed", shop.clock.now())
    book.failed(store, "hook", [change], "nobody there")
    assert book.unalerted(store) == {"hook": "nobody there"}
    book.sent(store, "hook", [change], shop.clock.now())
    (row,) = book.told(store)
    assert (row.since, row.told_at, row.failure) == (change.since, shop.clock.now(), None)
    book.sent(store, "hook", [Change("run", "well", row.since, well=True)], shop.clock.now())
    assert book.told(store) == []
    store.close()
