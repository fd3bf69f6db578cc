"""Jobs at a vendor: accepted is not delivered, and a restart asks again and does not send again."""

from __future__ import annotations

import pytest

from connectors.types import Delivered, Rejected
from sync.books import Profiles
from sync.jobs import jobs_of
from sync.ledger import Ledger


@pytest.fixture(params=[0, 8], ids=["batches are read again", "batches are held"])
def shop(shop_of, kit, request, monkeypatch):
    monkeypatch.setattr("sync.lane.HELD", request.param)
    return shop_of(fake=kit.Jobbing)


def sent(shop, kind="identify"):
    return [ids for name, ids in shop.vendor.requests if name == kind]


def test_accepted_is_not_delivered_until_the_job_says_so(shop, kit) -> None:
    shop.pace = kit.Pace(job_patience=0)
    shop.vendor.job_polls = 3
    result = shop.day([kit.row("1")])
    assert (result.planned, result.delivered, result.unsure, result.in_flight) == (1, 0, 1, 1)


def test_a_job_is_asked_for_with_growing_delay_until_it_ends(shop, kit) -> None:
    shop.vendor.job_polls = 6
    result = shop.day([kit.row("1")])
    assert result.delivered == 1
    # 1 + 2 + 4 + 8 + 16 + 30 + 30
    assert shop.clock.passed == pytest.approx(91, abs=1)


def test_many_jobs_are_not_all_asked_while_the_oldest_goes_on(shop, kit) -> None:
    shop.vendor.job_polls = 0
    shop.day([kit.row(f"{n:03d}") for n in range(300)])
    assert len(sent(shop, "settle")) == 30


def test_an_error_of_a_job_is_read_by_record(shop, kit) -> None:
    shop.vendor.poison.add("3")
    result = shop.day([kit.row(str(n)) for n in range(5)])
    assert (result.delivered, result.rejected, result.reasons) == (4, 1, {"poison": 1})


def test_a_later_run_asks_for_the_job_and_sends_nothing_again(shop, kit) -> None:
    shop.pace = kit.Pace(job_patience=0)
    shop.vendor.job_polls = 3
    rows = [kit.row(str(n)) for n in range(5)]
    shop.day(rows)
    shop.publish(rows)
    plan = shop.plan()["fake"]
    assert (plan.entries, plan.in_flight, plan.planned) == (0, 5, 5)
    shop.pace = kit.Pace()
    (result,) = shop.deliver().values()
    assert (result.planned, result.delivered) == (5, 5)
    assert len(sent(shop)) == 1


def test_who_changed_while_in_flight_is_sent_after_the_job_is_settled(shop, kit) -> None:
    shop.pace = kit.Pace(job_patience=0)
    shop.vendor.job_polls = 2
    shop.day([kit.row("1"), kit.row("2")])
    shop.pace = kit.Pace()
    result = shop.day([kit.row("1"), kit.row("2", "Lost")])
    # the job's answer, and then the move
    assert (result.planned, result.delivered) == (2, 2)
    assert sent(shop) == [["1", "2"], ["2"]]
    assert shop.vendor.profiles["2"]["lifecycle_segment"] == "Lost"


def test_a_lost_job_is_sent_again_in_the_same_run(shop, kit) -> None:
    shop.vendor.faults.extend(["ok", "lose_job"])
    result = shop.day([kit.row("1")])
    assert (result.planned, result.delivered) == (1, 1)
    assert len(sent(shop)) == 2


def test_a_job_that_is_lost_for_ever_ends_as_unsure(shop, kit) -> None:
    shop.vendor.faults.extend(["ok", "lose_job"] * 10)
    result = shop.day([kit.row("1")])
    assert (result.unsure, result.reasons) == (1, {"no such job": 1})
    shop.vendor.faults.clear()
    assert shop.day([kit.row("1")]).delivered == 1


def test_a_job_lost_between_runs_is_planned_anew_with_what_is_wanted_by_then(shop, kit) -> None:
    shop.pace = kit.Pace(job_patience=0)
    shop.vendor.job_polls = 5
    shop.day([kit.row("1")])
    shop.vendor.jobs.clear()
    shop.pace = kit.Pace()
    result = shop.day([kit.row("1", "Lost")])
    assert (result.planned, result.delivered) == (1, 1)
    assert shop.vendor.profiles["1"]["lifecycle_segment"] == "Lost"


def test_events_wait_for_the_job_of_their_profile(shop, kit) -> None:
    shop.day([kit.row("1")])
    shop.vendor.job_polls = 4
    shop.pace = kit.Pace(job_patience=0)
    result = shop.day([kit.row("1", "Lost")])
    assert (result.in_flight, result.waiting) == (1, 1)
    shop.pace = kit.Pace()
    shop.publish([kit.row("1", "Lost")])
    assert shop.deliver()["fake"].delivered == 2


def test_an_answer_that_gets_lost_while_asking_is_asked_for_again(shop, kit) -> None:
    shop.vendor.faults.extend(["ok", "gone", "gone"])
    assert shop.day([kit.row("1")]).delivered == 1
    assert len(sent(shop)) == 1


def test_what_somebody_else_settles_counts_in_the_run_that_sent_it(shop_of, kit) -> None:
    shop = shop_of(fake=kit.Jobbing)
    shop.vendor.job_polls = 10_000
    shop.publish([kit.row("1"), kit.row("2")])
    assert shop.deliver()["fake"].in_flight == 2
    book = Profiles(Ledger(shop.store, "fake"), "forget", shop.clock)
    book.others = True
    (job,) = jobs_of(shop.store, "fake")
    book.answered({"1": Delivered(), "2": Rejected("no")}, settles=job.ticket)
    result = shop.deliver()["fake"]
    assert (result.planned, result.delivered, result.rejected) == (2, 1, 1)
