"""The brake: moves wait for a person when far more than usual would move; entries go on."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sync.brake import Brake

COUNT = st.integers(0, 5_000)


@given(moves=COUNT, known=COUNT, approved=st.none() | COUNT)
def test_it_holds_only_beyond_both_ceilings_and_beyond_the_approval(moves, known, approved) -> None:
    held = Brake().check("d", "r", moves=moves, known=known, approved=approved)
    too_many = moves > 100 and moves > int(0.1 * known)
    assert (held is not None) == (too_many and (approved is None or moves > approved))
    if held is not None and known:
        assert f"--up-to {moves}" in held.sentence()


@pytest.fixture
def shop(shop):
    shop.brake = Brake(customers=3, share=0.1)
    shop.day_one = shop.day
    return shop


def test_moves_are_held_and_entries_go_on(shop, kit) -> None:
    shop.day([kit.row(f"{n:02d}") for n in range(20)])
    rows = [kit.row(f"{n:02d}", "Lost") for n in range(4)]
    rows += [kit.row(f"{n:02d}") for n in range(4, 22)]
    shop.publish(rows)
    plan = shop.plan()["fake"]
    assert (plan.entries, plan.moves, plan.planned, plan.waiting) == (2, 4, 10, 8)
    result = shop.deliver()["fake"]
    # four moves and their events wait
    assert (result.planned, result.delivered, result.waiting) == (10, 2, 8)
    assert (result.held.moves, result.held.known) == (4, 20)
    assert result.held.sentence() == (
        "fake: 4 of 20 known customers would change (20 %), more than 3; nothing of it is sent. "
        f"If it is right: tidesman approve {shop.run_id} --up-to 4"
    )
    # neither their profiles nor their events
    assert not shop.vendor.events
    assert shop.vendor.profiles["00"]["lifecycle_segment"] == "Promising"


def test_an_approval_lets_just_so_many_go(shop, kit) -> None:
    shop.day([kit.row(f"{n:02d}") for n in range(20)])
    shop.publish([kit.row(f"{n:02d}", "Lost") for n in range(5)])
    shop.approved = 4
    assert shop.deliver()["fake"].delivered == 0
    shop.approved = 5
    assert shop.deliver()["fake"].delivered == 10
    assert len(shop.vendor.events) == 5


def test_a_run_that_was_cut_short_is_not_counted_twice(shop, kit) -> None:
    shop.day([kit.row(f"{n:02d}") for n in range(20)])
    shop.publish([kit.row(f"{n:02d}", "Lost") for n in range(20)])
    shop.approved = 20
    shop.vendor.faults.extend(["ok", *["wrong_key"] * 10])
    cut = shop.deliver()["fake"]
    assert cut.delivered == 10
    shop.vendor.faults.clear()
    whole = shop.deliver()["fake"]
    assert (whole.planned, whole.delivered) == (40, 40)


def test_an_approval_is_kept_with_its_run(shop, kit) -> None:
    shop.day([kit.row("1")])
    shop.store.approve(shop.run_id, 7, "maria", shop.clock.now())
    shop.store.approve(shop.run_id, 9, "maria", shop.clock.now())
    assert shop.store.approval(shop.run_id).up_to == 9
    assert shop.store.approval("another") is None
