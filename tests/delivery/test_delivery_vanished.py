"""Customers who vanish from the published: what was begun for them is told, and ends."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from sync.brake import Brake
from sync.store.tables import ledger, outbox

VANISHED = "the customer is no longer in the shop's orders"


def marks(shop, table=outbox) -> list[str]:
    with shop.store.read() as connection:
        return list(connection.execute(sa.select(table.c.mark).order_by(table.c.mark)).scalars())


def planned_and_delivered(shop, name="fake"):
    plan = shop.plan()[name]
    result = shop.deliver()[name]
    assert result.planned == plan.planned, (plan, result)
    return result


def test_an_event_that_no_profile_can_precede_any_more_is_refused(shop, kit) -> None:
    shop.day([kit.row("1"), kit.row("2")])
    shop.vendor.faults.extend(["lost"] * 20)
    assert shop.day([kit.row("1", "Lost"), kit.row("2")]).waiting == 1
    shop.vendor.faults.clear()
    shop.publish([kit.row("2")])
    result = planned_and_delivered(shop)
    assert (result.rejected, result.waiting, result.reasons) == (1, 0, {VANISHED: 1})
    assert (marks(shop), dict(shop.vendor.events)) == (["refused"], {})


def test_an_event_does_not_go_after_an_older_profile(shop, kit) -> None:
    shop.day([kit.row("1"), kit.row("2")])
    shop.brake = Brake(customers=0, share=0)
    assert shop.day([kit.row("1", "Lost"), kit.row("2")]).held is not None
    shop.publish([kit.row("2")])
    result = planned_and_delivered(shop)
    assert (result.rejected, result.reasons, shop.vendor.events) == (1, {VANISHED: 1}, {})


def test_an_event_that_was_on_the_wire_goes_again_to_be_sure(shop, kit) -> None:
    shop.day([kit.row("1"), kit.row("2")])
    shop.vendor.faults.extend(["ok", *["lost"] * 6])
    assert shop.day([kit.row("1", "Lost"), kit.row("2")]).unsure == 1
    shop.vendor.faults.clear()
    shop.vendor.faults.extend(["gone"] * 20)
    shop.day([kit.row("1", "At Risk"), kit.row("2")])
    shop.vendor.faults.clear()
    shop.publish([kit.row("2")])
    result = planned_and_delivered(shop)
    assert (result.delivered, result.rejected, result.waiting) == (1, 1, 0)
    assert [event.properties["to"] for event in shop.vendor.events.values()] == ["Lost"]


def test_where_the_destination_is_down_the_refusal_is_told_all_the_same(shop, kit) -> None:
    shop.day([kit.row("1"), kit.row("2")])
    shop.vendor.faults.extend(["gone"] * 60)
    shop.day([kit.row("1", "Lost"), kit.row("2")])
    shop.publish([kit.row("2", "Lost")])
    result = planned_and_delivered(shop)
    assert (result.rejected, result.reasons) == (1, {VANISHED: 1})


@pytest.fixture
def jobbing(shop_of, kit):
    """Two customers, both in a job that goes on."""
    shop = shop_of(fake=kit.Jobbing)
    shop.pace = kit.Pace(job_patience=0)
    shop.vendor.job_polls = 9
    shop.day([kit.row("1"), kit.row("2")])
    return shop


def test_a_lost_job_of_a_vanished_customer_is_counted_as_unsure(jobbing, kit) -> None:
    jobbing.vendor.jobs.clear()
    jobbing.pace = kit.Pace()
    jobbing.publish([kit.row("2"), kit.row("3")])
    result = planned_and_delivered(jobbing)
    assert (result.planned, result.delivered, result.unsure, result.vanished) == (3, 2, 1, 1)
    (reason,) = result.reasons
    assert reason.startswith("the vendor lost the job")
    assert VANISHED in reason
    assert marks(jobbing, ledger) == ["acked", "acked", "unsure"]
    jobbing.publish([kit.row("2"), kit.row("3")])
    assert planned_and_delivered(jobbing).planned == 0, "told once"


def test_a_lost_job_that_waits_for_the_next_run_is_counted_once(jobbing, kit) -> None:
    jobbing.vendor.jobs.clear()
    jobbing.publish([kit.row("2")])
    jobbing.vendor.faults.extend(["ok", "wrong_key"])
    result = planned_and_delivered(jobbing)
    assert (result.planned, result.unsure) == (2, 2)


def test_a_lost_job_of_a_held_move_is_counted_as_unsure(shop_of, kit) -> None:
    shop = shop_of(fake=kit.Jobbing)
    shop.vendor.job_polls = 0
    shop.day([kit.row("1"), kit.row("2")])
    shop.vendor.job_polls, shop.pace = 9, kit.Pace(job_patience=0)
    shop.day([kit.row("1", "Lost"), kit.row("2")])
    shop.vendor.jobs.clear()
    shop.pace, shop.brake = kit.Pace(), Brake(customers=0, share=0)
    shop.publish([kit.row("1", "Lost"), kit.row("2")])
    plan, result = shop.plan()["fake"], shop.deliver()["fake"]
    # what a plan cannot foresee: the job is lost, the move is due again, and held with its event
    assert (plan.held, plan.in_flight, plan.events) == (None, 1, 1)
    assert result.held is not None
    # the profile is unsure, and its event waits
    assert (result.planned, result.unsure, result.waiting) == (2, 1, 1)
    shop.brake = Brake()
    assert shop.deliver()["fake"].delivered == 2


def test_what_was_sent_of_somebody_merged_is_cleared_once(shop, kit) -> None:
    shop.day([kit.row("1"), kit.row("2")])
    shop.publish([kit.row("2", "Champions")], merged=["1"])
    assert shop.deliver()["fake"].delivered == 3
    assert set(shop.vendor.profiles["1"].values()) == {None}
    assert shop.vendor.profiles["2"]["lifecycle_segment"] == "Champions"
    shop.vendor.requests.clear()
    shop.deliver()
    assert shop.vendor.requests == []


def test_somebody_merged_whom_the_vendor_never_had_is_not_made_there(shop, kit) -> None:
    shop.publish([kit.row("1"), kit.row("2")])
    shop.publish([kit.row("2", "Champions")], merged=["1"])
    shop.deliver()
    assert shop.vendor.profiles.keys() == {"2"}
