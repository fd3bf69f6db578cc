"""What surely had no effect stands as before; only what may have arrived is unsure."""

from __future__ import annotations

from datetime import date

import pytest

from sync.brake import Brake
from sync.ledger import Ledger, rows_of
from sync.wire import Pace


@pytest.mark.parametrize("fault", ["wrong_key", "gone"])
def test_a_first_load_that_reached_nobody_is_unsure_of_nobody(shop, kit, fault) -> None:
    shop.publish([kit.row("1"), kit.row("2")])
    shop.vendor.faults.extend([fault] * 6)
    result = shop.deliver()["fake"]
    assert (result.planned, result.unsure, result.waiting) == (2, 0, 2)
    assert Ledger(shop.store, "fake").standing(["1", "2"]) == {}
    shop.vendor.faults.clear()
    assert shop.deliver()["fake"].delivered == 2


@pytest.mark.parametrize("fault", ["wrong_key", "gone"])
def test_what_was_accepted_before_still_counts_as_accepted(shop, kit, fault) -> None:
    shop.day([kit.row("1")])
    before = Ledger(shop.store, "fake").standing(["1"])
    shop.publish([kit.row("1", "Lost")])
    shop.vendor.faults.extend([fault] * 6)
    result = shop.deliver()["fake"]
    # the profile, and the event that waits for it
    assert (result.planned, result.unsure, result.waiting) == (2, 0, 2)
    assert Ledger(shop.store, "fake").standing(["1"]) == before
    shop.vendor.faults.clear()
    shop.deliver()
    # it was known what the vendor has, so that only what differs went out
    assert shop.vendor.identified[-1].delta() == {"lifecycle_segment": "Lost"}


def test_a_refused_profile_stays_refused_with_its_reason(shop, kit) -> None:
    shop.vendor.poison.add("1")
    shop.day([kit.row("1")])
    shop.publish([kit.row("1", "Lost")])
    shop.vendor.faults.append("wrong_key")
    shop.deliver()
    (row,) = rows_of(shop.store, "1", ["fake"])
    assert (row.mark, row.reason) == ("refused", "poison")


@pytest.mark.parametrize("last", ["wrong_key", "gone"])
def test_an_earlier_attempt_that_may_have_arrived_leaves_it_unsure(shop, kit, last) -> None:
    shop.publish([kit.row("1")])
    shop.vendor.faults.extend(["lost", *[last] * 5])
    result = shop.deliver()["fake"]
    assert (result.planned, result.unsure, result.waiting) == (1, 1, 0)
    # in a later run as well, which reaches nobody
    shop.vendor.faults = type(shop.vendor.faults)(["wrong_key"])
    assert shop.deliver()["fake"].unsure == 1
    assert rows_of(shop.store, "1", ["fake"])[0].mark == "unsure"


def test_of_a_refused_request_only_the_half_that_went_out_is_unsure(shop, kit) -> None:
    shop.publish([kit.row(str(n)) for n in range(4)])
    shop.vendor.faults.extend(["refuse", *["lost"] * 6])
    result = shop.deliver()["fake"]
    assert (result.planned, result.unsure, result.waiting) == (4, 2, 2)


def test_what_a_refusal_may_have_done_is_unsure_though_its_halves_reach_nobody(shop, kit) -> None:
    shop.day([kit.row("1"), kit.row("2")])
    shop.publish([kit.row("1", "Lost"), kit.row("2", "Lost")])
    shop.vendor.faults.extend(["names_nobody", "wrong_key"])
    shop.deliver()
    assert {row.mark for who in "12" for row in rows_of(shop.store, who, ["fake"])} == {"unsure"}
    # the vendor has "Lost" by now: to come back to what was accepted before is a change
    shop.day([kit.row("1"), kit.row("2")])
    held = {who: p["lifecycle_segment"] for who, p in shop.vendor.profiles.items()}
    assert held == {"1": "Promising", "2": "Promising"}


def test_a_job_that_was_taken_and_lost_may_have_had_an_effect(shop_of, kit) -> None:
    shop = shop_of(jobbing=kit.Jobbing)
    shop.publish([kit.row("1")])
    shop.vendor.faults.extend(["ok", "lose_job", "wrong_key"])
    result = shop.deliver()["jobbing"]
    assert (result.planned, result.unsure, result.waiting) == (1, 1, 0)


@pytest.mark.parametrize("kind", ["Fake", "Forgetful"])
def test_events_that_reached_nobody_wait(shop_of, kit, kind) -> None:
    shop = shop_of(one=getattr(kit, kind))
    shop.day([kit.row("1")])
    shop.publish([kit.row("1", "Lost")])
    shop.vendor.faults.extend(["ok", "wrong_key"])
    result = shop.deliver()["one"]
    assert (result.delivered, result.unsure, result.waiting) == (1, 0, 1)
    assert shop.deliver()["one"].delivered == 2
    assert list(shop.vendor.received.values()) == [1]


def test_an_event_that_may_have_arrived_stays_unsure(shop, kit) -> None:
    shop.day([kit.row("1")])
    shop.publish([kit.row("1", "Lost")])
    shop.vendor.faults.extend(["ok", "lost", "wrong_key"])
    result = shop.deliver()["fake"]
    assert (result.delivered, result.unsure, result.waiting) == (1, 1, 0)


def test_a_first_load_clears_nothing_and_later_only_what_was_there(shop, kit) -> None:
    shop.day([kit.row("1")])
    first = shop.vendor.identified[-1].standing()
    assert "intervention_date" not in first
    assert None not in first.values()
    shop.day([kit.row("1", "Lost", intervention_date=date(1998, 6, 1))])
    shop.day([kit.row("1", "Loyal Customers")])
    assert shop.vendor.profiles["1"]["intervention_date"] is None
    shop.day([kit.row("1", "Champions")])
    assert "intervention_date" not in shop.vendor.identified[-1].standing()


def test_what_may_have_arrived_is_cleared_too(shop, kit) -> None:
    shop.publish([kit.row("1", intervention_date=date(1998, 6, 1))])
    shop.vendor.faults.extend(["lost", "wrong_key"])
    shop.deliver()
    assert shop.vendor.profiles["1"]["intervention_date"] == date(1998, 6, 1)
    shop.day([kit.row("1")])
    assert shop.vendor.profiles["1"]["intervention_date"] is None


@pytest.mark.parametrize("held", [False, True])
def test_what_a_killed_process_left_unsure_is_not_counted_as_waiting_too(shop, kit, held) -> None:
    shop.pace = kit.Pace(in_flight=4, seed=1)
    everybody = [str(n) for n in range(100)]
    shop.day([kit.row(each) for each in everybody])
    shop.publish([kit.row(each, "Lost") for each in everybody])
    # profiles of four requests get no answer, and then no event may go
    shop.vendor.faults.extend(["lost"] * 24)
    first = shop.deliver()["fake"]
    assert (first.planned, first.unsure, first.waiting) == (200, 40, 160)
    # the same run goes on, and stops at its first request, or holds all of it
    shop.pace = Pace(in_flight=1, seed=1)
    shop.vendor.faults.extend(["wrong_key"] * 2)
    shop.brake = Brake(customers=0, share=0) if held else shop.brake
    second = shop.deliver()["fake"]
    assert (second.planned, second.unsure, second.waiting) == (200, 40, 160)
    assert second.held_back == (160 if held else 0)


def test_events_that_a_killed_process_left_unsure_are_counted_once(shop, kit) -> None:
    shop.pace = kit.Pace(in_flight=4, seed=1)
    everybody = [str(n) for n in range(100)]
    shop.day([kit.row(each) for each in everybody])
    shop.publish([kit.row(each, "Lost") for each in everybody])
    shop.vendor.faults.extend([*["ok"] * 10, *["lost"] * 24])
    first = shop.deliver()["fake"]
    assert (first.planned, first.delivered, first.unsure, first.waiting) == (200, 100, 40, 60)
    shop.pace = Pace(in_flight=1, seed=1)
    shop.vendor.faults.append("wrong_key")
    second = shop.deliver()["fake"]
    assert (second.planned, second.delivered, second.unsure, second.waiting) == (200, 100, 40, 60)
